"""Checkpoints: the signed head of the ledger (C2SP ``tlog-checkpoint``).

The text of the note is the origin, the number of leaves, the head in base64, and here one
extension line, ``alos.time`` with the moment of signing in unix nanoseconds.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Final

from alos.ledger.note import (
    MARK,
    NoteMalformedError,
    SigningKey,
    VerifyKey,
    decode_base64,
    encode_base64,
    open_note,
    sign_note,
    split_note,
)

TIME_LINE: Final = "alos.time"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_HEAD_LINES: Final = 3
_ROOT_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The ledger's head at one moment.

    Attributes:
        origin: names the ledger; the first line of every checkpoint of it.
        signed_at_unix_ns: by the signer's clock; ``None`` in a checkpoint without that line.
        extensions: other lines, as they came.
    """

    origin: str
    size: int
    root: bytes
    signed_at_unix_ns: int | None = None
    extensions: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The lines that are signed."""
        lines = [self.origin, str(self.size), encode_base64(self.root)]
        if self.signed_at_unix_ns is not None:
            lines.append(f"{TIME_LINE} {self.signed_at_unix_ns}")
        return "".join(f"{line}\n" for line in (*lines, *self.extensions))


def sign_checkpoint(checkpoint: Checkpoint, *keys: SigningKey) -> str:
    """Write a checkpoint as a signed note."""
    text = checkpoint.to_text()
    parse_checkpoint(text)
    return sign_note(text, *keys)


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint's note.

    Raises:
        NoteMalformedError: it is anything but a checkpoint.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < _HEAD_LINES or not text.endswith("\n") or not all(lines):
        raise NoteMalformedError("a checkpoint has an origin, a size, a head, no empty line")
    origin, size, root, *extensions = lines
    if _NUMBER.fullmatch(size) is None:
        raise NoteMalformedError("a checkpoint's size is a plain number")
    head = decode_base64(root)
    if len(head) != _ROOT_BYTES:
        raise NoteMalformedError("a checkpoint's head has 32 bytes")
    signed_at = None
    if extensions and extensions[0].startswith(f"{TIME_LINE} "):
        number = extensions.pop(0).removeprefix(f"{TIME_LINE} ")
        if _NUMBER.fullmatch(number) is None:
            raise NoteMalformedError("a checkpoint's time is a plain number")
        signed_at = int(number)
    return Checkpoint(
        origin=origin,
        size=int(size),
        root=head,
        signed_at_unix_ns=signed_at,
        extensions=tuple(extensions),
    )


def open_checkpoint(
    note: str, keys: Iterable[VerifyKey]
) -> tuple[Checkpoint, tuple[VerifyKey, ...]]:
    """Check a checkpoint; return it with those of ``keys`` that signed it (maybe none).

    A key counts only under the ledger's own name, which is the checkpoint's origin.

    Raises:
        NoteMalformedError: it is not a checkpoint.
        SignatureBadError: a signature is not by the key that it names.
    """
    text, by = open_note(note, keys)
    checkpoint = parse_checkpoint(text)
    return checkpoint, tuple(key for key in by if key.name == checkpoint.origin)


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint whose signatures are looked at elsewhere.

    Raises:
        NoteMalformedError: it is not a checkpoint.
    """
    return parse_checkpoint(split_note(note)[0])


def split_checkpoints(text: str) -> Iterator[str]:
    """The notes of a file into which checkpoints were written one after another.

    A note that is only begun at the end of the file is left out.
    """
    begin = at = 0
    is_signed = False
    for line in StringIO(text, newline="\n"):
        if line.startswith(MARK) and line.endswith("\n"):
            is_signed = True
        elif is_signed:
            yield text[begin:at].lstrip("\n")
            begin, is_signed = at, False
        at += len(line)
    if is_signed:
        yield text[begin:at].lstrip("\n")

"""Signed notes and their keys (C2SP ``signed-note``), Ed25519 only.

A signed note is a text, an empty line, and one line per signature::

    — <key name> <base64 of (4 bytes of key hash ‖ signature)>

A line whose key is not among the trusted ones is left alone, as the format says; one that names
a trusted key and does not verify makes the whole note bad.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ED25519: Final = b"\x01"
MARK: Final = "— "
_KEY_BYTES: Final = 32
_HASH_BYTES: Final = 4
_SECRET_PREFIX: Final = "PRIVATE+KEY+"  # noqa: S105 (the word before a key, no key)
_MOST_SIGNATURES: Final = 100


class NoteMalformedError(ValueError):
    """The text is not a signed note, or a key's text not a key."""


class SignatureBadError(ValueError):
    """A signature that names a trusted key is not that key's."""


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key under a name."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """Four bytes that tell keys of one name apart; they protect nothing."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:_HASH_BYTES]

    def __str__(self) -> str:
        """``name+hash+base64``, as notes' verifiers take it."""
        return f"{self.name}+{self.hash.hex()}+{encode_base64(ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "VerifyKey":
        """Read the text form.

        Raises:
            NoteMalformedError: it is no key, or its hash is of another one.
        """
        name, hash_hex, key = _split_key(text.strip())
        found = cls(name, key)
        if found.hash.hex() != hash_hex:
            raise NoteMalformedError("the key's hash does not belong to it")
        return found

    def is_signed(self, text: bytes, signature: bytes) -> bool:
        """Whether this key signed ``text``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A secret key under a name; it shows itself only to :meth:`to_secret_text`."""

    def __init__(self, name: str, seed: bytes) -> None:
        _check_name(name)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._seed = seed
        self.verify_key = VerifyKey(name, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        """Never the key."""
        return f"SigningKey({self.verify_key.name}+{self.verify_key.hash.hex()}+***)"

    def sign(self, text: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        return self._private.sign(text)

    def to_secret_text(self) -> str:
        """The form that goes into a key file and nowhere else."""
        key = self.verify_key
        return f"{_SECRET_PREFIX}{key.name}+{key.hash.hex()}+{encode_base64(ED25519 + self._seed)}"

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Read what :meth:`to_secret_text` wrote.

        Raises:
            NoteMalformedError: it is no such key.
        """
        text = text.strip()
        if not text.startswith(_SECRET_PREFIX):
            raise NoteMalformedError("not a secret key")
        name, hash_hex, seed = _split_key(text.removeprefix(_SECRET_PREFIX))
        found = cls(name, seed)
        if found.verify_key.hash.hex() != hash_hex:
            raise NoteMalformedError("the key's hash does not belong to it")
        return found


def sign_note(text: str, *keys: SigningKey) -> str:
    """Put signatures below a text, which ends with a newline."""
    _check_text(text)
    lines = [
        f"{MARK}{key.verify_key.name}"
        f" {encode_base64(key.verify_key.hash + key.sign(text.encode()))}\n"
        for key in keys
    ]
    return f"{text}\n{''.join(lines)}"


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Take a note apart without checking a signature.

    Returns:
        The text, and of each signature (key name, key hash, signature).

    Raises:
        NoteMalformedError: it is not a signed note.
    """
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        raise NoteMalformedError("a note has a text, an empty line and signatures")
    text, rest = note[: cut + 1], note[cut + 2 :]
    _check_text(text)
    lines = rest.removesuffix("\n").split("\n") if rest else []
    if not 0 < len(lines) <= _MOST_SIGNATURES:
        raise NoteMalformedError("a note has at least one signature and at most 100")
    return text, [_split_signature(line) for line in lines]


def open_note(note: str, keys: Iterable[VerifyKey]) -> tuple[str, tuple[VerifyKey, ...]]:
    """Check a note.

    Returns:
        Its text, and which of ``keys`` signed it (maybe none).

    Raises:
        NoteMalformedError: it is not a signed note.
        SignatureBadError: a signature in the name of one of ``keys`` is not by that key.
    """
    text, signatures = split_note(note)
    known = {(key.name, key.hash): key for key in keys}
    by: dict[VerifyKey, None] = {}
    for name, key_hash, signature in signatures:
        key = known.get((name, key_hash))
        if key is None:
            continue
        if not key.is_signed(text.encode(), signature):
            raise SignatureBadError(f"the signature in the name of {name} is not by its key")
        by[key] = None
    return text, tuple(by)


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Read standard base64, only in the one form that :func:`encode_base64` writes.

    Raises:
        NoteMalformedError: it is anything else.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteMalformedError("not base64") from error
    if encode_base64(data) != text:
        raise NoteMalformedError("base64 in another form than the standard one")
    return data


def _split_signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(MARK).partition(" ")
    if not line.startswith(MARK) or not space:
        raise NoteMalformedError("not a signature line")
    _check_name(name)
    data = decode_base64(encoded)
    if len(data) < _HASH_BYTES + 1:
        raise NoteMalformedError("a signature is too short")
    return name, data[:_HASH_BYTES], data[_HASH_BYTES:]


def _split_key(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 (name, hash, key)
        raise NoteMalformedError("a key reads name+hash+base64")
    name, hash_hex, encoded = parts
    _check_name(name)
    data = decode_base64(encoded)
    if data[:1] != ED25519 or len(data) != 1 + _KEY_BYTES:
        raise NoteMalformedError("not an Ed25519 key")
    return name, hash_hex, data[1:]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(sign.isspace() for sign in name):
        raise NoteMalformedError("a key's name is not empty and has no space and no plus")


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteMalformedError("a note's text ends with a newline")
    if any((sign < " " and sign != "\n") or sign == "\ufffd" for sign in text):
        raise NoteMalformedError("a note's text has no control characters")

"""Receipts: the gateway's signed promise that a call is in its journal.

The writer thread signs once for each group commit: a note whose text names the ledger, the
writer, the moment, the number of entries and the Merkle root over them. A receipt is that
signature and one entry's path to the root. With it a caller can show that a call was promised
and is not in the ledger, which nobody but the gateway could have signed.

    leaf = SHA-256(0x00 ‖ call id ‖ ⏎ ‖ the entry's leaf hash)
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec

from alos.ledger.note import SigningKey, VerifyKey, encode_base64
from alos.ledger.proofs import get_head_by_inclusion
from alos.ledger.tree import hash_leaf

PREFIX: Final = "v1."
_STATEMENT: Final = "alos-receipt-v1"
_LONGEST: Final = 4096
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(
    tuple[bytes, str, int, int, int, bytes, list[bytes], bytes]
).decode


class ReceiptMalformedError(ValueError):
    """The text is not a receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as read; nothing in it is checked yet.

    Attributes:
        key_hash: of the gateway's key.
        index, size: the entry's place in its batch.
        leaf: the entry's leaf hash, as it must stand in the ledger.
    """

    key_hash: bytes
    writer: str
    signed_at_unix_ns: int
    index: int
    size: int
    leaf: bytes
    path: tuple[bytes, ...]
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> "Receipt":
        """Read the ``x-alos-receipt`` header.

        Raises:
            ReceiptMalformedError: it is no receipt.
        """
        if not text.startswith(PREFIX) or len(text) > _LONGEST:
            raise ReceiptMalformedError("not a receipt of version 1")
        try:
            data = _decode_base64(text.removeprefix(PREFIX))
            key_hash, writer, at, index, size, leaf, path, signature = _decode(data)
        except (msgspec.DecodeError, binascii.Error, ValueError) as error:
            raise ReceiptMalformedError("the receipt can't be read") from error
        return cls(
            key_hash=key_hash,
            writer=writer,
            signed_at_unix_ns=at,
            index=index,
            size=size,
            leaf=leaf,
            path=tuple(path),
            signature=signature,
        )

    def is_signed(self, call_id: str, keys: Iterable[VerifyKey]) -> bool:
        """Whether one of ``keys`` promised this entry for this call."""
        root = get_head_by_inclusion(
            self.index, self.size, _to_leaf(call_id, self.leaf), self.path
        )
        if root is None:
            return False
        return any(
            key.is_signed(
                _write_statement(key.name, self.writer, self.signed_at_unix_ns, self.size, root),
                self.signature,
            )
            for key in keys
            if key.hash == self.key_hash
        )


class BatchReceipts:
    """The receipts of one group commit: signed when made, each written when asked for.

    Args:
        leaves: (call id, leaf hash) of each entry, in order.
    """

    def __init__(
        self,
        key: SigningKey,
        writer: str,
        unix_ns: int,
        leaves: Sequence[tuple[str, bytes]],
    ) -> None:
        self._key_hash = key.verify_key.hash
        self._writer = writer
        self._unix_ns = unix_ns
        self._leaves = leaves
        self._levels = [[_to_leaf(call_id, leaf) for call_id, leaf in leaves]]
        while len(self._levels[-1]) > 1:
            self._levels.append(_next_level(self._levels[-1]))
        self.root = self._levels.pop()[0]
        name = key.verify_key.name
        statement = _write_statement(name, writer, unix_ns, len(leaves), self.root)
        self._signature = key.sign(statement)

    def write(self, index: int) -> str:
        """The header's text for one entry."""
        row: tuple[Any, ...] = (
            self._key_hash,
            self._writer,
            self._unix_ns,
            index,
            len(self._leaves),
            self._leaves[index][1],
            self._get_path(index),
            self._signature,
        )
        return PREFIX + base64.urlsafe_b64encode(_encode(row)).decode().rstrip("=")

    def _get_path(self, index: int) -> list[bytes]:
        """Siblings, lowest first; where a level ends without a partner there is none."""
        path = []
        for level in self._levels:
            other = index ^ 1
            if other < len(level):
                path.append(level[other])
            index >>= 1
        return path


def _next_level(level: list[bytes]) -> list[bytes]:
    """Pair up; the last of an odd level rises as it is, which gives the tree of RFC 6962."""
    pairs = [
        sha256(b"\x01" + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    return [*pairs, level[-1]] if len(level) % 2 else pairs


def _to_leaf(call_id: str, leaf: bytes) -> bytes:
    return hash_leaf(call_id.encode() + b"\n" + leaf)


def _write_statement(origin: str, writer: str, unix_ns: int, size: int, root: bytes) -> bytes:
    lines = (_STATEMENT, origin, writer, str(unix_ns), str(size), encode_base64(root))
    return "".join(f"{line}\n" for line in lines).encode()


def _decode_base64(text: str) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise ReceiptMalformedError("base64 in another form than the one that is written")
    return data

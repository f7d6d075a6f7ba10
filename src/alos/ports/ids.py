"""Fresh ids, as an argument."""

import os
from typing import Protocol

from alos.domain.ids import CallId

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


class Ids(Protocol):
    """Makes ids and salts."""

    def call_id(self, unix_ns: int) -> CallId:
        """A new call id that sorts by ``unix_ns``."""

    def salt(self) -> bytes:
        """16 fresh random bytes."""


class RandomIds:
    """Ids and salts from the operating system's randomness, drawn in blocks."""

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def _take(self, size: int) -> bytes:
        start = self._at
        if start + size > len(self._pool):
            self._pool = os.urandom(4096)
            start = 0
        self._at = start + size
        return self._pool[start : start + size]

    def call_id(self, unix_ns: int) -> CallId:
        """48 bits of milliseconds and 80 random bits in Crockford base32, ULID fashion."""
        value = (unix_ns // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(self._take(10))
        pairs = _PAIRS
        return CallId(
            "call_" + "".join([pairs[value >> shift & 1023] for shift in range(120, -1, -10)])
        )

    def salt(self) -> bytes:
        """16 fresh random bytes."""
        return self._take(16)

"""Fresh ids, as an argument."""

import os
from typing import Protocol

from alos.domain.ids import CallId

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHIFTS = tuple(range(70, -1, -10))
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
        self._milliseconds = -1
        self._time_part = ""

    def _take(self, size: int) -> bytes:
        start = self._at
        if start + size > len(self._pool):
            self._pool = os.urandom(4096)
            start = 0
        self._at = start + size
        return self._pool[start : start + size]

    def call_id(self, unix_ns: int) -> CallId:
        """48 bits of milliseconds and 80 random bits in Crockford base32, ULID fashion."""
        milliseconds = unix_ns // 1_000_000 & (1 << 48) - 1
        pairs = _PAIRS
        if milliseconds != self._milliseconds:
            self._milliseconds = milliseconds
            self._time_part = "call_" + "".join(
                [pairs[milliseconds >> shift & 1023] for shift in range(40, -1, -10)]
            )
        value = int.from_bytes(self._take(10))
        return CallId(
            self._time_part + "".join([pairs[value >> shift & 1023] for shift in _SHIFTS])
        )

    def salt(self) -> bytes:
        """16 fresh random bytes."""
        return self._take(16)

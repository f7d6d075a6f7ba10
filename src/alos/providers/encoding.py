"""Content encodings that a provider may answer in, though none is asked for."""

import zlib
from typing import Any

from alos.ports.provider import Broken, ProviderBroke, ProviderFailure

_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
_STEP_BYTES = 1_000_000
_MOST_RATIO = 100
"""Prose packs 3:1, event streams 20:1; what packs far more is made to fill memory."""
GARBLED = ProviderFailure(why=Broken.BROKEN_OFF, cause="the content encoding can't be read")

_BOMB = ProviderFailure(why=Broken.TOO_LARGE, cause="unpacks to more than any text would")


class Decoder:
    """Takes gzip or zlib compression off, within bounds of size and of ratio."""

    __slots__ = ("_inflate", "_packed", "_unpacked")

    def __init__(self) -> None:
        self._inflate: Any = zlib.decompressobj(wbits=47)  # told apart by the first bytes
        self._packed = self._unpacked = 0

    def decode(self, data: bytes, max_bytes: int) -> bytes:
        """Decode what came; at most ``max_bytes`` of it, which must be positive.

        Raises:
            ProviderBroke: it is not compressed as announced, or packs more than any text does.
        """
        self._packed += len(data)
        pieces: list[bytes] = []
        while data and max_bytes > 0:
            try:
                piece = bytes(self._inflate.decompress(data, min(max_bytes, _STEP_BYTES)))
            except zlib.error:
                raise ProviderBroke(GARBLED) from None
            self._unpacked += len(piece)
            if self._unpacked > max(_STEP_BYTES, self._packed * _MOST_RATIO):
                raise ProviderBroke(_BOMB)
            pieces.append(piece)
            max_bytes -= len(piece)
            data = self._inflate.unconsumed_tail
        return b"".join(pieces)

    @property
    def is_complete(self) -> bool:
        """Whether the compressed data has come to its end."""
        return bool(self._inflate.eof)


def open_decoder(encoding: str) -> Decoder | None:
    """A decoder for a ``content-encoding``; ``None`` where there is nothing to decode.

    Raises:
        ProviderBroke: it is an encoding that nobody asked for and that we don't know.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name not in _KNOWN:
        raise ProviderBroke(GARBLED)
    return Decoder()

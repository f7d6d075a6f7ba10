"""Content encodings that a provider may answer in, though none is asked for."""

import zlib
from typing import Any

from alos.ports.provider import Broken, ProviderBroke, ProviderFailure

_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
GARBLED = ProviderFailure(why=Broken.BROKEN_OFF, cause="the content encoding can't be read")


class Decoder:
    """Takes gzip or zlib compression off, within a bound."""

    __slots__ = ("_inflate",)

    def __init__(self) -> None:
        self._inflate: Any = zlib.decompressobj(wbits=47)  # told apart by the first bytes

    def decode(self, data: bytes, max_bytes: int) -> bytes:
        """Decode what came; at most ``max_bytes`` of it, which must be positive.

        Raises:
            ProviderBroke: it is not compressed as announced.
        """
        try:
            return bytes(self._inflate.decompress(data, max_bytes))
        except zlib.error:
            raise ProviderBroke(GARBLED) from None

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

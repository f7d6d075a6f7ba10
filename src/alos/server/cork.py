"""Sends an answer's head together with its first bytes: one system call, one packet."""

import asyncio


class Cork:
    """What one answer is written through; holds a head for what follows, a round at most.

    It knows a head by its first word, so a body that begins like one is held that short too.
    """

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        """Write in order."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self.flush)
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what is held."""
        if self._head:
            data, self._head = self._head, b""
            self._transport.write(data)

    def is_closing(self) -> bool:
        """As the transport's."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Send what is held and close."""
        self.flush()
        self._transport.close()

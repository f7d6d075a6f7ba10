"""Writes an answer: its head is looked over once, and goes out together with its first bytes.

Takes the place of uvicorn's own ``send``, which looks at each field by itself and writes the head
alone. Written against uvicorn 0.54.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_NO_NAME: Final = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\"]')
_NO_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_BODILESS: Final = frozenset({204, 304})


class Exchange(RequestResponseCycle):
    """One request and its answer; a head waits for what follows, a round of the loop at most."""

    _head = b""
    _left: int | None = None
    """Bytes of the body that are still to come; ``None`` where it goes in chunks."""

    async def send(self, message: Any) -> None:
        """Send the head, then pieces of the body; nothing to a client that is gone.

        Raises:
            RuntimeError: the application sent what is no answer.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self.response_started:
            self.response_started = True
            self.waiting_for_100_continue = False
            self._head = self._to_head(message["status"], message.get("headers", ()))
            asyncio.get_running_loop().call_soon(self._flush)
        elif kind == "http.response.body" and self.response_started:
            self._send_body(message.get("body", b""), is_last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"an answer has no place for {kind} here")

    def _to_head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        lines = [STATUS_LINE[status]]
        names, values = [], []
        is_sized = says_close = False
        for name, value in (*self.default_headers, *headers):
            names.append(name)
            values.append(value)
            known = name.lower()
            lines += (known, b": ", value, b"\r\n")
            if known == b"content-length":
                is_sized, self._left = True, int(value)
            elif known == b"connection" and b"close" in value.lower():
                says_close, self.keep_alive = True, False
        if _NO_NAME.search(b"".join(names)) or _NO_VALUE.search(b"".join(values)):
            raise RuntimeError("a header field of an answer holds what none may hold")
        if not (self.keep_alive or says_close):
            lines.append(b"connection: close\r\n")
        if self.scope["method"] == "HEAD" or (status in _BODILESS and not is_sized):
            self._left = 0
        elif not is_sized:
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _send_body(self, body: bytes, *, is_last: bool) -> None:
        if self.response_complete:
            raise RuntimeError("the answer is complete already")
        if self._left is None:
            if body:
                body = b"%x\r\n%b\r\n" % (len(body), body)
            if is_last:
                body += b"0\r\n\r\n"
        elif self.scope["method"] == "HEAD":
            body = b""
        else:
            self._left -= len(body)
            if self._left < 0 or (is_last and self._left):
                raise RuntimeError("the body is not as long as its head says")
        self.transport.write(self._head + body)
        self._head = b""
        if is_last:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    def _flush(self) -> None:
        """Send a head that nothing followed."""
        if self._head and not self.transport.is_closing():
            self.transport.write(self._head)
        self._head = b""

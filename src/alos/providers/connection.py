"""One HTTP/1.1 connection to a provider: one exchange at a time, aborted at any moment.

Written by hand on asyncio and httptools because an exchange has to end upstream as soon as its
caller is gone or its workflow is stopped, also while the answer's head is still awaited.
"""

import asyncio
from typing import Any, cast

import httptools

from alos.ports.provider import Broken, ProviderBroke, ProviderFailure

_MAX_HEAD_BYTES = 65_536
_HIGH_WATER = 1 << 18
_KEPT = frozenset(
    {
        b"content-type",
        b"content-encoding",
        b"retry-after",
        b"retry-after-ms",
        b"request-id",
        b"x-request-id",
        b"x-should-retry",
    }
)
_FIRST_FINAL_STATUS = 200


class Connection(asyncio.Protocol):
    """A connection, and the state of the exchange that is under way on it.

    Attributes:
        status, headers: of the answer, once :meth:`exchange` has returned.
        is_reusable: the answer is complete and nothing speaks against another exchange.
        heard: bytes of the answer have come.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: ProviderFailure | None = None
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.heard = 0
        self.is_reusable = False
        self._has_head = False
        self._is_complete = False
        self._is_delimited = False
        self._is_spoiled = False
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._is_paused = False
        self._idle_seconds = 0.0
        self._last_heard = 0.0
        self._deadline = 0.0

    # --- the exchange ---------------------------------------------------------------------

    async def exchange(
        self, request: bytes, *, first_byte_seconds: float, total_seconds: float
    ) -> None:
        """Send a request and wait for the head of its answer.

        Raises:
            ProviderBroke: no head came in time, or none that can be read.
        """
        self._reset()
        now = self._loop.time()
        self._deadline = now + total_seconds
        self._parser = httptools.HttpResponseParser(self)
        assert self._transport is not None
        if self._failure is None:
            self._transport.write(request)
            wait = min(first_byte_seconds, total_seconds)
            self._timer = self._loop.call_later(wait, self._time_out)
        try:
            while not self._has_head and self._failure is None:
                await self._wait()
        except asyncio.CancelledError:
            self.abort()
            raise
        if self._failure is not None:
            raise ProviderBroke(self._failure)

    def watch_idle(self, seconds: float) -> None:
        """From now on fail when nothing comes for so long."""
        if not self._is_complete and self._failure is None:
            self._cancel_timer()
            self._idle_seconds = seconds
            self._last_heard = self._loop.time()
            self._watch()

    async def next_chunk(self) -> bytes | None:
        """What has come of the body since the last time; ``None`` at its end.

        Raises:
            ProviderBroke: it stalled, broke off, or the connection was closed by us.
        """
        while not self._chunks:
            if self._is_complete:
                return None
            if self._failure is not None:
                raise ProviderBroke(self._failure)
            await self._wait()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._waiting_bytes = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def abort(self) -> None:
        """Drop the connection now; whoever waits on it is told."""
        self._fail(Broken.CLOSED, "closed by the gateway")

    @property
    def is_open(self) -> bool:
        """Whether it can take another exchange."""
        transport = self._transport
        return self._failure is None and transport is not None and not transport.is_closing()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, why: Broken, cause: str) -> None:
        self._cancel_timer()
        self.is_reusable = False
        if self._failure is None:
            self._failure = ProviderFailure(why=why, cause=cause)
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    # --- time -----------------------------------------------------------------------------

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        """Fail, unless the head came in time and the rest may still take a while."""
        if self._has_head and self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._time_out)
            return
        what = "the whole answer" if self._has_head else "the first byte"
        self._fail(Broken.TIMEOUT, f"{what} took too long")

    def _watch(self) -> None:
        """Look whether the stream is still alive; costs nothing for each chunk."""
        if self._is_paused:
            self._last_heard = self._loop.time()
        due = min(self._last_heard + self._idle_seconds, self._deadline)
        if due <= self._loop.time():
            self._fail(Broken.TIMEOUT, "the stream stalled or took too long")
        else:
            self._timer = self._loop.call_at(due, self._watch)

    # --- asyncio --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport (again, after a TLS upgrade)."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another base

    def data_received(self, data: bytes) -> None:
        """Parse what came; anything after the answer's end means no further use."""
        if self._is_complete or self._parser is None:
            self._fail(Broken.BROKEN_OFF, "bytes that nobody asked for")
            return
        self.heard += len(data)
        if self._idle_seconds:
            self._last_heard = self._loop.time()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(Broken.BROKEN_OFF, "no HTTP answer")
            return
        if self._is_spoiled:
            self.is_reusable = False
        if not self._has_head and self.heard > _MAX_HEAD_BYTES:
            self._fail(Broken.TOO_LARGE, "the answer's head is too large")
        self._wake()

    def eof_received(self) -> None:
        """A body without a length ends here."""
        if self._has_head and not self._is_delimited and not self._is_complete:
            self._is_complete = True
            self._cancel_timer()
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever was under way is over."""
        if not self._is_complete or self.is_reusable:
            kind = type(exc).__name__ if exc is not None else "end of file"
            self._fail(Broken.BROKEN_OFF, f"the connection broke ({kind})")
        self._transport = None

    # --- httptools ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A second answer in one exchange was not asked for; the first one stands."""
        self._is_spoiled = self._is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what the gateway needs."""
        if self._is_complete:
            return
        name = name.lower()
        if name in _KEPT:
            self.headers[name.decode()] = value.decode("latin-1")
        elif name in (b"content-length", b"transfer-encoding"):
            self._is_delimited = True

    def on_headers_complete(self) -> None:
        """The head is there, unless it is an interim one (1xx)."""
        status: int = self._parser.get_status_code()
        if status >= _FIRST_FINAL_STATUS and not self._is_complete:
            self.status = status
            self._has_head = True

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body; stop reading while nobody takes it."""
        if self._is_complete:
            return
        self._chunks.append(body)
        self._waiting_bytes += len(body)
        if self._waiting_bytes > _HIGH_WATER and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._has_head and not self._is_complete:
            self._is_complete = True
            self._cancel_timer()
            self.is_reusable = self._parser.should_keep_alive()

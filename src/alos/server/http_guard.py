"""The HTTP/1.1 server protocol with bounds of its own, in front of every door.

A subclass of uvicorn's httptools protocol. Written against uvicorn 0.54 and httptools 0.9; what
it leans on besides the public ``asyncio.Protocol`` methods is ``cycle``, ``pipeline``, ``flow``,
``parser``, ``headers``, ``scope``, ``server_state``, the arguments of ``RequestResponseCycle`` and
the parser call-backs. The tests speak to it by raw socket, so a new uvicorn that changes these
shows there.

Times are kept in ordered dictionaries (idle, head, body, stalled writers) which one timer looks
at twice a second from the old end: a request that arrives in one piece never touches a timer.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from alos.server.answer import Exchange

GONE_EXTENSION = "alos.gone"
"""ASGI extension that the model door asks for: registers a hang-up call-back."""
KNOWN_EXTENSION = "alos.known"
"""ASGI extension by which a door says that the caller is one of ours."""

_SWEEP_SECONDS = 0.5
_PHRASES = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}
_UPLOADS_LOOKED_AT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """Bounds on one server's connections.

    Attributes:
        head_bytes: request line and headers together.
        head_seconds: from a request's first byte to the end of its headers, and from
            connecting to the first byte.
        body_stall_seconds: between two pieces of a body.
        write_stall_seconds: how long a client may leave an answer unread.
        idle_seconds: between an answer and the next request.
        connections: open at once; beyond, the longest idle one makes way for a new one.
        pipelined: requests sent ahead on one connection.
    """

    head_bytes: int = 32_768
    head_seconds: float = 10.0
    body_stall_seconds: float = 20.0
    write_stall_seconds: float = 60.0
    idle_seconds: float = 75.0
    connections: int = 4096
    pipelined: int = 64


class GuardState:
    """What the connections of one server share."""

    def __init__(self, limits: GuardLimits) -> None:
        self.limits = limits
        self.open = 0
        self.refused = 0
        self.idle: dict[GuardedProtocol, float] = {}
        """Without a request, the longest first."""
        self.known_idle: dict[GuardedProtocol, float] = {}
        self.heads: dict[GuardedProtocol, float] = {}
        self.bodies: dict[GuardedProtocol, float] = {}
        self.writers: dict[GuardedProtocol, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the clock looked at while there are connections."""
        if self._timer is None:
            self._timer = loop.call_later(_SWEEP_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        limits = self.limits
        _expire(self.heads, now - limits.head_seconds, GuardedProtocol.head_late)
        _expire(self.bodies, now - limits.body_stall_seconds, GuardedProtocol.body_late)
        _expire(self.writers, now - limits.write_stall_seconds, GuardedProtocol.write_late)
        for idle in (self.idle, self.known_idle):
            _expire(idle, now - limits.idle_seconds, GuardedProtocol.idle_late)
        if self.open:
            self.watch(loop)

    def make_room(self) -> bool:
        """Close one connection: idle, or still uploading, and nobody's that we know if possible.

        ``False`` where every one has a request in hand.
        """
        victim = next(iter(self.idle), None)
        if victim is None:
            uploads = islice(self.bodies, _UPLOADS_LOOKED_AT)
            victim = next((one for one in uploads if not one.is_known), None)
        if victim is None:
            victim = next(iter(self.known_idle), None)
        if victim is None:
            return False
        self.forget(victim)
        victim.transport.abort()
        return True

    def forget(self, protocol: "GuardedProtocol") -> None:
        """Drop a connection that is lost."""
        for waiting in (self.idle, self.known_idle, self.heads, self.bodies, self.writers):
            waiting.pop(protocol, None)


def _expire(
    waiting: "dict[GuardedProtocol, float]",
    oldest: float,
    act: "Callable[[GuardedProtocol], None]",
) -> None:
    while waiting:
        protocol, since = next(iter(waiting.items()))
        if since > oldest:
            return
        del waiting[protocol]
        act(protocol)


class GuardedProtocol(HttpToolsProtocol):
    """One connection; make the class for a server with :func:`build_protocol`."""

    guard: ClassVar[GuardState]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True  # not in a body
        self._is_begun = False  # a request's first bytes have come, but not all of its head
        self._status = 400
        self.is_known = False
        self._is_refused = False
        self._on_gone: Callable[[], object] | None = None
        self._extensions = {
            GONE_EXTENSION: self._register_gone,
            KNOWN_EXTENSION: self._register_known,
        }

    def _register_gone(self, act: Callable[[], object]) -> None:
        """Call ``act`` when the client hangs up; at once if it has."""
        if self.cycle.disconnected or self.transport.is_closing():
            act()
        self._on_gone = act

    def _register_known(self) -> None:
        """The caller holds a key or a session of ours (a request is in hand: it is not idle)."""
        self.is_known = True

    # --- the connection -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the connection, if need be in place of an idle one."""
        super().connection_made(transport)
        guard = self.guard
        guard.open += 1
        guard.watch(self.loop)
        if guard.open > guard.limits.connections and not guard.make_room():
            guard.refused += 1
            self._refuse(503)
            return
        guard.idle[self] = guard.heads[self] = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request in hand, if any."""
        self.guard.open -= 1
        self.guard.forget(self)
        super().connection_lost(exc)
        act, self._on_gone = self._on_gone, None
        cycle = self._get_cycle()
        if act is not None and cycle is not None and not cycle.response_complete:
            act()

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the bounds."""
        if self._is_refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse(self._status)
            return
        except httptools.HttpParserUpgrade as upgrade:
            self._read_on(data[upgrade.args[0] :])
            return
        if self._in_head:
            if self._is_begun:
                self.guard.heads.setdefault(self, self.loop.time())
            if self._head_bytes > self.guard.limits.head_bytes:
                self._refuse(431)
        elif self.cycle.more_body and not self.cycle.response_complete:
            self.guard.bodies.pop(self, None)
            self.guard.bodies[self] = self.loop.time()

    def _read_on(self, rest: bytes) -> None:
        """Nobody here upgrades: take the request as if it had not asked to (RFC 9110, 7.8).

        The parser would drop the request's body, so the head goes through a new one without
        the fields that ask.
        """
        asks = (b"connection", b"upgrade", b"http2-settings")
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(400)
            return
        head = [method, b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            if name not in asks:
                head += [name, b": ", value, b"\r\n"]
        self.parser = httptools.HttpRequestParser(self)
        self._in_head = True
        self.data_received(b"".join((*head, b"\r\n", rest)))

    def _get_cycle(self) -> RequestResponseCycle | None:
        """The latest request; ``None`` before the first, whatever its declaration says."""
        return cast("RequestResponseCycle | None", self.cycle)

    def _refuse(self, status: int) -> None:
        """Answer in plain text and close, unless an answer is under way: then close after it."""
        self._is_refused = True
        cycle = self._get_cycle()
        if self.pipeline:
            self.transport.abort()
        elif cycle is None or cycle.response_complete:
            self._hang_up(status)
        elif cycle.more_body:
            self._hang_up(None if cycle.response_started else status)
        else:
            cycle.keep_alive = False

    def _hang_up(self, status: int | None) -> None:
        if self.transport.is_closing():
            return
        if status is not None:
            text = _PHRASES[status]
            self.transport.write(
                b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n%b"
                % (status, text, len(text), text)
            )
        self.transport.close()

    # --- time -----------------------------------------------------------------------------

    def head_late(self) -> None:
        """The headers did not come in time; say so if they had begun."""
        if self._head_bytes:
            self._refuse(408)
        elif not self.transport.is_closing():
            self.transport.close()

    def body_late(self) -> None:
        """The body stalled; a door that waits for it learns that the client is gone."""
        cycle = self._get_cycle()
        if cycle is None or not cycle.more_body or cycle.response_complete:
            return
        self._refuse(408)

    def idle_late(self) -> None:
        """No further request came."""
        self.timeout_keep_alive_handler()

    def write_late(self) -> None:
        """The client does not read its answer."""
        self.transport.abort()

    def pause_writing(self) -> None:
        """The client reads slower than the answer comes."""
        super().pause_writing()
        self.guard.writers[self] = self.loop.time()

    def resume_writing(self) -> None:
        """The client reads again."""
        self.guard.writers.pop(self, None)
        super().resume_writing()

    # --- the parser -----------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request's first bytes have come."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = self._extensions
        guard = self.guard
        self._in_head = self._is_begun = True
        (guard.known_idle if self.is_known else guard.idle).pop(self, None)
        guard.heads.pop(self, None)

    def on_headers_complete(self) -> None:
        """The headers are there: check what decides where the body ends, then go on."""
        if self.parser.should_upgrade():
            return  # comes again without the upgrade
        self._in_head = self._is_begun = False
        self.guard.heads.pop(self, None)
        size, self._head_bytes = self._head_bytes, 0
        self._check_head(size)
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        version = self.parser.get_http_version()
        scope = cast("dict[str, Any]", self.scope)
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"], scope["query_string"] = url.path, url.query or b""
        self._begin(is_kept=version != "1.0" and self.parser.should_keep_alive())

    def _begin(self, *, is_kept: bool) -> None:
        """Have the request answered, after those that came before it."""
        before = self._get_cycle()
        self.cycle = Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=is_kept,
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _check_head(self, size: int) -> None:
        """Raise out of the parser, which stops there, on what must not be answered."""
        limits = self.guard.limits
        headers = self.headers
        if size > limits.head_bytes:
            head = len(self.url) + sum(len(name) + len(value) + 4 for name, value in headers)
            if head > limits.head_bytes:
                self._status = 431
                raise _HeadError
        names = [name for name, _ in headers]
        if b"transfer-encoding" in names and (
            b"content-length" in names
            or names.count(b"transfer-encoding") > 1
            or dict(headers)[b"transfer-encoding"].strip().lower() != b"chunked"
            or self.parser.get_http_version() != "1.1"
        ):
            raise _HeadError
        if names.count(b"content-length") > 1 or names.count(b"host") > 1:
            raise _HeadError
        if len(self.pipeline) >= limits.pipelined:
            raise _HeadError

    def on_message_complete(self) -> None:
        """The body is there."""
        if self.parser.should_upgrade():
            return
        self.guard.bodies.pop(self, None)
        self._in_head = True  # what comes next is another request's head
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless one was sent ahead."""
        self._on_gone = None
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._is_begun:
            guard = self.guard
            (guard.known_idle if self.is_known else guard.idle)[self] = self.loop.time()


class _HeadError(Exception):
    """Stops the parser; what to answer is kept with the connection."""


def build_protocol(limits: GuardLimits | None = None) -> type[GuardedProtocol]:
    """A protocol class for one server: ``uvicorn.Config(http=build_protocol(), ws="none")``."""
    state = GuardState(limits or GuardLimits())
    return type("GuardedProtocol", (GuardedProtocol,), {"guard": state})

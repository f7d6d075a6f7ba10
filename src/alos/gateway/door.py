"""The model door: an ASGI application that takes calls in and hands answers out.

It knows HTTP and nothing else: who may do what is the pipeline's business, and every request
that carries a key goes through it, wrong paths and broken bodies included.
"""

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

from alos.domain.call import Call
from alos.domain.outcome import Answered, Headers, Outcome, Refused, Streaming
from alos.domain.refusal import ReasonCode, Refusal
from alos.gateway.body import BodyLimits, Message, Receive, drop_body, read_body
from alos.gateway.errors import get_status, is_retryable
from alos.gateway.models import write_models
from alos.gateway.routes import NOWHERE, Route, get_speaker, list_routes
from alos.gateway.wire.formats import FORMATS
from alos.ports.clock import Clock
from alos.ports.ids import Ids
from alos.ports.tasks import Tasks

_logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
OnGone = Callable[[Callable[[], object]], None]

GONE_EXTENSION = "alos.gone"
"""Where a server puts a function that registers what to do when the client hangs up; without
it a task waits for that."""
KNOWN_EXTENSION = "alos.known"
"""Where a server puts a function to be told that the caller has a key of ours."""

_NOT_KNOWN = 401
_SMALL_BYTES = 65_536
_JSON = (b"content-type", b"application/json")
_STREAM: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
_CLOSE = (b"connection", b"close")
_NO_RETRY = (b"x-should-retry", b"false")


class CallRunner(Protocol):
    """The pipeline, as far as the door knows it."""

    async def knows(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request brings a key that is good now."""

    async def run(self, call: Call) -> Outcome:
        """Take one call to its end, or to the first piece of its stream.

        Never raises but for cancellation, which means that the client is gone.
        """


class _Asked(NamedTuple):
    """What the door has read of one request."""

    call: Call
    speaks: str
    keep_alive: bool
    allow: bytes


class ModelDoor:
    """Serves the OpenAI and Anthropic paths; raw ASGI, since each layer costs every call."""

    def __init__(
        self,
        pipeline: CallRunner,
        *,
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        limits: BodyLimits | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._ids = ids
        self._tasks = tasks
        self._limits = limits or BodyLimits()
        self._routes = list_routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request; an ASGI 3 application for ``http`` scopes."""
        asked = await self._read(scope, receive)
        extensions = scope.get("extensions") or {}
        stop_watching = self._watch(extensions.get(GONE_EXTENSION), receive)
        try:
            try:
                outcome = await self._pipeline.run(asked.call)
            except Exception as error:  # noqa: BLE001  # last resort
                outcome = _explain(error, asked.call)
            if (tell := extensions.get(KNOWN_EXTENSION)) is not None and _is_known(outcome):
                tell()
            await self._answer(send, asked, outcome)
        except asyncio.CancelledError:
            # The client hung up, or a stopping server's grace is over: the pipeline closes the
            # record of its own accord, and nobody is there to be told.
            return
        finally:
            stop_watching()

    async def _read(self, scope: Scope, receive: Receive) -> _Asked:
        unix_ns, monotonic_ns = self._clock.unix_ns(), self._clock.monotonic_ns()
        headers = dict(scope["headers"])
        path = scope["path"]
        route = self._routes.get(path)
        refusal = None
        keep_alive = True
        body: bytes | None = b""
        wire_format = NOWHERE
        if route is None:
            refusal = Refusal(code=ReasonCode.ENDPOINT_UNKNOWN)
        elif scope["method"] != route.method:
            refusal = Refusal(code=ReasonCode.METHOD_NOT_ALLOWED, detail=f"use {route.method}")
        else:
            wire_format = route.wire_format
        if route is not None and refusal is None and await self._takes_body(route, headers):
            read = await read_body(receive, headers, self._limits)
            if isinstance(read, Refusal):
                refusal, keep_alive = read, False
                body = None if read.code is ReasonCode.BODY_TOO_LARGE else b""
            else:
                body = read
        elif b"content-length" in headers or b"transfer-encoding" in headers:
            keep_alive = await drop_body(receive, headers, self._limits)
        client = scope.get("client")
        call = Call(
            id=self._ids.call_id(unix_ns),
            received_unix_ns=unix_ns,
            received_monotonic_ns=monotonic_ns,
            wire_format=wire_format,
            headers=headers,
            body=body,
            client_address=client[0] if client else "",
            door_refusal=refusal,
        )
        speaks = (route.speaks if route else "") or get_speaker(path, headers)
        return _Asked(call, speaks, keep_alive, route.allow if route else b"")

    async def _takes_body(self, route: Route, headers: Mapping[bytes, bytes]) -> bool:
        """Keep a stranger's large body out of memory: it would be refused unread anyway."""
        if route.method != "POST":
            return False
        if not (b"authorization" in headers or b"x-api-key" in headers or b"api-key" in headers):
            return False
        length = headers.get(b"content-length", b"")
        is_small = length.isdigit() and int(length) <= _SMALL_BYTES
        return is_small or await self._pipeline.knows(headers)

    def _watch(self, register: OnGone | None, receive: Receive) -> "_Watch":
        """Cancel this task as soon as the client is gone."""
        task = asyncio.current_task()
        assert task is not None, "an ASGI application runs in a task"
        watch = _Watch(task)
        if register is not None:
            register(watch.gone)
        else:
            watch.waiter = self._tasks.spawn(_wait_until_gone(receive, watch), name="client")
        return watch

    async def _answer(self, send: Send, asked: _Asked, outcome: Outcome) -> None:
        if isinstance(outcome, Answered):
            await _send(send, asked, outcome.status, outcome.headers, outcome.body)
        elif isinstance(outcome, Streaming):
            await self._stream(send, asked, outcome)
        elif isinstance(outcome, Refused):
            await self._refuse(send, asked, outcome)
        else:
            body = write_models(outcome, asked.call.headers)
            await _send(send, asked, 200, [*outcome.headers, _JSON], body)

    async def _refuse(self, send: Send, asked: _Asked, refused: Refused) -> None:
        refusal = refused.refusal
        status = get_status(refusal.code)
        headers = [*refused.headers, _JSON]
        if refusal.retry_after_seconds is not None:
            headers.append((b"retry-after", b"%d" % refusal.retry_after_seconds))
        if not is_retryable(status):
            headers.append(_NO_RETRY)
        if refusal.code is ReasonCode.METHOD_NOT_ALLOWED:
            headers.append((b"allow", asked.allow))
        body = FORMATS[asked.speaks].write_refusal(refusal, refused.call_id, status)
        await _send(send, asked, status, headers, body)

    async def _stream(self, send: Send, asked: _Asked, outcome: Streaming) -> None:
        """Send pieces as they come; one that breaks ends the connection, never the stream."""
        chunks: AsyncGenerator[bytes, None] = outcome.chunks
        headers = [*outcome.headers, *_STREAM, *_write_vendor_id(asked)]
        try:
            await send(
                {"type": "http.response.start", "status": outcome.status, "headers": headers}
            )
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except Exception as error:  # noqa: BLE001  # last resort
            _explain(error, asked.call)
        finally:
            await chunks.aclose()


async def _send(send: Send, asked: _Asked, status: int, headers: Headers, body: bytes) -> None:
    headers.append((b"content-length", b"%d" % len(body)))
    headers += _write_vendor_id(asked)
    if not asked.keep_alive:
        headers.append(_CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _write_vendor_id(asked: _Asked) -> Headers:
    """The request's id where Anthropic's clients look for it."""
    is_theirs = asked.speaks.startswith("anthropic")
    return [(b"request-id", asked.call.id.encode())] if is_theirs else []


class _Watch:
    """Cancels a request's task once its client is gone."""

    __slots__ = ("_task", "waiter")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task: asyncio.Task[Any] | None = task
        self.waiter: asyncio.Task[None] | None = None

    def gone(self) -> None:
        """Say that the client hung up."""
        if self._task is not None:
            self._task.cancel()

    def __call__(self) -> None:
        """Stop watching."""
        self._task = None
        if self.waiter is not None:
            self.waiter.cancel()


def _is_known(outcome: Outcome) -> bool:
    """Whether the caller's key is one of ours; the server keeps such connections longest."""
    return not isinstance(outcome, Refused) or get_status(outcome.refusal.code) != _NOT_KNOWN


async def _wait_until_gone(receive: Receive, watch: _Watch) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    watch.gone()


def _explain(error: Exception, call: Call) -> Refused:
    """Log where it broke, without the error's own words: they may quote the caller."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    kind = type(error).__name__
    _logger.error("call %s failed at the door: %s (%s)", call.id, kind, where)
    ids = [(b"x-alos-call", call.id.encode()), (b"x-request-id", call.id.encode())]
    return Refused(refusal=Refusal(code=ReasonCode.FAULT), call_id=call.id, headers=ids)

"""A model server under a script, on a thread of its own: the prompt says how it answers.

``[[name]]`` anywhere in the request picks a behaviour of :data:`SCRIPTS`; without one the
server answers at once. It counts every byte and request that reaches it.
"""

import asyncio
import functools
import gzip
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

PROMPT_TOKENS: Final = 11
COMPLETION_TOKENS: Final = 7
TRICKLE_EVENTS: Final = 20
TRICKLE_SECONDS: Final = 0.05

_WORD = re.compile(rb"\[\[(\w+)\]\]")
Script = Callable[["Exchange"], Awaitable[None]]


class Upstream:
    """What the server saw; safe to read from any thread.

    Attributes:
        bytes_received: of everything, heads included.
        bodies: one for each whole request.
        heads: their request lines and headers.
        says: what an answer says; a test may set it.
        calls: a tool's name and arguments that an answer calls besides.
        bills: tokens of the prompt and of the completion.
        location: where a redirection points.
    """

    def __init__(self) -> None:
        self.port = 0
        self.bytes_received = 0
        self.bodies: list[bytes] = []
        self.at_once = self.most_at_once = 0
        self.heads: list[bytes] = []
        self.says = "Paris."
        self.calls: tuple[str, str] | None = None
        self.bills = (PROMPT_TOKENS, COMPLETION_TOKENS)
        self.location = ""
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10), "the scripted upstream did not start"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._take, "127.0.0.1", 0, backlog=1024)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            self._loop.run_until_complete(asyncio.wait(tuple(self._tasks)))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.bytes_received += len(head)
        found = re.search(rb"(?i)content-length: *(\d+)", head)
        body = await reader.readexactly(int(found[1]) if found else 0)
        self.bytes_received += len(body)
        self.bodies.append(body)
        self.heads.append(head)
        word = _WORD.search(body)
        exchange = Exchange(self, reader, writer, json.loads(body))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await SCRIPTS[word[1].decode() if word else "plain"](exchange)
        finally:
            self.at_once -= 1
        return exchange.keep_alive


class Exchange:
    """One request and the ways to answer it."""

    def __init__(
        self,
        upstream: Upstream,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: dict[str, Any],
    ) -> None:
        self.says = upstream.says
        self.calls = upstream.calls
        self.usage = _write_usage(*upstream.bills)
        self.location = upstream.location
        self.is_stream = bool(request.get("stream"))
        sent = re.search(rb"(?i)authorization: *bearer *(\S+)", upstream.heads[-1])
        self.credential = sent[1].decode() if sent else ""
        self.keep_alive = True
        self._reader = reader
        self._writer = writer

    async def send(self, body: bytes, *, status: str = "200 OK", extra: bytes = b"") -> None:
        self._writer.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n%b"
            % (status.encode(), extra, len(body), body)
        )
        await self._writer.drain()

    async def send_raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send_part(self, body: bytes) -> None:
        """A head that promises more than comes."""
        self._writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body) + 100, body)
        )
        await self._writer.drain()
        self.keep_alive = False

    async def open_stream(self) -> None:
        self._writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        await self._writer.drain()

    async def send_event(self, data: bytes) -> None:
        event = b"data: %b\n\n" % data
        self._writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        await self._writer.drain()

    async def close_stream(self) -> None:
        await self.send_event(_chunk({}, finish="stop"))
        await self.send_event(_chunk(None, usage=self.usage))
        await self.send_event(b"[DONE]")
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def wait_until_hung_up(self) -> None:
        self.keep_alive = False
        while await self._reader.read(65536):
            pass


def _write_usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def _write_answer(exchange: Exchange) -> bytes:
    text, calls = exchange.says, exchange.calls
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls is not None:
        message["tool_calls"] = _write_calls(calls)
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "scripted",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": exchange.usage,
        }
    ).encode()


def _write_calls(calls: tuple[str, str]) -> list[dict[str, Any]]:
    function = {"name": calls[0], "arguments": calls[1]}
    return [{"index": 0, "id": "c1", "type": "function", "function": function}]


def _chunk(
    delta: dict[str, Any] | None, *, finish: str | None = None, usage: dict[str, int] | None = None
) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return json.dumps({**base, "choices": choices, "usage": usage}).encode()


async def _plain(exchange: Exchange) -> None:
    if not exchange.is_stream:
        await exchange.send(_write_answer(exchange))
        return
    await exchange.open_stream()
    for word in exchange.says.split():
        await exchange.send_event(_chunk({"content": f"{word} "}))
    if exchange.calls is not None:
        await exchange.send_event(_chunk({"tool_calls": _write_calls(exchange.calls)}))
    await exchange.close_stream()


async def _trickle(exchange: Exchange) -> None:
    """Take a second over it."""
    if not exchange.is_stream:
        await asyncio.sleep(TRICKLE_EVENTS * TRICKLE_SECONDS)
        await exchange.send(_write_answer(exchange))
        return
    await exchange.open_stream()
    for number in range(TRICKLE_EVENTS):
        await exchange.send_event(_chunk({"content": f"word{number} "}))
        await asyncio.sleep(TRICKLE_SECONDS)
    await exchange.close_stream()


async def _endless(exchange: Exchange) -> None:
    """Stream until the gateway hangs up."""
    await exchange.open_stream()
    number = 0
    while True:
        await exchange.send_event(_chunk({"content": f"word{number} "}))
        await asyncio.sleep(0.02)
        number += 1


async def _gush(exchange: Exchange) -> None:
    """Stream as fast as the gateway takes it."""
    await exchange.open_stream()
    while True:
        await exchange.send_event(_chunk({"content": "word " * 200}))
        await asyncio.sleep(0)


async def _stall(exchange: Exchange) -> None:
    """Stream a little, then say nothing more."""
    await exchange.open_stream()
    for number in range(3):
        await exchange.send_event(_chunk({"content": f"word{number} "}))
    await exchange.wait_until_hung_up()


async def _hang(exchange: Exchange) -> None:
    """Never answer."""
    await exchange.wait_until_hung_up()


async def _break_off(exchange: Exchange) -> None:
    """Close in the middle of the answer."""
    if exchange.is_stream:
        await exchange.open_stream()
        await exchange.send_event(_chunk({"content": "half an "}))
        await asyncio.sleep(0.01)
        exchange.keep_alive = False
    else:
        await exchange.send_part(_write_answer(exchange))


async def _fail(exchange: Exchange) -> None:
    await exchange.send(b'{"error":{"message":"boom"}}', status="500 Internal Server Error")


async def _garbage(exchange: Exchange) -> None:
    await exchange.send(b"<html>this is no completion</html>")


async def _reject(exchange: Exchange) -> None:
    """The provider's own "your request is wrong"."""
    error = {"message": "temperature is too high", "type": "invalid_request_error", "code": "x"}
    await exchange.send(json.dumps({"error": error}).encode(), status="400 Bad Request")


async def _busy(exchange: Exchange) -> None:
    await exchange.send(b"{}", status="429 Too Many Requests", extra=b"retry-after: 1\r\n")


async def _quote(exchange: Exchange) -> None:
    """Say no and quote the credential, as a server with debugging on does."""
    error = {"message": f"no such key: {exchange.credential}", "type": "invalid_request_error"}
    extra = f"x-debug: {exchange.credential}\r\n".encode()
    body = json.dumps({"error": error}).encode()
    await exchange.send(body, status="401 Unauthorized", extra=extra)


async def _quote_400(exchange: Exchange) -> None:
    error = {"message": f"bad request with {exchange.credential}", "type": "invalid_request_error"}
    await exchange.send(json.dumps({"error": error}).encode(), status="400 Bad Request")


async def _parrot(exchange: Exchange) -> None:
    """Answer with the credential."""
    exchange.says = f"You sent {exchange.credential} to me, thank you."
    await _plain(exchange)


async def _redirect(exchange: Exchange) -> None:
    """Send the gateway elsewhere, keeping method and body."""
    location = b"location: %b\r\n" % exchange.location.encode()
    await exchange.send(b"{}", status="307 Temporary Redirect", extra=location)


async def _flood(exchange: Exchange) -> None:
    """A head that never seems to end."""
    await exchange.send_raw(b"HTTP/1.1 200 OK\r\n")
    for number in range(20_000):
        await exchange.send_raw(b"x-%d: %b\r\n" % (number, b"x" * 100))
    await exchange.wait_until_hung_up()


async def _drip(exchange: Exchange) -> None:
    """A head, one byte at a time."""
    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000:
        await exchange.send_raw(bytes([byte]))
        await asyncio.sleep(0.02)


async def _torn(exchange: Exchange) -> None:
    """Close in the middle of a chunk."""
    await exchange.open_stream()
    await exchange.send_raw(b'400\r\ndata: {"id":')
    await asyncio.sleep(0.01)
    exchange.keep_alive = False


async def _bomb(exchange: Exchange) -> None:
    """A little that unpacks to very much."""
    body = _write_bomb()
    kind = b"text/event-stream" if exchange.is_stream else b"application/json"
    await exchange.send_raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-encoding: gzip\r\n"
        b"content-length: %d\r\n\r\n%b" % (kind, len(body), body)
    )


@functools.cache
def _write_bomb() -> bytes:
    return gzip.compress(bytes(100_000_000), 9)


async def _huge(exchange: Exchange) -> None:
    """A usage that no record could hold."""
    exchange.usage = _write_usage(10**30, 10**30)
    await _plain(exchange)


SCRIPTS: Final[dict[str, Script]] = {
    "flood": _flood,
    "drip": _drip,
    "torn": _torn,
    "bomb": _bomb,
    "huge": _huge,
    "plain": _plain,
    "trickle": _trickle,
    "endless": _endless,
    "gush": _gush,
    "stall": _stall,
    "hang": _hang,
    "breakoff": _break_off,
    "fail": _fail,
    "garbage": _garbage,
    "reject": _reject,
    "busy": _busy,
    "redirect": _redirect,
    "quote": _quote,
    "quote_400": _quote_400,
    "parrot": _parrot,
}


@contextmanager
def run_upstream() -> Iterator[Upstream]:
    """A started server, stopped whatever happens."""
    upstream = Upstream()
    upstream.start()
    try:
        yield upstream
    finally:
        upstream.stop()

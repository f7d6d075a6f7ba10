import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from alos.server.http_guard import (
    GONE_EXTENSION,
    KNOWN_EXTENSION,
    GuardLimits,
    build_protocol,
)

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Scope = dict[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

LIMITS = GuardLimits(
    head_bytes=2_000, head_seconds=0.5, body_stall_seconds=0.5, write_stall_seconds=0.7,
    connections=6, pipelined=8, idle_seconds=2.0,
)  # fmt: skip
POST = b"POST /echo HTTP/1.1\r\nhost: x\r\n"


async def echo(scope: Scope, receive: Any, send: Any) -> None:
    """Answer with path and body; ``/slow`` waits, ``/flood`` never ends, ``/known`` is ours."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            scope["state"]["seen"].append("disconnect")
            return
        body += message["body"]
        more = message["more_body"]
    path = scope["path"]
    if path == "/known":
        scope["extensions"][KNOWN_EXTENSION]()
    if path == "/slow":
        scope["extensions"][GONE_EXTENSION](lambda: scope["state"]["seen"].append("gone"))
        await asyncio.sleep(0.3)
    content = path.encode() + b":" + body
    if path == "/flood":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(10_000):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        return
    length = (b"content-length", b"%d" % len(content))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": content})


class Server:
    """An address, and what the application noted."""

    def __init__(self, address: tuple[str, int], seen: list[str]) -> None:
        self.address = address
        self.seen = seen

    async def connect(self) -> Wire:
        return await asyncio.open_connection(*self.address)

    async def say(self, data: bytes) -> bytes:
        """Send on a new connection; return all that comes until it closes."""
        reader, writer = await self.connect()
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        try:
            return await asyncio.wait_for(reader.read(), 5)
        except ConnectionError:
            return b""
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    seen: list[str] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        scope["state"]["seen"] = seen
        await echo(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=build_protocol(LIMITS), ws="none", lifespan="off", log_level="error",
        timeout_keep_alive=2, timeout_graceful_shutdown=1,
    )  # fmt: skip
    running = uvicorn.Server(config)
    task = asyncio.ensure_future(running.serve(sockets=[listening]))
    while not running.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    yield Server(listening.getsockname(), seen)
    running.should_exit = True
    await task
    listening.close()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head.split(b"\r\n")[0] + b" " + await reader.readexactly(length)


async def test_plain_requests_and_keep_alive_work(server: Server) -> None:
    reader, writer = await server.connect()
    for number in range(3):
        writer.write(POST + b"content-length: 2\r\n\r\n#%d" % number)
        assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:#%d" % number
    writer.close()


@pytest.mark.parametrize("path", [b"/echo", b"/known"])
async def test_a_connection_that_asks_nothing_more_is_closed(server: Server, path: bytes) -> None:
    reader, writer = await server.connect()
    writer.write(b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n" % path)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    async with asyncio.timeout(10):
        await reader.read()  # to the end of the stream
    writer.close()


async def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(b"".join(POST + b"content-length: 1\r\n\r\n%d" % n for n in range(5)))
    for number in range(5):
        assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:%d" % number
    writer.close()


async def test_chunked_bodies_and_bodies_in_pieces_work(server: Server) -> None:
    reader, writer = await server.connect()
    for piece in (
        POST,
        b"transfer-encoding: chunked\r\n",
        b"\r\n2\r\nab\r\n",
        b"1\r\nc\r\n0\r\n\r\n",
    ):
        writer.write(piece)
        await asyncio.sleep(0.02)
    assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:abc"
    writer.write(POST + b"content-length: 70000\r\n\r\n")
    for _ in range(7):
        writer.write(b"y" * 10_000)
        await asyncio.sleep(0.01)
    assert (await read_answer(reader)).endswith(b"y" * 70_000)
    writer.close()


@pytest.mark.parametrize(
    "request_head",
    [
        POST + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        POST + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        POST + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
        POST + b"content-length: +3\r\n\r\nabc",
        POST + b"content-length: 3, 3\r\n\r\nabc",
        POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        POST + b"host: y\r\ncontent-length: 0\r\n\r\n",
        POST + b"x: a\r\n b\r\ncontent-length: 0\r\n\r\n",
        POST + b"x\0: a\r\n\r\n",
        b"POST /echo HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT evil:443 HTTP/1.1\r\nhost: evil:443\r\n\r\n",
    ],
)
async def test_what_does_not_parse_or_frames_its_body_twice_is_400_and_closed(
    server: Server, request_head: bytes
) -> None:
    answer = await server.say(request_head)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer


async def test_too_large_a_head_is_431_and_closed(server: Server) -> None:
    long = b"x-long: " + b"a" * 3_000 + b"\r\n"
    for head in (
        POST + long + b"\r\n",
        POST + long,
        b"GET /" + b"a" * 3_000 + b" HTTP/1.1\r\n\r\n",
    ):
        assert (await server.say(head)).startswith(b"HTTP/1.1 431 ")


async def test_a_large_body_in_one_piece_with_its_head_is_no_large_head(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(POST + b"content-length: 9000\r\n\r\n" + b"z" * 9_000)
    assert (await read_answer(reader)).endswith(b"z" * 9_000)
    writer.close()


async def test_a_head_that_does_not_come_in_time_is_408_and_closed(server: Server) -> None:
    answer = await asyncio.wait_for(server.say(POST), 4)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_connection_that_says_nothing_is_closed(server: Server) -> None:
    assert await asyncio.wait_for(server.say(b""), 4) == b""


async def test_a_head_that_drips_is_408_all_the_same(server: Server) -> None:
    reader, writer = await server.connect()

    async def drip() -> None:
        writer.write(POST)
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                writer.write(b"x: y\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)

    dripping = asyncio.ensure_future(drip())
    assert (await asyncio.wait_for(reader.read(2_000), 2.5)).startswith(b"HTTP/1.1 408 ")
    dripping.cancel()
    writer.close()


async def test_a_body_that_stalls_is_408_and_the_application_is_told(server: Server) -> None:
    answer = await asyncio.wait_for(server.say(POST + b"content-length: 10\r\n\r\nabc"), 4)
    assert answer.startswith(b"HTTP/1.1 408 ")
    await asyncio.sleep(0.05)
    assert server.seen == ["disconnect"]


async def test_garbage_after_a_request_does_not_disturb_its_answer(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(0.05)
    writer.write(b"\0garbage\0")
    answer = await asyncio.wait_for(reader.read(), 3)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\n/slow:")
    writer.close()


async def test_an_upgrade_is_ignored_and_the_request_answered_with_its_body(
    server: Server,
) -> None:
    reader, writer = await server.connect()
    ask = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAM\r\n"
    for _ in range(2):
        writer.write(POST + ask + b"content-length: 4\r\n\r\nhi")
        await asyncio.sleep(0.05)
        writer.write(b"gh")
        assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:high"
    writer.write(b"GET /echo HTTP/1.1\r\nhost: x\r\n" + ask + b"\r\n")
    assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:"
    writer.close()


async def test_a_hang_up_is_told_at_once(server: Server) -> None:
    _, writer = await server.connect()
    writer.write(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(0.1)
    writer.close()
    await asyncio.sleep(0.1)
    assert server.seen == ["gone"]


async def test_a_client_that_does_not_read_its_answer_is_dropped(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(2.5)
    with contextlib.suppress(ConnectionError):
        received = 0
        while data := await reader.read(1 << 20):
            received += len(data)
        assert received < 10_000 * 65_536
    writer.close()


async def test_a_flood_of_idle_connections_gives_way_to_one_that_asks(server: Server) -> None:
    wires = [await server.connect() for _ in range(20)]
    reader, writer = await server.connect()
    writer.write(POST + b"content-length: 2\r\n\r\nme")
    assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:me"
    for _, one in [*wires, (reader, writer)]:
        one.close()


async def test_a_known_caller_keeps_its_connection_through_a_flood(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(b"GET /known HTTP/1.1\r\nhost: x\r\n\r\n")
    await read_answer(reader)
    wires = [await server.connect() for _ in range(20)]
    await asyncio.sleep(0.1)
    writer.write(POST + b"content-length: 2\r\n\r\nme")
    assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:me"
    for _, one in [*wires, (reader, writer)]:
        one.close()


async def test_a_flood_of_unfinished_uploads_gives_way_too(server: Server) -> None:
    wires = [await server.connect() for _ in range(6)]
    for _, one in wires:
        one.write(POST + b"content-length: 10\r\n\r\nabc")
    await asyncio.sleep(0.1)
    reader, writer = await server.connect()
    writer.write(POST + b"content-length: 2\r\n\r\nme")
    assert await read_answer(reader) == b"HTTP/1.1 200 OK /echo:me"
    for _, one in [*wires, (reader, writer)]:
        one.close()


async def test_where_every_connection_works_a_new_one_is_told_503(server: Server) -> None:
    wires = [await server.connect() for _ in range(6)]
    for _, one in wires:
        one.write(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(0.1)
    assert (await server.say(POST + b"\r\n")).startswith(b"HTTP/1.1 503 ")
    for reader, one in wires:
        assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")
        one.close()


async def test_too_many_requests_sent_ahead_end_the_connection(server: Server) -> None:
    answer = await server.say((b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n") * 40)
    assert answer.count(b"HTTP/1.1 200") <= 1

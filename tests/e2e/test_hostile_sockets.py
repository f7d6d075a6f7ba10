"""What is no HTTP, or HTTP with a trick in it, ends in a plain 4xx and a closed connection.

Then strangers besiege the port for some seconds, and callers with a key must not notice.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import CHAT, ask, exchange, read_answer, say, write_request

_SIEGE_SECONDS = 8
_IDLE = 500
_HALF_OPEN = 300
_KEYLESS = 3000
_POST = f"POST {CHAT} HTTP/1.1\r\nhost: gateway\r\n".encode()
_SMUGGLED = b"GET /v1/models HTTP/1.1\r\nhost: gateway\r\n\r\n"

NO_HTTP = {
    "nonsense": b"hello, is there anybody?\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x07" * 200,
    "a version that is none": b"GET /v1/models HTTP/9.9\r\nhost: x\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\nhost: x\r\n\r\n",
    "an unknown method": b"FETCH /v1/models HTTP/1.1\r\nhost: x\r\n\r\n",
    "a NUL in a name": b"GET / HTTP/1.1\r\nho\0st: x\r\n\r\n",
    "a NUL in a value": b"GET / HTTP/1.1\r\nhost: x\0y\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}

SMUGGLING = {
    "length and chunks": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"content-length: 2\r\ncontent-length: 40\r\n\r\n{}",
    "the same length twice": b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
    "a list of lengths": b"content-length: 2, 2\r\n\r\n{}",
    "a signed length": b"content-length: +2\r\n\r\n{}",
    "a negative length": b"content-length: -2\r\n\r\n{}",
    "a hexadecimal length": b"content-length: 0x2\r\n\r\n{}",
    "a length beyond 64 bits": b"content-length: 99999999999999999999999\r\n\r\n{}",
    "chunks named twice": b"transfer-encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
    "chunks and another coding": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a folded value": b"x-a: b\r\n c\r\ncontent-length: 2\r\n\r\n{}",
    "a bare CR": b"x-a: b\rcontent-length: 40\r\ncontent-length: 2\r\n\r\n{}",
    "a space before the colon": b"content-length : 2\r\n\r\n{}",
    "a chunk size that is none": b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk size with a sign": b"transfer-encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": b"transfer-encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n{}",
    "a chunk longer than it says": b"transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "two hosts": b"host: another\r\ncontent-length: 2\r\n\r\n{}",
}

FLOODS = {
    "many headers": b"".join(b"x-%d: y\r\n" % number for number in range(5000)),
    "a long header": b"x-a: " + b"y" * 70_000 + b"\r\n",
    "a long name": b"x" * 70_000 + b": y\r\n",
    "headers without an end": b"x-a: y\r\n" * 20_000,
}


@pytest.mark.parametrize("raw", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_what_is_no_http_gets_400_and_a_closed_connection(
    gateway: Gateway, raw: bytes
) -> None:
    answer = read_answer(await exchange(gateway.port, raw, timeout=5))
    assert answer.status == 400
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("tail", SMUGGLING.values(), ids=SMUGGLING.keys())
async def test_an_ambiguous_request_gets_400_and_nothing_behind_it_is_read(
    gateway: Gateway, key: str, tail: bytes
) -> None:
    before = gateway.upstream.bytes_received
    head = _POST + f"authorization: Bearer {key}\r\n".encode()
    raw = await exchange(gateway.port, head + tail + _SMUGGLED * 2, timeout=5)
    assert raw.count(b"HTTP/1.1 ") == 1, raw
    answer = read_answer(raw)
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert gateway.upstream.bytes_received == before


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_a_flood_of_headers_gets_431_and_a_closed_connection(
    gateway: Gateway, flood: bytes
) -> None:
    raw = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n" + flood + b"\r\n"
    answer = read_answer(await exchange(gateway.port, raw, timeout=5))
    assert answer.status == 431
    assert answer.headers["connection"] == "close"


async def test_an_upgrade_is_not_followed_and_both_requests_are_answered(
    gateway: Gateway, key: str
) -> None:
    named = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    asking = write_request(key=key, method="GET", path="/v1/models", headers=named)
    plain = write_request(key=key, method="GET", path="/v1/models")
    raw = await exchange(gateway.port, asking + plain, timeout=5)
    assert raw.count(b"HTTP/1.1 200 ") == raw.count(b"HTTP/1.1 ") == 2


# --- the siege ------------------------------------------------------------------------------


@dataclass
class Siege:
    """What each of the besiegers and the callers inside saw.

    Attributes:
        calls: status → how often, of callers with a key.
        keyless: the same of callers without.
        slowest_seconds: of a call with a key.
        grown_bytes: how much more memory the process held afterwards.
    """

    calls: Counter[int] = field(default_factory=Counter)
    keyless: Counter[int] = field(default_factory=Counter)
    slowest_seconds: float = 0
    grown_bytes: int = 0
    log: str = ""


async def hold_open(port: int, raw: bytes, count: int, seconds: float) -> None:
    """Open connections, send each so much, and keep them."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in opened:
        writer.write(raw)
    await asyncio.sleep(seconds)
    for _, writer in opened:
        writer.transport.abort()


async def flood(port: int, siege: Siege) -> None:
    """Ask without a key, from fifty connections at a time."""
    left = iter(range(_KEYLESS))

    async def ask_on() -> None:
        for _ in left:
            siege.keyless[(await ask(port, say())).status] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(ask_on())


async def call_on(port: int, key: str, siege: Siege, until: float) -> None:
    while time.monotonic() < until:
        started = time.monotonic()
        answer = await ask(port, say(), key=key)
        siege.calls[answer.status] += 1
        siege.slowest_seconds = max(siege.slowest_seconds, time.monotonic() - started)
        await asyncio.sleep(0.1)


async def besiege(gateway: Gateway, key: str) -> Siege:
    siege, port = Siege(), gateway.port
    before = gateway.rss_bytes
    until = time.monotonic() + _SIEGE_SECONDS
    async with asyncio.TaskGroup() as group:
        group.create_task(hold_open(port, b"", _IDLE, _SIEGE_SECONDS - 1))
        group.create_task(hold_open(port, _POST + b"x-a", _HALF_OPEN, _SIEGE_SECONDS - 1))
        for _ in range(4):
            group.create_task(call_on(port, key, siege, until))
        group.create_task(flood(port, siege))
    siege.grown_bytes = gateway.rss_bytes - before
    siege.log = gateway.log
    return siege


@pytest.fixture(scope="module")
def siege() -> Iterator[Siege]:
    with run_gateway() as gateway:
        key = gateway.create_key()
        asyncio.run(ask(gateway.port, say(), key=key))
        yield asyncio.run(besiege(gateway, key))


def test_no_caller_with_a_key_fails_during_a_siege(siege: Siege) -> None:
    assert set(siege.calls) == {200}
    assert siege.calls[200] > 100
    assert siege.slowest_seconds < 3


def test_every_caller_without_a_key_is_told_so(siege: Siege) -> None:
    assert siege.keyless == {401: _KEYLESS}


def test_a_siege_costs_little_memory_and_no_fault(siege: Siege) -> None:
    assert siege.grown_bytes < 40_000_000
    assert "Traceback" not in siege.log

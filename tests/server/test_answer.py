"""An answer's head goes out with what follows it, is held for a moment only, and is not forged."""

import asyncio
import logging
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from alos.server.answer import Exchange

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n"
SIZED = [(b"content-length", b"8")]


class Wire:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def open_exchange(*, method: str = "POST", keep_alive: bool = True) -> tuple[Exchange, Wire]:
    wire = Wire()
    transport = cast("asyncio.Transport", wire)
    exchange = Exchange(
        scope=cast("Any", {"type": "http", "method": method}),
        transport=transport,
        flow=FlowControl(transport),
        logger=logging.getLogger(__name__),
        access_logger=logging.getLogger(__name__),
        access_log=False,
        default_headers=[],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )
    return exchange, wire


def start(headers: list[tuple[bytes, bytes]], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def piece(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def test_a_head_and_its_body_are_one_write() -> None:
    exchange, wire = open_exchange()
    await exchange.send(start(SIZED))
    await exchange.send(piece(b"body", more=True))
    await exchange.send(piece(b"more"))
    await asyncio.sleep(0)
    assert wire.written == [HEAD + b"body", b"more"]
    assert exchange.response_complete
    assert not wire.closed


async def test_a_head_alone_goes_out_in_the_loops_next_round() -> None:
    exchange, wire = open_exchange()
    await exchange.send(start(SIZED))
    assert not wire.written
    await asyncio.sleep(0)
    assert wire.written == [HEAD]
    await exchange.send(piece(b"the body"))
    assert wire.written == [HEAD, b"the body"]


async def test_an_answer_of_unknown_length_goes_in_chunks() -> None:
    exchange, wire = open_exchange()
    await exchange.send(start([(b"X-Kind", b"a")]))
    await exchange.send(piece(b"body", more=True))
    await exchange.send(piece(b"", more=True))
    await exchange.send(piece(b""))
    head = b"HTTP/1.1 200 OK\r\nx-kind: a\r\ntransfer-encoding: chunked\r\n\r\n"
    assert b"".join(wire.written) == head + b"4\r\nbody\r\n0\r\n\r\n"


async def test_an_answer_to_head_has_no_body() -> None:
    exchange, wire = open_exchange(method="HEAD")
    await exchange.send(start(SIZED))
    await exchange.send(piece(b"the body"))
    assert b"".join(wire.written) == HEAD


async def test_a_connection_that_is_not_kept_says_so_and_closes() -> None:
    exchange, wire = open_exchange(keep_alive=False)
    await exchange.send(start(SIZED))
    await exchange.send(piece(b"the body"))
    assert wire.written == [HEAD[:-2] + b"connection: close\r\n\r\nthe body"]
    assert wire.closed


async def test_an_application_that_says_close_closes() -> None:
    exchange, wire = open_exchange()
    await exchange.send(start([*SIZED, (b"connection", b"close")]))
    await exchange.send(piece(b"the body"))
    assert wire.written[0].count(b"connection: close") == 1
    assert wire.closed


@pytest.mark.parametrize(
    "field",
    [
        (b"x-name", b"a\r\nset-cookie: b"),
        (b"x-name", b"a\nb"),
        (b"x-name", b"a\x00"),
        (b"x-name\r\nx-other", b"a"),
        (b"x name", b"a"),
        (b"x-name:", b"a"),
    ],
    ids=["line ends in a value", "a line feed", "a null", "line ends in a name", "space", "colon"],
)
async def test_no_field_can_begin_another_line(field: tuple[bytes, bytes]) -> None:
    exchange, wire = open_exchange()
    with pytest.raises(RuntimeError, match="header field"):
        await exchange.send(start([*SIZED, field]))
    await asyncio.sleep(0)
    assert wire.written == []


@pytest.mark.parametrize("body", [b"short", b"far too long"])
async def test_a_body_is_as_long_as_its_head_says(body: bytes) -> None:
    exchange, wire = open_exchange()
    await exchange.send(start(SIZED))
    with pytest.raises(RuntimeError, match="as long as"):
        await exchange.send(piece(body))
    assert body not in b"".join(wire.written)


async def test_nothing_follows_a_complete_answer() -> None:
    exchange, wire = open_exchange()
    with pytest.raises(RuntimeError, match="no place"):
        await exchange.send(piece(b"early"))
    await exchange.send(start(SIZED))
    await exchange.send(piece(b"the body"))
    for late in (piece(b""), start(SIZED)):
        with pytest.raises(RuntimeError):
            await exchange.send(late)
    assert wire.written == [HEAD + b"the body"]


async def test_a_head_is_not_written_to_a_connection_that_closes() -> None:
    exchange, wire = open_exchange()
    await exchange.send(start(SIZED))
    wire.close()
    await asyncio.sleep(0)
    assert wire.written == []

"""A head goes out with what follows it, and never waits for long."""

import asyncio
from typing import cast

from alos.server.cork import Cork

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


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


def open_cork() -> tuple[Cork, Wire]:
    wire = Wire()
    return Cork(cast("asyncio.Transport", wire), asyncio.get_running_loop()), wire


async def test_a_head_and_its_body_are_one_write() -> None:
    cork, wire = open_cork()
    cork.write(HEAD)
    cork.write(b"body")
    cork.write(b"more")
    await asyncio.sleep(0)
    assert wire.written == [HEAD + b"body", b"more"]


async def test_a_head_alone_goes_out_in_the_loops_next_round() -> None:
    cork, wire = open_cork()
    cork.write(HEAD)
    assert not wire.written
    await asyncio.sleep(0)
    assert wire.written == [HEAD]


async def test_an_empty_body_and_a_close_send_the_head() -> None:
    cork, wire = open_cork()
    cork.write(HEAD)
    cork.write(b"")
    cork.write(HEAD)
    cork.close()
    assert wire.written == [HEAD, HEAD]
    assert cork.is_closing()

"""What takes long for its own sake: clients that drip, and the grace of a gateway told to stop.

It runs on threads beside the other tests, with gateways of its own; ``test_patience.py`` looks at
what came of it.
"""

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import Answer, ask, say, write_request
from tests.e2e.records import Journal

STRANGERS = 60


@dataclass(frozen=True)
class Dripped:
    """How a slow client fared."""

    raw: bytes
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """A gateway that was told to stop while two streams ran.

    Attributes:
        status: its exit status.
        short: the answer that ends within the grace.
        long: the one that never does.
    """

    status: int
    seconds: float
    short: Answer
    long: Answer
    journal: Journal
    has_socket: bool
    log: str


class Patience:
    """The results, each as soon as it is there."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, "patience")
        self.dripped: Future[tuple[Dripped, Dripped]] = self._threads.submit(_drip_both)
        self.stopped: Future[Stopped] = self._threads.submit(_stop_under_streams)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)


def _drip_both() -> tuple[Dripped, Dripped]:
    with run_gateway() as gateway:
        key = gateway.create_key()
        head = b"GET / HTTP/1.1\r\nx-a: "
        body = write_request(b"x" * 100, key=key)[:-50]

        async def drip() -> tuple[Dripped, Dripped]:
            async with asyncio.TaskGroup() as group:
                dripping = group.create_task(_drip(gateway.port, head, b"y"))
                stalled = group.create_task(_drip(gateway.port, body, b""))
            return dripping.result(), stalled.result()

        return asyncio.run(drip())


async def _drip(port: int, first: bytes, piece: bytes) -> Dripped:
    """Send a start, then a piece each second for ever (nothing at all, if it is empty)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()
    writer.write(first)

    async def send() -> None:
        while piece:
            await asyncio.sleep(1)
            writer.write(piece)

    sending = asyncio.ensure_future(send())
    try:
        raw = await asyncio.wait_for(reader.read(), 60)
    finally:
        sending.cancel()
        writer.transport.abort()
    return Dripped(raw, time.monotonic() - started)


def _stop_under_streams() -> Stopped:
    with run_gateway() as gateway:
        return asyncio.run(_stop(gateway))


async def _stop(gateway: Gateway) -> Stopped:
    key = gateway.create_key()
    for _ in range(STRANGERS):
        assert (await ask(gateway.port, say())).status == 401
    short, long = (
        asyncio.ensure_future(ask(gateway.port, say(f"[[{word}]]", stream=True), key=key))
        for word in ("trickle", "endless")
    )
    await asyncio.sleep(0.3)
    started = time.monotonic()
    status = await asyncio.to_thread(gateway.stop)
    return Stopped(
        status=status,
        seconds=time.monotonic() - started,
        short=await short,
        long=await long,
        journal=gateway.read_journal(),
        has_socket=(gateway.home / "alos.sock").exists(),
        log=gateway.log,
    )

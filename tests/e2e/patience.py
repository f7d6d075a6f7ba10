"""What takes long for its own sake: slow clients, the grace of a stop, and the demo's real model.

It runs on threads beside the other tests, with gateways of its own; ``test_patience.py`` looks at
what came of it.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import Answer, ask, say, write_request
from tests.e2e.processes import get_child_environment
from tests.e2e.records import Journal, read_journal

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


@dataclass(frozen=True)
class Demo:
    """One run of ``alos demo --once``.

    Attributes:
        kept: everything in its folder, by path.
    """

    status: int
    words: str
    journal: Journal
    kept: Mapping[str, bytes]


class Patience:
    """The results, each as soon as it is there."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(3, "patience")
        self.dripped: Future[tuple[Dripped, Dripped]] = self._threads.submit(_drip_both)
        self.stopped: Future[Stopped] = self._threads.submit(_stop_under_streams)
        self.demo: Future[Demo] = self._threads.submit(_run_demo)
        self.demo_in_vain: Future[Demo] = self._threads.submit(_run_demo, "--vendor", "openai")

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)


def _run_demo(*words: str) -> Demo:
    """The demo as a user runs it; no vendor's credential is in its environment."""
    with tempfile.TemporaryDirectory(prefix="alos-demo-") as name:
        folder = Path(name)
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-m", "alos", "demo", "--once", "--home", name, *words],
            env=get_child_environment(),
            capture_output=True,
            text=True,
            timeout=380,
            check=False,
        )
        return Demo(
            done.returncode,
            done.stdout + done.stderr,
            read_journal(folder / ".alos" / "journal"),
            {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()},
        )


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

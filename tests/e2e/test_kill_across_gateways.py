"""A kill on one of four gateways is a kill on all of them, whatever else is down."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus

import pytest

from tests.e2e.cluster import STALE_SECONDS, Cluster, run_cluster
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import Answer, ask, say
from tests.e2e.organisation import QUESTIONS, SUPPORT

pytestmark = pytest.mark.timeout(300)
WITHIN_SECONDS = 1.0
TARGET = {"kind": "workflow", "target": SUPPORT}
STOPPED = b"alos_workflow_stopped"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch, run_cluster(patch) as running:
        yield running


@pytest.fixture(scope="module")
def key(cluster: Cluster) -> str:
    """For the tier 2 workflow, made on one gateway."""
    return cluster.gateways[0].create_key(SUPPORT)


@pytest.fixture(scope="module")
def lower_key(cluster: Cluster) -> str:
    return cluster.gateways[0].create_key(QUESTIONS)


async def wait_for(
    cluster: Cluster, key: str, is_so: Callable[[Answer], bool], seconds: float = 10
) -> None:
    """Wait until every gateway answers like that."""
    until = time.monotonic() + seconds
    for gateway in cluster.gateways:
        while not is_so(answer := await ask(gateway.port, say(), key=key)):
            assert time.monotonic() < until, answer.body
            await asyncio.sleep(0.05)


def is_served(answer: Answer) -> bool:
    return answer.status == HTTPStatus.OK


def is_stopped(answer: Answer) -> bool:
    return STOPPED in answer.body


Stream = asyncio.Future[tuple[Answer, float]]


async def begin_streams(cluster: Cluster, key: str) -> list[Stream]:
    """A stream that flows through every gateway; its answer, and when it was at its end."""

    async def watch(gateway: Gateway) -> tuple[Answer, float]:
        answer = await ask(gateway.port, say("[[endless]]", stream=True), key=key)
        return answer, time.monotonic()

    streams: list[Stream] = [asyncio.ensure_future(watch(gateway)) for gateway in cluster.gateways]
    await asyncio.sleep(1)
    assert not any(stream.done() for stream in streams)
    return streams


async def pull_and_wait(streams: list[Stream], pull: Callable[[], Awaitable[None]]) -> float:
    """Seconds from the pull until the last stream was at its proper end."""
    started = time.monotonic()
    await pull()
    seconds = []
    for stream in streams:
        answer, ended = await asyncio.wait_for(stream, 20)
        *_, error, done, nothing = answer.body.split(b"\n\n")
        assert STOPPED in error
        assert (done, nothing) == (b"data: [DONE]", b"")
        seconds.append(ended - started)
    return max(seconds)


@pytest.mark.parametrize("parts", [(), ("postgresql",), ("valkey",)], ids=str)
async def test_a_kill_on_one_cuts_streams_on_all_with_either_way_down(
    cluster: Cluster, key: str, parts: tuple[str, ...]
) -> None:
    await wait_for(cluster, key, is_served)
    first, second, *_ = cluster.gateways

    async def pull() -> None:
        status, answer = await asyncio.to_thread(first.manage, "POST", "/api/v1/stops", TARGET)
        assert status == HTTPStatus.CREATED, answer

    streams = await begin_streams(cluster, key)
    with cluster.stopped(*parts):
        assert await pull_and_wait(streams, pull) <= WITHIN_SECONDS
        await wait_for(cluster, key, is_stopped, 1)
    await wait_for(cluster, key, is_stopped, 1)
    until = time.monotonic() + 15
    while second.manage("POST", "/api/v1/revivals", TARGET)[0] != HTTPStatus.OK:
        assert time.monotonic() < until  # the store has just come back
        await asyncio.sleep(0.1)
    await wait_for(cluster, key, is_served)


async def test_with_both_down_the_kill_file_works_and_gateways_without_news_refuse(
    cluster: Cluster, key: str, lower_key: str
) -> None:
    await wait_for(cluster, key, is_served)
    await wait_for(cluster, lower_key, is_served)

    async def pull() -> None:
        for gateway in cluster.gateways:
            (gateway.home / "kill").write_text(f"workflow {SUPPORT}\n")

    streams = await begin_streams(cluster, key)
    with cluster.stopped("postgresql", "valkey"):
        assert await pull_and_wait(streams, pull) <= WITHIN_SECONDS
        for gateway in cluster.gateways:
            (gateway.home / "kill").unlink()
        stale = b"alos_standing_stale"
        await wait_for(cluster, key, lambda answer: stale in answer.body, STALE_SECONDS + 3)
        await wait_for(cluster, lower_key, is_served, 1)  # Tier 1 goes on
    await wait_for(cluster, key, is_served, 20)


def test_every_gateway_measured_how_long_it_took(cluster: Cluster) -> None:
    for gateway in cluster.gateways[1:]:
        _, page = gateway.get("/metrics")
        counts = dict(
            re.findall(rb'alos_kill_propagation_seconds_count\{way="(\w+)"\} ([0-9.]+)', page)
        )
        assert float(counts[b"kill_file"]) == 1
        assert float(counts.get(b"store", 0)) + float(counts.get(b"channel", 0)) == 3

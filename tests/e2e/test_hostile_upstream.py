"""Model servers that misbehave: no call hangs, no record is lost, no memory stays behind."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from alos.domain.record import Outcome
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import Answer, ask, say
from tests.e2e.organisation import MODEL, QUESTIONS, SUPPORT, UPSTREAM_SECONDS

WORDS = (
    "stall",
    "hang",
    "breakoff",
    "fail",
    "garbage",
    "busy",
    "redirect",
    "flood",
    "drip",
    "torn",
    "bomb",
)
_IN_TIME = 4 * UPSTREAM_SECONDS + 10
"""Two tries, a pause, and a machine with much else to do."""
_STORM = 300
PATIENT = (
    (
        "alos.yaml",
        "    credential: none\n    timeouts",
        "    credential: none\n    breaker: {failures: 100000}\n    timeouts",
    ),
)
BRIEF = (
    (
        "alos.yaml",
        "    credential: none\n    timeouts",
        "    credential: none\n    breaker: {failures: 5, pause_seconds: 1}\n    timeouts",
    ),
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway(changes=PATIENT) as running:
        yield running


async def ask_in_time(gateway: Gateway, key: str, word: str, *, stream: bool) -> Answer:
    started = time.monotonic()
    body = say(f"[[{word}]] hello", stream=stream)
    answer = await ask(gateway.port, body, key=key, timeout=_IN_TIME + 5)
    assert time.monotonic() - started < _IN_TIME, word
    return answer


async def test_no_call_hangs_and_each_leaves_one_record_and_no_memory(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS)
    shapes = [(word, stream) for word in WORDS for stream in (False, True)]
    rounds = []
    for _ in range(4):
        answers = await asyncio.gather(  # noqa: TID251 - side by side, as callers are
            *(ask_in_time(gateway, key, word, stream=stream) for word, stream in shapes)
        )
        rounds.append((gateway.rss_bytes, answers))
    for (word, stream), answer in zip(shapes, rounds[-1][1], strict=True):
        begun = answer.status == HTTPStatus.OK
        assert begun or answer.status in {429, 502, 504}, (word, stream, answer.status)
        if begun:
            assert stream, word
            assert b"alos_upstream" in answer.body, word
    grown = rounds[-1][0] - rounds[0][0]
    assert grown < 60_000_000, [rss for rss, _ in rounds]
    calls = [answer.headers["x-alos-call"] for _, answers in rounds for answer in answers]
    records = [gateway.wait_until_shipped(call)["record"] for call in calls]
    assert len({record["call_id"] for record in records}) == 4 * len(shapes)
    assert {record["outcome"] for record in records} <= {Outcome.REFUSED, Outcome.CUT}


async def test_many_streams_at_once_cost_little_memory_and_leave_a_record_each(
    gateway: Gateway,
) -> None:
    """The small sibling of ``benchmarks/streams.py``."""
    key = gateway.create_key(SUPPORT)
    before = gateway.rss_bytes
    answers = await asyncio.gather(  # noqa: TID251 - side by side, as callers are
        *(ask_in_time(gateway, key, "trickle", stream=True) for _ in range(200))
    )
    assert all(b"data: [DONE]" in one.body for one in answers)
    assert gateway.rss_bytes - before < 60_000_000
    assert gateway.wait_until_shipped(answers[-1].headers["x-alos-call"])


async def test_a_usage_beyond_reason_is_recorded_and_closes_the_workspace(
    gateway: Gateway,
) -> None:
    key = gateway.create_key(QUESTIONS)
    answer = await ask_in_time(gateway, key, "huge", stream=False)
    assert answer.status == HTTPStatus.OK
    record = gateway.wait_until_shipped(answer.headers["x-alos-call"])["record"]
    assert record["usage"]["input_tokens"] == 10**9
    until = time.monotonic() + 5
    while (await ask(gateway.port, say("hello"), key=key)).status != HTTPStatus.FORBIDDEN:
        assert time.monotonic() < until, "the workspace is open"


async def test_a_storm_of_errors_opens_the_breaker_and_calm_closes_it() -> None:
    with run_gateway(changes=BRIEF) as gateway:
        key = gateway.create_key(QUESTIONS)
        answers = await asyncio.gather(  # noqa: TID251 - side by side, as callers are
            *(ask_in_time(gateway, key, "fail", stream=False) for _ in range(_STORM))
        )
        asked = len(gateway.upstream.bodies)
        answers += await asyncio.gather(  # noqa: TID251 - side by side, as callers are
            *(ask_in_time(gateway, key, "fail", stream=False) for _ in range(_STORM))
        )
        assert Counter(answer.status for answer in answers) == {502: 2 * _STORM}
        paused = [one for one in answers if b"alos_upstream_paused" in one.body]
        assert paused
        assert all("retry-after" in one.headers for one in paused)
        assert len(gateway.upstream.bodies) - asked < _STORM
        page = gateway.get("/metrics")[1].decode()
        assert f'model="{MODEL}",reason="http_500"' in page
        until = time.monotonic() + 20
        while (await ask(gateway.port, say("hello"), key=key)).status != HTTPStatus.OK:
            assert time.monotonic() < until, "the breaker never closed"
            await asyncio.sleep(0.2)
        assert gateway.stop() == 0
        journal = gateway.read_journal()
        assert journal.list_open() == set()
        closed = Counter(entry.call_id for entry in journal.closings)
        assert all(closed[one.headers["x-alos-call"]] == 1 for one in answers)

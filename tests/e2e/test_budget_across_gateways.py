"""Four gateways on one budget spend all of it and never more, though some are killed."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from itertools import cycle

import pytest

from alos.domain.record import Outcome
from tests.e2e.cluster import Cluster, run_cluster
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import Answer, ask, exchange, read_answer, say, write_request
from tests.e2e.organisation import (
    INPUT_NANOUSD,
    OUTPUT_NANOUSD,
    QUESTIONS,
    RARE,
    get_path,
)
from tests.e2e.upstream import COMPLETION_TOKENS, PROMPT_TOKENS

pytestmark = pytest.mark.timeout(300)
LIMIT_NANOUSD = 10_000_000
_SMALL = (get_path(QUESTIONS), "monthly_budget_usd: 20", "monthly_budget_usd: 0.01")
_TOKENS = 16
_BILL_NANOUSD = PROMPT_TOKENS * INPUT_NANOUSD + COMPLETION_TOKENS * OUTPUT_NANOUSD
_CLIENTS = 6
_QUIET_SECONDS = 3.0
"""Longer than it takes until what one gateway gave back is seen by the others."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch, run_cluster(patch, changes=[_SMALL]) as running:
        yield running


class Hammer:
    """Clients of one gateway that ask until its budget is used up for a while."""

    def __init__(self, gateway: Gateway, key: str) -> None:
        self.gateway, self.key = gateway, key
        self.codes: Counter[str] = Counter()
        self.served: list[Answer] = []
        self._refused_since: float | None = None

    @property
    def is_done(self) -> bool:
        since = self._refused_since
        return since is not None and time.monotonic() > since + _QUIET_SECONDS

    async def ask_on(self) -> None:
        while not self.is_done:
            answer = await self._ask()
            if answer is None:  # it was killed
                self.codes["broken"] += 1
                self._refused_since = None
                await asyncio.sleep(0.1)
                continue
            self._count(answer)
            if answer.status != HTTPStatus.OK:
                await asyncio.sleep(0.05)

    async def _ask(self) -> Answer | None:
        """The whole answer, where there is one."""
        request = write_request(say("Which?", max_tokens=_TOKENS), key=self.key)
        try:
            raw = await exchange(self.gateway.port, request)
        except OSError:
            return None
        answer = read_answer(raw) if raw.startswith(b"HTTP/1.1 ") else None
        return answer if answer is not None and answer.is_whole else None

    def _count(self, answer: Answer) -> None:
        if answer.status == HTTPStatus.OK:
            self._refused_since = None
            self.served.append(answer)
        elif self._refused_since is None:
            self._refused_since = time.monotonic()
        self.codes["served" if answer.status == HTTPStatus.OK else answer.code] += 1


async def kill_and_start(gateway: Gateway, after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    await asyncio.to_thread(gateway.kill)
    await asyncio.to_thread(gateway.start)


async def test_four_gateways_spend_one_budget_once_though_two_are_killed(cluster: Cluster) -> None:
    key = cluster.gateways[0].create_key(QUESTIONS)
    await asyncio.sleep(2)  # until all have heard of the key
    hammers = [Hammer(gateway, key) for gateway in cluster.gateways]
    async with asyncio.TaskGroup() as group:
        for hammer in hammers:
            for _ in range(_CLIENTS):
                group.create_task(hammer.ask_on())
        for seconds, gateway in zip((0.4, 0.9), cluster.gateways[1:3], strict=True):
            group.create_task(kill_and_start(gateway, seconds))
    for gateway in cluster.gateways:
        assert gateway.stop() == 0
    journals = [gateway.read_journal() for gateway in cluster.gateways]
    for journal in journals:
        journal.check_once()
    closings = [entry for journal in journals for entry in journal.closings]
    ceiling = max(entry.reserved_nanousd for entry in closings)
    swept = sum(one.cost_nanousd for one in closings if one.outcome is Outcome.UNKNOWN)
    spent = sum(one.cost_nanousd for one in closings) - swept
    print(f"spent {spent}, swept {swept}, at a ceiling of {ceiling}")  # noqa: T201 - the figures
    billed = len(cluster.gateways[0].upstream.bodies) * _BILL_NANOUSD
    assert billed <= LIMIT_NANOUSD
    # What is swept stays counted at its ceiling, also where it had only waited for its budget.
    assert LIMIT_NANOUSD - ceiling < spent + swept
    assert spent <= LIMIT_NANOUSD
    for hammer in hammers:
        assert set(hammer.codes) <= {"served", "broken", "alos_budget_exceeded"}, hammer.codes
    assert sum(bool(hammer.served) for hammer in hammers) >= 2
    assert hammers[1].codes["broken"]


async def test_a_rate_of_two_a_minute_is_two_over_all_gateways(cluster: Cluster) -> None:
    key = cluster.gateways[0].create_key(RARE)
    await asyncio.sleep(2)
    ports = cycle(gateway.port for gateway in cluster.gateways)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(next(ports), say(), key=key)) for _ in range(12)]
    answers = [task.result() for task in asked]
    counted = Counter(answer.status for answer in answers)
    assert counted == {HTTPStatus.OK: 2, HTTPStatus.TOO_MANY_REQUESTS: 10}
    refused = next(one for one in answers if one.status == HTTPStatus.TOO_MANY_REQUESTS)
    assert 1 <= int(refused.headers["retry-after"]) <= 60

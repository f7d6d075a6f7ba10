"""A gateway that is killed in the middle of its work forgets no answer and counts none twice."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from secrets import SystemRandom

import pytest

from alos.domain.money import from_usd
from alos.domain.record import Outcome
from alos.server.bootstrap import open_ledger_home
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import Answer, abandon, ask, read_answer, say, write_request
from tests.e2e.organisation import QUESTIONS, get_path
from tests.e2e.records import get_personal

_KILLS = 6
"""`python -m benchmarks.kills --kills 200` kills more often."""
_AT_ONCE = 12
_RICH = (get_path(QUESTIONS), "max_cost_per_call_usd: 0.01", "max_cost_per_call_usd: 1000")
_TOO_DEAR = "x" * 1_000_000
"""At one micro-dollar a byte this can't be set aside beside anything else."""
_BUDGET = (get_path(QUESTIONS), "monthly_budget_usd: 20", "monthly_budget_usd: 1")


@dataclass
class Load:
    """What the clients of one gateway saw.

    Attributes:
        answered: calls whose answer came whole.
        begun: calls that have an id, whatever became of them.
    """

    answered: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    number: int = 0

    def take(self, answer: Answer) -> None:
        if not answer.call:
            return
        self.begun.add(answer.call)
        is_stream = "text/event-stream" in answer.headers.get("content-type", "")
        is_ended = answer.body.endswith(b"data: [DONE]\n\n") and b'"error"' not in answer.body
        if answer.status == 200 and answer.is_whole and (is_ended or not is_stream):
            self.answered.add(answer.call)


CHANGES = [_RICH, _BUDGET]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with run_gateway(changes=CHANGES) as running:
        yield running


async def drive(gateway: Gateway, key: str, load: Load) -> None:
    """Call without a pause until nobody answers any more."""

    async def call_on_and_on() -> None:
        while True:
            load.number += 1
            word = ("", "[[trickle]]", "", "[[hang]]")[load.number % 4]
            body = say(f"{word} Question {load.number}?", stream=load.number % 3 == 0)
            raw = b""
            try:
                raw = await asyncio.wait_for(_exchange_all(gateway.port, body, key), 10)
            except OSError:
                return
            if raw.startswith(b"HTTP/1.1 "):
                load.take(read_answer(raw))

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(call_on_and_on())


async def _exchange_all(port: int, body: object, key: str) -> bytes:
    request = write_request(body, key=key)
    return await abandon(port, request, after_bytes=1_000_000)


async def kill_after(gateway: Gateway, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(gateway.kill)


async def get_spent_nanousd(gateway: Gateway, key: str) -> int:
    """What the gateway holds against the workflow's budget, from its own refusal."""
    answer = await ask(gateway.port, say(_TOO_DEAR), key=key)
    assert answer.code == "alos_budget_exceeded", answer.message
    found = re.search(rf"workflow:{QUESTIONS}: ([0-9.]+) of", answer.message)
    assert found is not None, answer.message
    return from_usd(found[1])


async def kill_often(
    gateway: Gateway, key: str, kills: int, on_kill: Callable[[int], None] = lambda _: None
) -> Load:
    """Kill at random moments under load; after each start budgets are the sum of the records."""
    load = Load()
    for number in range(kills):
        wait_seconds = SystemRandom().uniform(0.2, 1.2)
        await asyncio.gather(  # noqa: TID251 - the kill ends the clients
            drive(gateway, key, load), kill_after(gateway, wait_seconds)
        )
        await asyncio.to_thread(gateway.start)
        on_kill(number + 1)
    assert await get_spent_nanousd(gateway, key) == gateway.read_journal().cost_nanousd
    return load


def check_records(gateway: Gateway, load: Load) -> None:
    """No answer without its record, nothing twice, nothing open, and the ledger verifies."""
    journal = gateway.read_journal()
    by_call = journal.by_call
    assert {call for call in load.answered if call not in by_call} == set()
    assert {by_call[call].outcome for call in load.answered} == {Outcome.ANSWERED}
    assert {call for call in load.begun if call not in by_call} == set()
    assert journal.list_open() == set()
    assert journal.torn == 0
    swept = [one for one in journal.closings if one.outcome is Outcome.UNKNOWN]
    assert swept, "calls were under way at every kill"
    assert all(one.cost_nanousd == one.reserved_nanousd > 0 for one in swept)
    assert {one.vendor for one in swept} == {"local"}
    assert all(get_personal(one, "principal") for one in swept)
    assert gateway.index.get_call(swept[0].call_id) is not None
    with open_ledger_home(gateway.home) as ledger:
        report = ledger.check(outside=[], trusted=[], progress=lambda _done, _total: None)
    assert report.problems == []
    assert report.unsealed == 0


async def test_after_each_kill_every_answer_has_one_record_and_budgets_are_their_sum(
    gateway: Gateway,
) -> None:
    load = await kill_often(gateway, gateway.create_key(QUESTIONS), _KILLS)
    assert gateway.stop() == 0
    assert len(load.answered) > 20
    check_records(gateway, load)

"""A real PostgreSQL dies under traffic and comes back: nothing is lost, nothing counted twice."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from alos.store.engine import Store
from alos.store.tables import calls
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS
from tests.store.databases import Postgresql, running_postgresql

pytestmark = pytest.mark.timeout(400)
_LIMIT_SECONDS = 10
_AT_ONCE = 3


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgresql]:
    with running_postgresql() as running:
        monkeypatch.setenv("ALOS_DATABASE", running.make_empty())
        monkeypatch.setenv("ALOS_STALE_LIMIT_SECONDS", str(_LIMIT_SECONDS))
        monkeypatch.setenv("ALOS_LAST_STALE_LIMIT_SECONDS", str(_LIMIT_SECONDS))
        yield running


@pytest.fixture
def gateway(server: Postgresql) -> Iterator[Gateway]:  # noqa: ARG001 - it is named in the environment
    with run_gateway() as running:
        yield running
        running.index._store.close()


class Traffic:
    """Callers that never pause, and what they were told in each phase."""

    def __init__(self, gateway: Gateway, key: str) -> None:
        self.phase = "before"
        self.told: dict[str, Counter[str]] = {}
        self.answered: set[str] = set()
        self._gateway = gateway
        self._key = key
        self._is_over = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._call_on_and_on())

    def end(self) -> None:
        self._is_over = True

    def count(self, word: str) -> int:
        return self.told.get(self.phase, Counter())[word]

    async def wait_for(self, word: str, least: int = 3) -> None:
        until = time.monotonic() + 90
        while self.count(word) < least:
            assert time.monotonic() < until, f"{self.phase}: {self.told}"
            await asyncio.sleep(0.05)

    async def _call_on_and_on(self) -> None:
        while not self._is_over:
            phase = self.phase
            answer = await ask(self._gateway.port, say(), key=self._key)
            word = "answered" if answer.status == 200 else f"{answer.status} {answer.code}"
            self.told.setdefault(phase, Counter())[word] += 1
            if answer.status == 200:
                self.answered.add(answer.call)
            await asyncio.sleep(0.02)


async def take_the_database_away(traffic: Traffic, server: Postgresql) -> None:
    """Kill it under traffic, wait until calls are refused, and start it again."""
    await traffic.wait_for("answered")

    await asyncio.to_thread(server.crash)
    traffic.phase = "down"
    await traffic.wait_for("answered")
    await traffic.wait_for("503 alos_standing_stale")

    await asyncio.to_thread(server.start_again)
    traffic.phase = "starting"
    await traffic.wait_for("answered")
    traffic.phase = "after"
    await traffic.wait_for("answered", 10)


async def test_calls_go_on_for_the_limit_and_flow_in_afterwards_each_once(
    gateway: Gateway, server: Postgresql
) -> None:
    """Within the share that is set aside too, whose end busy callers may meet before the limit."""
    traffic = Traffic(gateway, gateway.create_key(QUESTIONS))
    async with asyncio.TaskGroup() as group:
        group.create_task(traffic.run())
        await take_the_database_away(traffic, server)
        traffic.end()

    told = {phase: set(words) for phase, words in traffic.told.items()}
    assert told["before"] == {"answered"}
    assert told["down"] - {"503 alos_counters_down"} == {"answered", "503 alos_standing_stale"}
    assert told["after"] == {"answered"}

    assert gateway.stop() == 0
    journal = gateway.read_journal()
    journal.check_once()
    assert traffic.answered <= set(journal.by_call)
    assert count_rows(gateway.index._store) == len(journal.by_call)
    verified = gateway.cli("ledger", "verify", "--json")
    report = json.loads(verified.stdout)
    assert verified.returncode == 0, verified.stdout
    assert (report["gaps"], report["unsealed"]) == ([], 0)
    assert report["leaves"] == report["records"]


def count_rows(store: Store) -> int:
    with store.read() as connection:
        rows = connection.execute(select(func.count(), func.count(calls.c.call_id.distinct())))
        every, different = rows.one()
    assert every == different
    return int(every)

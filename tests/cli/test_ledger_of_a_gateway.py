"""The ledger of a gateway that really serves, and is killed while it does."""

import asyncio
import json
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from alos.store.ledger_outside import read_outside
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


async def ask_until_killed(gateway: Gateway, key: str, answered: list[str], most: int) -> None:
    """Ask side by side until nobody answers, and kill the gateway under way."""

    async def ask_on() -> None:
        while True:
            try:
                answer = await ask(gateway.port, say(), key=key, timeout=5)
            except (OSError, AssertionError):  # killed before or within the answer
                return
            if answer.status == 200:
                answered.append(answer.call)
            if len(answered) >= most:
                await asyncio.to_thread(gateway.kill)
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(ask_on())


async def test_a_killed_gateway_leaves_a_ledger_that_verifies_and_proves_each_answer(
    gateway: Gateway,
) -> None:
    key = gateway.create_key(QUESTIONS)
    answered: list[str] = []
    for most in (20, 40, 60):
        await ask_until_killed(gateway, key, answered, most)
        await asyncio.to_thread(gateway.start)
    assert gateway.stop() == 0
    verified = gateway.cli("ledger", "verify", "--json")
    report = json.loads(verified.stdout)
    assert verified.returncode == 0, report["problems"]
    assert (report["unsealed"], report["counts"]) == (0, {})
    assert report["leaves"] == report["records"] > 2 * len(answered)
    for call in (answered[0], answered[25], answered[-1]):
        path = gateway.folder / "evidence.json"
        assert gateway.cli("ledger", "prove", call, "--out", str(path)).returncode == 0
        checked = gateway.cli("verify-evidence", str(path), "--key", report["keys"][0])
        assert checked.returncode == 0, checked.stdout
        assert checked.stdout.startswith("DEV")


async def test_under_load_a_checkpoint_is_never_much_older_than_a_second(
    gateway: Gateway,
) -> None:
    key = gateway.create_key(QUESTIONS)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        assert (await ask(gateway.port, say(), key=key)).status == 200
    notes = await asyncio.to_thread(read_outside, gateway.home / "checkpoints")
    times = [
        int(line.split(" ")[1])
        for note in notes
        for line in note.split("\n")
        if line.startswith("alos.time ")
    ]
    waits = [(later - one) / 1e9 for one, later in pairwise(times)]
    assert len(times) >= 4
    assert max(waits[1:]) < 2  # an idle moment before the first call does not count

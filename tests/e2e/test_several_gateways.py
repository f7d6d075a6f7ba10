"""Two gateways, each with its own data folder, on one database: one ledger of both."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator

import pytest

from alos.domain.record import NoteKind
from alos.server.bootstrap import open_ledger_home
from tests.e2e.gateway import Gateway, lay_out_gateway, run_gateway
from tests.e2e.http_client import Answer, ask, say
from tests.e2e.organisation import QUESTIONS
from tests.e2e.records import Journal
from tests.e2e.upstream import run_upstream
from tests.store.databases import running_postgresql

_CALLS = 40
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with running_postgresql() as server:
        monkeypatch.setenv("ALOS_DATABASE", server.make_empty())
        with run_gateway() as running:
            yield running
            running.index._store.close()


@pytest.fixture
def second(first: Gateway) -> Iterator[Gateway]:
    with run_upstream() as upstream, lay_out_gateway(upstream) as gateway:
        shutil.rmtree(gateway.config)
        shutil.copytree(first.config, gateway.config)
        joined = gateway.cli("join", str(first.home))
        assert joined.returncode == 0, joined.stderr
        yield gateway


async def call_often(gateway: Gateway, key: str) -> list[Answer]:
    return [await ask(gateway.port, say(f"Question {n}?"), key=key) for n in range(_CALLS)]


async def test_two_gateways_fill_one_ledger_and_take_its_sealing_over(
    first: Gateway, second: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = first.create_key(QUESTIONS)
    second.start()
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(call_often(one, key)) for one in (first, second)]
    answers = [run.result() for run in runs]
    assert {one.status for run in answers for one in run} == {200}

    await asyncio.to_thread(wait_for_leaves, second, 2 * 2 * _CALLS)
    # The first seals; it dies, and the second goes on from where it was.
    first.kill()
    more = await call_often(second, key)
    assert {one.status for one in more} == {200}
    await asyncio.to_thread(wait_for_leaves, second, 2 * 3 * _CALLS)
    first.start()
    assert first.stop() == 0
    assert second.stop() == 0

    journals = [first.read_journal(), second.read_journal()]
    for journal in journals:
        journal.check_once()
    assert [len(one.authenticated) for one in journals] == [_CALLS, 2 * _CALLS]
    assert list_noted(journals, NoteKind.GAP) == []
    assert len(list_noted(journals, NoteKind.FOLDER_BORN)) == 1
    assert len(list_noted(journals, NoteKind.LEDGER_KEY)) == 1

    # Without the other's journals nothing is called good; with them everything is.
    alone = second.cli("ledger", "verify", "--json")
    assert alone.returncode == 1
    assert json.loads(alone.stdout)["counts"]["record_missing"] >= 2 * _CALLS
    theirs = answers[0][0].call
    shown = second.cli("call", "show", theirs)
    assert "ALOS_JOURNALS" in shown.stdout, shown.stdout + shown.stderr
    found = second.cli("call", "search", "--limit", "200", "--json")
    assert len(json.loads(found.stdout)["calls"]) == 3 * _CALLS

    monkeypatch.setenv("ALOS_JOURNALS", str(first.home / "journal"))
    whole = second.cli("ledger", "verify", "--outside", str(first.home / "checkpoints"), "--json")
    assert whole.returncode == 0, whole.stdout
    report = json.loads(whole.stdout)
    assert report["leaves"] == report["records"]
    assert report["unsealed"] == 0
    proof = second.cli("why", theirs, "--json")
    assert json.loads(proof.stdout)["proof"]["call_id"] == theirs


def test_a_folder_that_was_not_joined_is_refused_by_the_database_and_leaves_nothing_there(
    first: Gateway, second: Gateway
) -> None:
    shutil.rmtree(second.home)
    process = second.launch()
    assert process.wait(60) == 2
    assert "alos join" in second.log
    assert first.stop() == 0
    assert first.cli("ledger", "verify").returncode == 0


def test_a_further_production_gateway_serves_and_needs_the_database() -> None:
    with running_postgresql() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALOS_DATABASE", server.make_empty())
        with (
            run_gateway(dev=False) as first,
            run_upstream() as upstream,
            lay_out_gateway(upstream, dev=False) as second,
        ):
            assert second.cli("join", str(first.home)).returncode == 0
            second.start()
            assert second.stop() == 0
            patch.delenv("ALOS_DATABASE")
            process = second.launch()
            assert process.wait(60) == 2
            assert "ALOS_DATABASE" in second.log


def list_noted(journals: list[Journal], kind: NoteKind) -> list[object]:
    return [note for journal in journals for note in journal.get_notes(kind)]


def wait_for_leaves(gateway: Gateway, count: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with open_ledger_home(gateway.home) as ledger:
            if ledger.reader.get_size() >= count:
                return
        time.sleep(0.2)
    raise AssertionError(f"{count} leaves were never sealed")

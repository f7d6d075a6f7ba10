import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alos.domain.fault import JournalDown
from alos.domain.ids import VendorName
from alos.domain.record import (
    ClosingEntry,
    NoteEntry,
    NoteKind,
    OpeningEntry,
    Outcome,
    Personal,
)
from alos.ports.clock import SystemClock
from alos.store.engine import Store
from alos.store.folder import list_unsettled, list_writers
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader
from alos.store.journal_state import JournalSettings
from alos.store.shipper import Shipper
from alos.store.spend import get_spend_nanousd
from alos.store.sweeper import Sweep, sweep_dead_writers
from tests.store.samples import ManualClock, make_closing, make_opening

_CHILD = """
import asyncio, sys
from pathlib import Path
from alos.ports.clock import SystemClock
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from tests.store.samples import make_closing, make_opening

async def caller(journal, name):
    number = 0
    while True:
        call = f"call_{name}_{number}"
        journal.open(make_opening(call))
        print("opened", call, flush=True)
        await asyncio.sleep(0.001 * (name % 5))
        await journal.close(make_closing(call))
        print("closed", call, flush=True)
        number += 1

async def main():
    settings = JournalSettings(segment_bytes=100_000, reserve_bytes=0, anonymous_floor_bytes=0,
                               tick_seconds=0.02)
    journal = await FileJournal.start(Path(sys.argv[1]), clock=SystemClock(), settings=settings)
    async with asyncio.TaskGroup() as group:
        for name in range(32):
            group.create_task(caller(journal, name))

asyncio.run(main())
"""


def closings(folder: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for writer in list_writers(folder):
        for sealed in JournalReader(folder, writer):
            if isinstance(sealed.entry, ClosingEntry):
                found[sealed.entry.call_id] += 1
    return found


def openings(folder: Path) -> set[str]:
    return {
        sealed.entry.call_id
        for writer in list_writers(folder)
        for sealed in JournalReader(folder, writer)
        if isinstance(sealed.entry, OpeningEntry)
    }


def segments(folder: Path) -> list[Path]:
    return list(folder.glob("*.alj"))


async def leave_open(folder: Path, clock: ManualClock, *names: str) -> FileJournal:
    """A writer that let go of its lock with open calls."""
    journal = await FileJournal.start(
        folder, clock=clock, settings=JournalSettings(reserve_bytes=0, anonymous_floor_bytes=0)
    )
    for name in names:
        journal.open(make_opening(name))
    await journal.stop()
    return journal


@pytest.mark.parametrize("run", range(3))
async def test_after_kill_9_no_acknowledged_close_is_missing_and_open_calls_are_settled_once(
    tmp_path: Path, run: int
) -> None:
    folder = tmp_path / "journal"
    child = subprocess.Popen(  # noqa: ASYNC220, S603 (our own child)
        [sys.executable, "-c", _CHILD, str(folder)],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(400 + 173 * run)]
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    said: dict[str, set[str]] = {"opened": set(), "closed": set()}
    for line in lines:
        if line.endswith("\n"):
            verb, name = line.split()
            said[verb].add(name)
    assert len(said["closed"]) > 50
    dead = list_unsettled(folder)
    before = closings(folder)
    assert said["closed"] <= set(before)
    assert said["opened"] <= openings(folder)

    journal = await FileJournal.start(folder, clock=SystemClock())
    sweep = await sweep_dead_writers(folder, journal, SystemClock())
    again = await sweep_dead_writers(folder, journal, SystemClock())
    await journal.stop()

    assert sweep.writers == tuple(dead)
    assert sweep.damage == ()
    assert {one.call_id for one in sweep.settled} == openings(folder) - set(before)
    assert again == Sweep(settled=(), writers=(), torn=(), damage=())
    after = closings(folder)
    assert set(after) == openings(folder)
    assert set(after.values()) == {1}
    assert list_unsettled(folder) == []


async def test_a_swept_call_costs_its_ceiling_and_says_that_nobody_knows(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    dead = await leave_open(tmp_path, clock, "call_1")
    journal = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    sweep = await sweep_dead_writers(tmp_path, journal, clock)
    await journal.stop()
    [closing] = sweep.settled
    assert (closing.outcome, closing.cost_nanousd, closing.cost_estimated) == (
        Outcome.UNKNOWN,
        make_opening("call_1").ceiling_nanousd,
        True,
    )
    assert dead.writer in closing.detail
    assert closing in [one.entry for one in JournalReader(tmp_path, journal.writer)]


async def test_a_swept_call_costs_what_was_set_aside_for_all_its_tries(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    first = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    first.open(make_opening("call_1"))
    raised = 3 * make_opening("call_1").ceiling_nanousd
    for call, ceiling in (("call_1", raised), ("call_1", raised - 1), ("call_2", 7)):
        facts = (("call", call), ("ceiling_nanousd", str(ceiling)))
        note = NoteEntry(kind=NoteKind.RESERVATION_RAISED, at_unix_ns=1, facts=facts)
        await first.note(note)
    await first.stop()
    journal = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    sweep = await sweep_dead_writers(tmp_path, journal, clock)
    await journal.stop()
    [closing] = sweep.settled
    assert closing.cost_nanousd == closing.reserved_nanousd == raised


async def test_a_living_writer_is_left_alone(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    living = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    living.open(make_opening("call_1"))
    other = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    sweep = await sweep_dead_writers(tmp_path, other, clock)
    assert sweep.settled == ()
    await living.close(make_closing("call_1"))
    await living.stop()
    await other.stop()


class DyingJournal:
    """Passes closings on until its time has come, and fails some more after that."""

    def __init__(self, journal: FileJournal, closings_left: int) -> None:
        self._journal = journal
        self._left = closings_left

    def open(self, entry: OpeningEntry) -> None:
        self._journal.open(entry)

    async def note(self, entry: NoteEntry) -> None:
        await self._journal.note(entry)

    async def close(self, entry: ClosingEntry) -> None:
        self._left -= 1
        if self._left < 0:
            raise JournalDown("the machine died here")
        await self._journal.close(entry)


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(deaths=st.lists(st.integers(0, 8), max_size=4), calls=st.integers(0, 8))
def test_a_sweep_that_dies_half_way_settles_each_call_once_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int], calls: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    asyncio.run(_sweep_until_done(folder, deaths, calls))
    assert closings(folder) == Counter({f"call_{number}": 1 for number in range(calls)})
    assert list_unsettled(folder) == []


async def _sweep_until_done(folder: Path, deaths: list[int], calls: int) -> None:
    clock = ManualClock()
    await leave_open(folder, clock, *(f"call_{number}" for number in range(calls)))
    for left in [*deaths, 100]:
        journal = await FileJournal.start(
            folder, clock=clock, settings=JournalSettings(reserve_bytes=0)
        )
        with suppress(JournalDown):
            await sweep_dead_writers(folder, DyingJournal(journal, left), clock)
        await journal.stop()


async def test_a_torn_end_is_cut_off_and_reported(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    await leave_open(tmp_path, clock, "call_1")
    [path] = segments(tmp_path)
    path.write_bytes(path.read_bytes()[:-7])
    journal = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    sweep = await sweep_dead_writers(tmp_path, journal, clock)
    await journal.stop()
    assert [torn.path for torn in sweep.torn] == [path]
    assert len(sweep.settled) == 1
    reader = JournalReader(tmp_path, sweep.writers[0])
    list(reader)
    assert (reader.torn, reader.damage) == (None, [])


async def test_a_call_whose_end_was_damaged_is_settled_and_the_damage_named(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    journal = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    for name in ("call_1", "call_2", "call_3"):
        journal.open(make_opening(name))
    await journal.close(make_closing("call_1"))
    await journal.close(make_closing("call_2"))
    await journal.stop()
    [path] = segments(tmp_path)
    data = bytearray(path.read_bytes())
    data[data.index(b"acme-small-2026") + 3] ^= 1
    path.write_bytes(data)
    after = await FileJournal.start(tmp_path, clock=clock, settings=quick)
    sweep = await sweep_dead_writers(tmp_path, after, clock)
    await after.stop()
    assert {one.call_id for one in sweep.settled} == {"call_1", "call_3"}
    assert [spot.path for spot in sweep.damage] == [path]


def test_a_call_of_a_dead_process_counts_against_the_person_and_every_vendor_of_its_route(
    tmp_path: Path, quick: JournalSettings, store: Store
) -> None:
    asyncio.run(_leave_open(tmp_path / "journal", quick))
    Shipper(store, tmp_path / "journal", clock=ManualClock(), durable=dict).ship_once()
    spend = get_spend_nanousd(store, "2026-11")
    assert {spend[f"vendor:{name}"] for name in ("acme", "other")} == {400_000}
    assert spend["vendor:lab"] == 70
    assert spend["person:dora"] == 400_070
    assert spend["organisation"] == 400_070


async def _leave_open(folder: Path, quick: JournalSettings) -> None:
    clock = ManualClock()
    person = (Personal("principal", b"p" * 16, "dora"),)
    first = await FileJournal.start(folder, clock=clock, settings=quick)
    several = (VendorName("acme"), VendorName("other"))
    first.open(make_opening("call_1", vendors=several, personal=person))
    first.open(
        make_opening("call_2", vendors=(VendorName("lab"),), ceiling_nanousd=70, personal=person)
    )
    await first.stop()
    second = await FileJournal.start(folder, clock=clock, settings=quick)
    sweep = await sweep_dead_writers(folder, second, clock)
    await second.stop()
    assert [closing.vendor for closing in sweep.settled] == [None, "lab"]

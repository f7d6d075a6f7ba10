import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from alos.domain.fault import StoreDown
from alos.domain.ids import CallId, WriterId
from alos.domain.record import ClosingEntry, NoteKind, Outcome
from alos.domain.refusal import ReasonCode
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.folder import list_segments, list_writers
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.shipper import Shipper
from alos.store.spend import get_spend_nanousd
from alos.store.sweeper import sweep_dead_writers, to_unknown
from alos.store.tables import (
    call_hours,
    calls,
    journal_damage,
    journal_writers,
    notes,
    running_calls,
)
from tests.store.databases import MakePlace, MakeStore
from tests.store.samples import ManualClock, make_closing, make_note, make_opening


def make_shipper(
    store: Store, folder: Path, journal: FileJournal | None = None, batch_entries: int = 1000
) -> Shipper:
    return Shipper(
        store,
        folder,
        clock=ManualClock(),
        durable=lambda: journal.durable if journal is not None else {},
        batch_entries=batch_entries,
    )


def count(store: Store, table: Any) -> int:
    with store.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def count_calls(store: Store) -> int:
    """Those that ended and those that run."""
    return count(store, calls) + count(store, running_calls)


async def write_calls(folder: Path, settings: JournalSettings, number: int) -> None:
    """A dead writer's journal: ``number`` whole calls, one running, a refusal and a note."""
    journal = await FileJournal.start(folder, clock=ManualClock(), settings=settings)
    for name in range(number):
        journal.open(make_opening(f"call_{name}"))
    async with asyncio.TaskGroup() as group:
        for name in range(number):
            group.create_task(journal.close(make_closing(f"call_{name}")))
    journal.open(make_opening("call_running"))
    await journal.close(make_closing("call_refused", outcome=Outcome.REFUSED))
    await journal.note(make_note(NoteKind.HEARTBEAT))
    await journal.stop()


async def test_a_call_comes_out_of_the_index_as_it_went_into_the_journal(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings, store: Store
) -> None:
    journal = await FileJournal.start(tmp_path / "journal", clock=clock, settings=quick)
    journal.open(make_opening("call_1"))
    await journal.close(make_closing("call_1"))
    await journal.close(make_closing("call_2", usage=None, findings=(), personal=(), reason=None))
    make_shipper(store, tmp_path / "journal", journal).ship_once()
    await journal.stop()
    row = CallIndex(store, tmp_path / "journal").get_call(CallId("call_1"))
    assert row is not None
    assert (row.opening, row.closing) == (make_opening("call_1"), make_closing("call_1"))
    assert row.place is not None
    assert (row.place.writer, row.place.sequence) == (journal.writer, 2)
    other = CallIndex(store, tmp_path / "journal").get_call(CallId("call_2"))
    assert other is not None
    assert other.opening is None
    assert other.closing == make_closing("call_2", usage=None, findings=(), personal=())


async def test_a_running_call_is_in_the_index_as_open_until_its_end_comes(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings, store: Store
) -> None:
    journal = await FileJournal.start(tmp_path / "journal", clock=clock, settings=quick)
    shipper = make_shipper(store, tmp_path / "journal", journal)
    journal.open(make_opening("call_1"))
    await journal.note(make_note())
    shipper.ship_once()
    row = CallIndex(store, tmp_path / "journal").get_call(CallId("call_1"))
    assert row is not None
    assert (row.opening, row.closing) == (make_opening("call_1"), None)
    await journal.close(make_closing("call_1"))
    shipper.ship_once()
    await journal.stop()
    row = CallIndex(store, tmp_path / "journal").get_call(CallId("call_1"))
    assert row is not None
    assert (row.opening, row.closing) == (make_opening("call_1"), make_closing("call_1"))
    assert count(store, calls) == 1


async def test_only_what_is_durable_is_shipped_of_a_living_writer(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings, store: Store
) -> None:
    journal = await FileJournal.start(
        tmp_path / "journal", clock=clock, settings=replace(quick, tick_seconds=60)
    )
    shipper = make_shipper(store, tmp_path / "journal", journal)
    journal.open(make_opening("call_1"))
    shipper.ship_once()
    assert count(store, running_calls) == 0
    await journal.note(make_note())
    shipper.ship_once()
    assert count(store, running_calls) == 1
    await journal.stop()


async def test_a_living_writer_of_another_process_is_not_shipped(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings, store: Store
) -> None:
    other = await FileJournal.start(tmp_path / "journal", clock=clock, settings=quick)
    await other.close(make_closing("call_1"))
    shipper = make_shipper(store, tmp_path / "journal")
    assert shipper.ship_once().entries == 0
    await other.stop()
    assert shipper.ship_once().entries == 3
    assert shipper.ship_once().entries == 0


@contextmanager
def dying_at(store: Store, step: int) -> Iterator[None]:
    """Break at the n-th statement or commit, before it happens."""
    left = step

    def strike(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OperationalError("killed here", None, OSError("killed here"))

    engine = store._database.shipping
    event.listen(engine, "before_cursor_execute", strike)
    event.listen(engine, "commit", strike)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", strike)
        event.remove(engine, "commit", strike)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    deaths=st.lists(st.integers(0, 25), max_size=6),
    batch=st.integers(1, 9),
    number=st.integers(0, 9),
)
def test_shipping_that_dies_at_any_point_ends_with_each_entry_once(
    tmp_path_factory: pytest.TempPathFactory,
    make_place: MakePlace,
    quick: JournalSettings,
    deaths: list[int],
    batch: int,
    number: int,
) -> None:
    home, place = tmp_path_factory.mktemp("home"), make_place()
    asyncio.run(write_calls(home / "journal", quick, number))
    for step in deaths:
        store = Store(place, busy_ms=50)
        store.ensure()
        with dying_at(store, step), suppress(StoreDown):
            make_shipper(store, home / "journal", batch_entries=batch).ship_once()
        store.close()
    store = Store(place)
    make_shipper(store, home / "journal", batch_entries=batch).ship_once()
    assert (count(store, calls), count(store, running_calls)) == (number + 1, 1)
    assert count(store, notes) == 3
    for name in range(number):
        row = CallIndex(store, home / "journal").get_call(CallId(f"call_{name}"))
        assert row is not None
        assert (row.opening, row.closing) == (
            make_opening(f"call_{name}"),
            make_closing(f"call_{name}"),
        )
    store.close()


async def test_entries_wait_while_the_store_is_locked(
    tmp_path: Path, quick: JournalSettings, store: Store, make_store: MakeStore
) -> None:
    await write_calls(tmp_path / "journal", quick, 4)
    shipper = make_shipper(store, tmp_path / "journal")
    store.ensure()
    other = make_store()
    with other.write(), pytest.raises(StoreDown):
        shipper.ship_once()
    other.close()
    shipper.ship_once()
    assert count_calls(store) == 6


async def test_a_deleted_index_fills_again_from_the_journals(
    tmp_path: Path, quick: JournalSettings
) -> None:
    store = Store(tmp_path / "alos.db")
    await write_calls(tmp_path / "journal", quick, 4)
    shipper = make_shipper(store, tmp_path / "journal")
    shipper.ship_once()
    (tmp_path / "alos.db").unlink()
    shipper.ship_once()
    assert (count_calls(store), count(store, notes)) == (6, 3)


async def test_entries_wait_while_the_disk_of_the_store_is_full(
    tmp_path: Path, quick: JournalSettings
) -> None:
    store = Store(tmp_path / "alos.db")
    await write_calls(tmp_path / "journal", quick, 300)
    shipper = make_shipper(store, tmp_path / "journal", batch_entries=100)
    store.ensure()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = tmp_path / "alos.db-wal"
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + 100_000, hard))
    try:
        with pytest.raises(StoreDown):
            shipper.ship_once()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    shipper.ship_once()
    assert (count_calls(store), count(store, notes)) == (302, 3)


async def test_a_swept_call_reads_as_outcome_unknown(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings, store: Store
) -> None:
    folder = tmp_path / "journal"
    await write_calls(folder, quick, 1)
    clock.now += 10**9
    journal = await FileJournal.start(folder, clock=clock, settings=quick)
    shipper = make_shipper(store, folder, journal)
    shipper.ship_once()
    await sweep_dead_writers(folder, journal, clock)
    shipper.ship_once()
    await journal.stop()
    row = CallIndex(store, tmp_path / "journal").get_call(CallId("call_running"))
    assert row is not None
    assert row.opening is not None
    assert row.closing is not None
    assert row.closing.outcome is Outcome.UNKNOWN


async def test_damage_is_kept_with_its_file_and_place_and_stops_nothing(
    tmp_path: Path, quick: JournalSettings, store: Store
) -> None:
    folder = tmp_path / "journal"
    await write_calls(folder, quick, 5)
    [path] = list_segments(folder, list_writers(folder)[0])
    data = bytearray(path.read_bytes())
    data[data.index(b"acme-small-2026") + 1] ^= 4
    path.write_bytes(data)
    shipment = make_shipper(store, folder).ship_once()
    assert [spot.path for spot in shipment.damage] == [path]
    assert (count(store, journal_damage), count_calls(store)) == (1, 7)
    assert make_shipper(store, folder).ship_once().damage == ()
    assert count(store, journal_writers) == 1


async def test_the_running_shipper_survives_a_store_that_is_down(
    tmp_path: Path,
    quick: JournalSettings,
    store: Store,
    make_store: MakeStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await write_calls(tmp_path / "journal", quick, 2)
    store.ensure()
    other = make_store()
    shipper = make_shipper(store, tmp_path / "journal")
    async with asyncio.TaskGroup() as group:
        with other.write():
            task = group.create_task(shipper.run(interval_seconds=0.01))
            await asyncio.sleep(0.2)
            assert shipper.shipped == 0
        async with asyncio.timeout(10):
            while not shipper.shipped:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        task.cancel()
    other.close()
    assert count_calls(store) == 4
    assert "entries wait in the journal" in caplog.text


def _pick(names: str) -> list[ClosingEntry]:
    """Closings of one call: what its process said, said again after a failure, or swept."""
    known = make_closing("call_1", cost_nanousd=70)
    again = known._replace(outcome=Outcome.UNKNOWN, reason=ReasonCode.JOURNAL_DOWN)
    swept = to_unknown(make_opening("call_1"), WriterId("w-0"), known.closed_at_unix_ns)
    made = {"known": known, "again": again, "swept": swept}
    return [made[name] for name in names.split()]


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    ("names", "stands"),
    [("known again", 1), ("swept known", 1), ("known swept", 0), ("known swept again", 2)],
)
async def test_of_two_closings_of_a_call_the_same_one_stands_in_whatever_order_they_come(
    tmp_path: Path,
    quick: JournalSettings,
    store: Store,
    names: str,
    stands: int,
    *,
    is_reversed: bool,
    batch: int,
) -> None:
    folder, clock = tmp_path / "journal", ManualClock()
    entries = _pick(names)
    for number, entry in enumerate(entries):
        journal = await FileJournal.start(folder, clock=clock, settings=quick)
        if number == 0:
            journal.open(make_opening("call_1"))
        await journal.close(entry)
        await journal.stop()
    writers = list_writers(folder)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for writer in writers:
        for path in list_segments(folder, writer):
            path.rename(hidden / path.name)
    for writer in reversed(writers) if is_reversed else writers:
        for path in list_segments(hidden, writer):
            path.rename(folder / path.name)
        make_shipper(store, folder, batch_entries=batch).ship_once()
    row = CallIndex(store, tmp_path / "journal").get_call(CallId("call_1"))
    assert row is not None
    assert (row.opening, row.closing) == (make_opening("call_1"), entries[stands])
    assert (count(store, calls), count(store, running_calls)) == (1, 0)
    cost = entries[stands].cost_nanousd
    assert get_spend_nanousd(store, "2026-11")["organisation"] == cost
    with store.read() as connection:
        sums = call_hours.c
        total = connection.execute(select(func.sum(sums.calls), func.sum(sums.cost_nanousd)))
        assert tuple(total.one()) == (1, cost)


async def test_the_hours_add_up_to_the_calls(
    tmp_path: Path, quick: JournalSettings, store: Store
) -> None:
    await write_calls(tmp_path / "journal", quick, 9)
    make_shipper(store, tmp_path / "journal", batch_entries=4).ship_once()
    with store.read() as connection:
        hours = connection.execute(select(call_hours).order_by(call_hours.c.outcome)).all()
        assert [(row.outcome, row.calls) for row in hours] == [("answered", 9), ("refused", 1)]
        assert sum(row.cost_nanousd for row in hours) == connection.scalar(
            select(func.sum(calls.c.cost_nanousd))
        )


async def test_arrivals_stay_in_order_when_the_clock_goes_back(
    tmp_path: Path, quick: JournalSettings, store: Store, clock: ManualClock
) -> None:
    journal = await FileJournal.start(tmp_path / "journal", clock=clock, settings=quick)
    shipping = ManualClock()
    shipper = Shipper(store, tmp_path / "journal", clock=shipping, durable=lambda: journal.durable)
    for number in range(5):
        await journal.close(make_closing(f"call_{number}"))
        shipping.now -= 10**9 * number
        assert shipper.ship_own().damage == ()
    await journal.stop()
    rows = CallIndex(store, tmp_path / "journal").list_arrivals(since_unix_ns=0, limit=9)
    assert [row.call_id for row in rows] == [f"call_{number}" for number in range(5)]
    times = [row.arrived_at_unix_ns for row in rows]
    assert times == sorted(times)

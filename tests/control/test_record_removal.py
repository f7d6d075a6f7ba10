"""The end of ``record_days``, over the real journal, index, ledger and vault."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alos.control.change_notes import ChangeNotes
from alos.control.legal_holds import HoldWish
from alos.control.record_removal import RecordRemoval
from alos.domain.fault import JournalDown, StoreDown
from alos.domain.ids import CallId
from alos.domain.legal_hold import HoldKind
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.removal import RemovedRecords
from alos.domain.retention import Terms
from alos.store.folder import list_writers
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader
from alos.store.record_removal import StoredRecords
from alos.store.shipper import Shipper
from tests.control.test_custody import DAY_NS, House
from tests.store.ledger_home import SETTINGS, check, make_sealer


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "home")
    await house.open()
    (house.home / "elsewhere").mkdir()
    for name in ("call_1", "call_2", "call_3"):
        await house.call(name)
    await start_again(house)
    yield house
    await house.journal.stop()
    await house.vault.stop()
    house.store.close()


async def start_again(house: House) -> None:
    """End the writer, seal, and begin another one."""
    await house.journal.stop()
    house.journal = await FileJournal.start(
        house.home / "journal", clock=house.clock, settings=SETTINGS
    )
    house.shipper = Shipper(
        house.store,
        house.home / "journal",
        clock=house.clock,
        durable=lambda: house.journal.durable,
    )
    seal(house)
    house.build()


def seal(house: House) -> None:
    house.shipper.ship_once()
    make_sealer(house.home, house.store, house.clock).seal_once()


def build(house: House) -> RecordRemoval:
    return RecordRemoval(
        StoredRecords(house.store, house.home / "journal"),
        house.holds,
        notes=ChangeNotes(house.journal, house.clock),
        clock=house.clock,
        terms=lambda: Terms(retention=house.retention, by_workflow={}),
    )


def list_notes(house: House) -> list[NoteEntry]:
    return [
        one.entry
        for writer in list_writers(house.home / "journal")
        for one in JournalReader(house.home / "journal", writer)
        if isinstance(one.entry, NoteEntry) and one.entry.kind is NoteKind.RECORDS_REMOVED
    ]


async def test_records_go_the_day_after_their_last_and_the_ledger_says_so(house: House) -> None:
    removal = build(house)
    house.clock.now += 365 * DAY_NS
    assert await removal.run() == RemovedRecords()
    assert house.calls.get_call(CallId("call_1")) is not None
    house.clock.now += DAY_NS
    assert await removal.run() == RemovedRecords(records=6, rows=3)
    assert house.calls.get_call(CallId("call_1")) is None
    (note,) = list_notes(house)
    assert dict(note.facts)["kept_days"] == "365"
    assert dict(note.facts)["by"] == "retention"
    assert await removal.run() == RemovedRecords()
    assert await build(house).run() == RemovedRecords()  # another start
    assert len(list_notes(house)) == 1
    seal(house)
    report = check(house.home)
    assert report.problems == []
    assert report.removed == 6
    assert [one.kept_days for one in report.removals] == [365]


async def test_nothing_goes_while_nobody_has_decided_how_long(house: House) -> None:
    house.retention = replace(house.retention, record_days=None)
    house.clock.now += 10_000 * DAY_NS
    assert await build(house).run() == RemovedRecords()


async def test_a_call_on_hold_stays_until_the_hold_ends(house: House) -> None:
    wish = HoldWish(
        kind=HoldKind.CALL,
        target="call_2",
        since_unix_ns=None,
        until_unix_ns=None,
        reason="a claim",
    )
    hold, _ = await house.holds.place(wish, by="lea")
    house.clock.now += 366 * DAY_NS
    removal = build(house)
    assert await removal.run() == RemovedRecords(records=4, rows=2)
    kept = house.calls.get_call(CallId("call_2"))
    assert kept is not None
    assert kept.closing is not None
    await house.holds.release(hold.id, by="lea")
    assert await removal.run() == RemovedRecords(records=2, rows=1)
    seal(house)
    report = check(house.home)
    assert report.problems == []
    assert [one.on_hold for one in report.removals] == [1, 0]


async def test_nothing_goes_where_it_is_not_known_what_is_on_hold(house: House) -> None:
    wish = HoldWish(
        kind=HoldKind.PERSON, target="dora", since_unix_ns=None, until_unix_ns=None, reason="x"
    )
    await house.holds.place(wish, by="lea")
    house.clock.now += 366 * DAY_NS
    house.index_is_down = True
    with pytest.raises(StoreDown):
        await build(house).run()
    house.index_is_down = False
    assert house.calls.get_call(CallId("call_1")) is not None
    assert list_notes(house) == []


async def test_nothing_goes_that_the_journal_could_not_declare(house: House) -> None:
    class DeafJournal:
        async def note(self, _entry: NoteEntry) -> None:
            raise JournalDown("full")

    house.clock.now += 366 * DAY_NS
    removal = RecordRemoval(
        StoredRecords(house.store, house.home / "journal"),
        house.holds,
        notes=ChangeNotes(DeafJournal(), house.clock),  # type: ignore[arg-type]
        clock=house.clock,
        terms=lambda: Terms(retention=house.retention, by_workflow={}),
    )
    with pytest.raises(JournalDown):
        await removal.run()
    assert house.calls.get_call(CallId("call_1")) is not None
    seal(house)
    assert check(house.home).removed == 0


async def test_what_is_still_being_written_waits_for_the_next_time(house: House) -> None:
    await house.call("call_9")
    seal(house)
    house.clock.now += 366 * DAY_NS
    removed = await build(house).run()
    assert removed == RemovedRecords(records=6, rows=4)
    await start_again(house)
    house.clock.now += DAY_NS
    assert await build(house).run() == RemovedRecords(records=2, rows=0)
    seal(house)
    assert check(house.home).problems == []

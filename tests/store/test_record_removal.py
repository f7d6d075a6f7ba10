"""Records that went at the end of their time, and what tells them from records that were lost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from alos.control.evidence import prove_call
from alos.domain.ids import CallId
from alos.domain.record import NoteEntry, NoteKind
from alos.ledger.encoding import ZERO_HASH, chain_hash
from alos.ledger.report import LedgerReport, Trouble
from alos.ledger.tree import hash_entry
from alos.ledger.verify import verify_evidence
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.folder import list_writers
from alos.store.frame import SEGMENT_HEADER_BYTES, pack_removed, unpack_frame
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader
from alos.store.ledger_inbox import get_place
from alos.store.ledger_reader import StoredLedger
from alos.store.record_removal import StoredRecords
from alos.store.shipper import Shipper
from alos.store.tables import calls
from tests.store.databases import MakeStore
from tests.store.ledger_home import build, check, get_offset, make_sealer, read_raw
from tests.store.samples import NOW, ManualClock, make_closing, make_opening

DAY = 86_400 * 10**9
KEPT_DAYS = 30
LATER = NOW + (KEPT_DAYS + 2) * DAY


@pytest.fixture
def home(tmp_path: Path) -> Path:
    build(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    store = Store(home / "alos.db")
    yield store
    store.close()


def write_later(home: Path, store: Store, *entries: NoteEntry) -> None:
    """A gateway of a month later: some calls, and notes."""

    async def write() -> None:
        clock = ManualClock(LATER)
        journal = await FileJournal.start(home / "journal", clock=clock)
        shipper = Shipper(store, home / "journal", clock=clock, durable=lambda: journal.durable)
        for entry in entries:
            await journal.note(entry)
        for number in range(2):
            journal.open(make_opening(f"call_later_{number}", opened_at_unix_ns=LATER))
            await journal.close(
                make_closing(
                    f"call_later_{number}", opened_at_unix_ns=LATER, closed_at_unix_ns=LATER
                )
            )
        await journal.stop()
        shipper.ship_once()
        make_sealer(home, store, clock).seal_once()

    asyncio.run(write())


def declare(leaves: int, *, kept_days: int = KEPT_DAYS) -> NoteEntry:
    facts = {
        "day": "2026-01-01",
        "kept_days": str(kept_days),
        "leaves_before": str(leaves),
        "on_hold": "0",
    }
    return NoteEntry(
        kind=NoteKind.RECORDS_REMOVED, at_unix_ns=LATER, facts=tuple(sorted(facts.items()))
    )


def remove(home: Path, store: Store, *spared: str) -> int:
    """Declare and remove all that was sealed a month before; return how many leaves those are."""
    records = StoredRecords(store, home / "journal")
    leaves = records.count_leaves_before(NOW + DAY)
    write_later(home, store, declare(leaves))
    held = frozenset(map(CallId, spared))
    assert records.has_removable(leaves, held)
    records.remove(leaves, NOW + DAY, held)
    assert not records.has_removable(leaves, held)
    return leaves


def get_kinds(report: LedgerReport) -> set[Trouble]:
    return set(report.counts)


def test_removed_records_are_gone_and_what_remains_still_verifies(
    home: Path, store: Store
) -> None:
    before = next((home / "journal").glob("*.alj")).stat().st_size
    leaves = remove(home, store)
    old = min((home / "journal").glob("*.alj"))
    assert old.stat().st_size < before / 4
    assert b"call_0" not in old.read_bytes()
    report = check(home)
    assert report.problems == []
    assert report.leaves == report.records
    assert report.removed == 2 * 12
    assert [one.leaves_before for one in report.removals] == [leaves]
    index = CallIndex(store, home / "journal")
    assert index.get_call(CallId("call_04")) is None
    assert index.get_call(CallId("call_later_0")) is not None
    proof = prove_call(StoredLedger(store, home / "journal"), "call_later_1")
    assert isinstance(proof, dict)
    assert verify_evidence(proof).is_good
    # Notes of the time are kept: without the key's announcement no head could be checked.
    kinds = [
        one.entry.kind
        for writer in list_writers(home / "journal")[:1]
        for one in JournalReader(home / "journal", writer)
        if isinstance(one.entry, NoteEntry)
    ]
    assert NoteKind.LEDGER_KEY in kinds


def test_a_call_on_hold_stays_whole_and_goes_when_it_is_released(home: Path, store: Store) -> None:
    leaves = remove(home, store, "call_04")
    index = CallIndex(store, home / "journal")
    kept = index.get_call(CallId("call_04"))
    assert kept is not None
    assert kept.closing is not None
    assert kept.opening is not None
    assert index.get_call(CallId("call_05")) is None
    proof = prove_call(StoredLedger(store, home / "journal"), "call_04")
    assert isinstance(proof, dict)
    assert verify_evidence(proof).is_good
    report = check(home)
    assert report.problems == []
    assert report.removed == 2 * 11

    records = StoredRecords(store, home / "journal")
    assert records.has_removable(leaves, frozenset())
    assert records.remove(leaves, NOW + DAY, frozenset()).records == 2
    assert index.get_call(CallId("call_04")) is None
    assert check(home).removed == 2 * 12


def test_a_tree_that_is_lost_grows_again_from_journals_with_removed_records(
    home: Path, store: Store
) -> None:
    remove(home, store)
    size = check(home).leaves
    store.close()
    for path in home.glob("alos.db*"):
        path.unlink()
    again = Store(home / "alos.db")
    clock = ManualClock(LATER)
    Shipper(again, home / "journal", clock=clock, durable=dict, batch_entries=5).ship_once()
    make_sealer(home, again, clock).seal_once()
    again.close()
    report = check(home)
    assert (report.leaves, report.problems) == (size, [])


def test_nothing_is_removed_of_a_segment_that_does_not_verify(home: Path, store: Store) -> None:
    path = next((home / "journal").glob("*.alj"))
    data = bytearray(path.read_bytes())
    data[get_offset(home, 7) + 60] ^= 1
    path.write_bytes(data)
    records = StoredRecords(store, home / "journal")
    leaves = records.count_leaves_before(NOW + DAY)
    assert not records.has_removable(leaves, frozenset())
    records.remove(leaves, NOW + DAY, frozenset())
    assert path.read_bytes() == bytes(data)


# --- somebody with root -------------------------------------------------------------------


def put_away(home: Path, first: int, last: int) -> None:
    """Put leaves in the place of records, as a removal does, in the oldest journal."""
    path = min((home / "journal").glob("*.alj"))
    begin, end = get_offset(home, first), get_offset(home, last + 1)
    raw, previous = read_raw(home), ZERO_HASH
    for chained, _ in raw[: last + 1]:
        previous = chain_hash(previous, chained)
    leaves = b"".join(hash_entry(chained) for chained, _ in raw[first : last + 1])
    data = path.read_bytes()
    path.write_bytes(data[:begin] + pack_removed(leaves, previous) + data[end:])


def test_a_removal_that_nobody_declared_is_named_as_such(home: Path) -> None:
    put_away(home, 6, 9)
    report = check(home)
    assert get_kinds(report) == {Trouble.REMOVED_UNDECLARED}
    assert "records 6 to 9" in report.problems[0].text
    assert report.problems[0].sequence == 6


def test_a_removal_past_what_was_declared_is_named_from_there_on(home: Path, store: Store) -> None:
    with store.read() as connection:
        (writer,) = list_writers(home / "journal")
        place = get_place(connection, writer, 8)
    put_away(home, 4, 9)
    write_later(home, store, declare(9))
    assert place == 8
    (problem,) = check(home).problems
    assert problem.kind is Trouble.REMOVED_UNDECLARED
    assert (problem.sequence, problem.leaf) == (9, 9)


@pytest.mark.parametrize("kept_days", [KEPT_DAYS + 3, 10_000])
def test_a_declaration_counts_for_nothing_where_the_heads_are_younger(
    home: Path, store: Store, kept_days: int
) -> None:
    put_away(home, 6, 9)
    write_later(home, store, declare(20, kept_days=kept_days))
    assert get_kinds(check(home)) == {Trouble.REMOVED_EARLY, Trouble.REMOVED_UNDECLARED}


def test_a_declaration_of_leaves_that_no_head_covered_then_counts_for_nothing(
    home: Path, store: Store
) -> None:
    put_away(home, 6, 9)
    write_later(home, store, declare(29))
    assert get_kinds(check(home)) == {Trouble.REMOVED_EARLY, Trouble.REMOVED_UNDECLARED}


def test_a_declaration_dated_ahead_is_held_against_the_head_that_covers_it(
    home: Path, store: Store
) -> None:
    put_away(home, 6, 9)
    note = declare(20, kept_days=4000)
    ahead = NoteEntry(kind=note.kind, at_unix_ns=NOW + 5000 * DAY, facts=note.facts)
    write_later(home, store, ahead)
    assert get_kinds(check(home)) == {Trouble.REMOVED_EARLY, Trouble.REMOVED_UNDECLARED}


def test_a_removed_record_with_another_leaf_is_still_found(home: Path, store: Store) -> None:
    remove(home, store)
    path = min((home / "journal").glob("*.alj"))
    data, offset = path.read_bytes(), SEGMENT_HEADER_BYTES
    while not (frame := unpack_frame(data, offset)).removed:
        offset += frame.size
    leaves = bytearray(frame.chained)
    leaves[32 * 3] ^= 1
    whole = data[:offset] + pack_removed(bytes(leaves), frame.hash) + data[offset + frame.size :]
    path.write_bytes(whole)
    assert Trouble.RECORD_DIFFERS in get_kinds(check(home))
    # A flipped byte without a new check is damage.
    flipped = bytearray(data)
    flipped[offset + 60] ^= 1
    path.write_bytes(flipped)
    assert Trouble.JOURNAL_DAMAGED in get_kinds(check(home))


# --- the index, on both engines -----------------------------------------------------------


def test_rows_of_whole_days_go_but_for_those_on_hold(
    tmp_path: Path, make_store: MakeStore
) -> None:
    async def write() -> None:
        clock = ManualClock(NOW + 9 * DAY)
        journal = await FileJournal.start(tmp_path / "journal", clock=clock)
        for day in range(6):
            at = NOW + day * DAY
            for number in range(3):
                name = f"call_{day}_{number}"
                journal.open(make_opening(name, opened_at_unix_ns=at))
                await journal.close(make_closing(name, opened_at_unix_ns=at))
        await journal.stop()
        Shipper(store, tmp_path / "journal", clock=clock, durable=dict).ship_once()

    store = make_store()
    asyncio.run(write())
    records = StoredRecords(store, tmp_path / "journal")
    midnight = (NOW // DAY + 4) * DAY
    held = frozenset({CallId("call_1_1"), CallId("call_5_0")})
    assert records.remove(0, midnight, held).rows == 4 * 3 - 1
    with store.read() as connection:
        left = set(connection.scalars(select(calls.c.call_id)))
    assert left == {"call_1_1", *(f"call_{day}_{number}" for day in (4, 5) for number in range(3))}
    assert records.remove(0, midnight, frozenset()).rows == 1
    assert CallIndex(store, tmp_path / "journal").get_call(CallId("call_5_0")) is not None

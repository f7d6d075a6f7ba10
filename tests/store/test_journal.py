import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from alos.domain.fault import ClockBehind, JournalDown
from alos.domain.ids import KeyId
from alos.domain.record import ClosingEntry, Entry, NoteEntry, NoteKind, OpeningEntry, Outcome
from alos.domain.refusal import ReasonCode
from alos.ledger.encoding import ZERO_HASH, chain_hash, encode_entry
from alos.store.folder import list_segments, list_unsettled, list_writers
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader
from alos.store.journal_state import JournalSettings, JournalState
from alos.store.live_writer import Disk
from tests.store.samples import ManualClock, make_closing, make_note, make_opening, until


@asynccontextmanager
async def running(
    folder: Path, clock: ManualClock, settings: JournalSettings, disk: Disk | None = None
) -> AsyncIterator[FileJournal]:
    journal = await FileJournal.start(folder, clock=clock, settings=settings, disk=disk)
    try:
        yield journal
    finally:
        await journal.stop()


def read_all(folder: Path) -> list[Entry]:
    entries: list[Entry] = []
    for writer in list_writers(folder):
        reader = JournalReader(folder, writer)
        entries += [sealed.entry for sealed in reader]
        assert (reader.torn, reader.damage) == (None, [])
    return entries


def closings(folder: Path) -> list[ClosingEntry]:
    return [entry for entry in read_all(folder) if isinstance(entry, ClosingEntry)]


class FailingDisk:
    """The real disk, until it is told to break."""

    def __init__(self) -> None:
        self.sync_error: int | None = None
        self.write_error: int | None = None
        self.write_at_most = 10**9
        self.is_slow = False
        self.synced = 0

    def write(self, fd: int, data: bytes | memoryview) -> int:
        if self.write_error is not None:
            raise OSError(self.write_error, os.strerror(self.write_error))
        return os.write(fd, data[: self.write_at_most])

    def sync(self, fd: int) -> None:
        if self.sync_error is not None:
            raise OSError(self.sync_error, os.strerror(self.sync_error))
        os.fdatasync(fd)
        self.synced += 1

    def to_disk(self) -> Disk:
        return Disk(write=self.write, sync=self.sync)


async def test_what_was_written_is_read_back_in_order_with_its_hashes(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, quick) as journal:
        journal.open(make_opening("call_1"))
        await journal.close(make_closing("call_1"))
        await journal.note(make_note(NoteKind.HEARTBEAT, calls="1"))
        writer = journal.writer
    sealed = list(JournalReader(tmp_path, writer))
    assert [one.sequence for one in sealed] == [0, 1, 2, 3, 4]
    assert [type(one.entry) for one in sealed] == [
        NoteEntry,
        OpeningEntry,
        ClosingEntry,
        NoteEntry,
        NoteEntry,
    ]
    before = ZERO_HASH
    for one in sealed:
        before = chain_hash(before, encode_entry(one.entry, writer, one.sequence)[0])
        assert one.hash == before


async def test_an_opening_is_in_the_file_when_open_returns(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, quick) as journal:
        journal.open(make_opening("call_1"))
        assert make_opening("call_1") in read_all(tmp_path)


async def test_a_closing_is_synced_before_close_returns(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    disk = FailingDisk()
    async with running(tmp_path, clock, quick, disk.to_disk()) as journal:
        before = disk.synced
        await journal.close(make_closing("call_1"))
        assert disk.synced == before + 1
        assert journal.durable[journal.writer] == 1


async def test_many_callers_share_one_sync(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    disk = FailingDisk()
    async with running(tmp_path, clock, quick, disk.to_disk()) as journal:
        before = disk.synced
        async with asyncio.TaskGroup() as group:
            for number in range(64):
                group.create_task(journal.close(make_closing(f"call_{number}")))
        assert disk.synced - before <= 3
    assert len(closings(tmp_path)) == 64


async def test_cancelling_one_caller_leaves_the_others_and_its_entry(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, quick) as journal:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(journal.close(make_closing(f"call_{number}")))
                for number in range(10)
            ]
            await asyncio.sleep(0)
            tasks[4].cancel()
        assert [task.cancelled() for task in tasks] == [number == 4 for number in range(10)]
        await journal.close(make_closing("call_after"))
    assert len(closings(tmp_path)) == 11


async def test_segments_follow_each_other_in_one_chain(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, replace(quick, segment_bytes=4096)) as journal:
        for number in range(60):
            await journal.close(make_closing(f"call_{number}"))
            await asyncio.sleep(0.002)
        writer = journal.writer
    assert len(list_segments(tmp_path, writer)) > 3
    assert len(closings(tmp_path)) == 60


async def test_a_failed_sync_fails_its_callers_and_is_never_followed_by_success_on_that_file(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    disk = FailingDisk()
    async with running(tmp_path, clock, quick, disk.to_disk()) as journal:
        first = journal.writer
        journal.open(make_opening("call_1"))
        disk.sync_error = errno.EIO
        with pytest.raises(JournalDown):
            await journal.close(make_closing("call_1"))
        with pytest.raises(JournalDown):
            journal.open(make_opening("call_2"))
        with pytest.raises(JournalDown):
            await journal.close(make_closing("call_3"))
        assert journal.state is JournalState.DOWN
        disk.sync_error = None
        await until(lambda: journal.state is JournalState.UP)
        assert journal.writer != first
        await journal.close(make_closing("call_4"))
    entries = read_all(tmp_path)
    gap = next(
        entry for entry in entries if isinstance(entry, NoteEntry) and entry.kind is NoteKind.GAP
    )
    facts = dict(gap.facts)
    assert (facts["cause"], facts["first_writer"], facts["refused_entries"]) == ("EIO", first, "3")
    ends = {entry.call_id: entry for entry in closings(tmp_path)}
    assert set(ends) == {"call_1", "call_4"}
    assert (ends["call_1"].outcome, ends["call_1"].reason) == (
        Outcome.UNKNOWN,
        ReasonCode.JOURNAL_DOWN,
    )
    assert ends["call_1"].cost_nanousd == make_closing("call_1").cost_nanousd


async def test_openings_that_a_failed_sync_put_in_doubt_stand_in_the_new_chain(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    disk = FailingDisk()
    async with running(tmp_path, clock, quick, disk.to_disk()) as journal:
        first = journal.writer
        disk.sync_error = errno.EIO
        journal.open(make_opening("call_running"))
        await until(lambda: journal.state is JournalState.DOWN)
        disk.sync_error = None
        await until(lambda: journal.state is JournalState.UP)
        again = [one.entry for one in JournalReader(tmp_path, journal.writer)]
        assert make_opening("call_running") in again
        assert make_opening("call_running") not in [
            one.entry for one in JournalReader(tmp_path, first)
        ]
        await journal.close(make_closing("call_running"))


async def test_a_write_that_is_cut_short_is_finished(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    disk = FailingDisk()
    async with running(tmp_path, clock, quick, disk.to_disk()) as journal:
        disk.write_at_most = 100
        journal.open(make_opening("call_1"))
        await journal.close(make_closing("call_1"))
    assert len(closings(tmp_path)) == 1


async def test_a_write_error_leaves_no_half_entry_and_brings_a_new_writer(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    disk = FailingDisk()
    async with running(tmp_path, clock, quick, disk.to_disk()) as journal:
        first = journal.writer
        await journal.close(make_closing("call_1"))
        disk.write_error = errno.EROFS
        with pytest.raises(JournalDown):
            journal.open(make_opening("call_2"))
        await asyncio.sleep(0.1)
        assert journal.state is JournalState.DOWN
        disk.write_error = None
        await until(lambda: journal.state is JournalState.UP)
        assert journal.durable[first] == 1
        journal.open(make_opening("call_3"))
        await journal.close(make_closing("call_3"))
    assert [entry.call_id for entry in closings(tmp_path)] == ["call_1", "call_3"]
    assert make_opening("call_2") not in read_all(tmp_path)


async def test_the_first_write_after_a_full_disk_lives_on_the_reserve(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    disk = FailingDisk()
    reserve = tmp_path / "reserve"

    def write(fd: int, data: bytes | memoryview) -> int:
        if disk.write_error is not None and reserve.exists():
            raise OSError(disk.write_error, "full")
        return os.write(fd, data)

    async with running(
        tmp_path, clock, replace(quick, tick_seconds=30), Disk(write=write)
    ) as journal:
        journal.open(make_opening("call_1"))
        disk.write_error = errno.ENOSPC
        await journal.close(make_closing("call_1"))
        assert journal.state is JournalState.LOW
        with pytest.raises(JournalDown):
            journal.open(make_opening("call_2"))
        await journal.close(make_closing("call_2", outcome=Outcome.REFUSED))
        with pytest.raises(JournalDown):
            await journal.close(make_closing("call_anonymous", key_id=None))
    assert [entry.call_id for entry in closings(tmp_path)] == ["call_1", "call_2"]


async def test_below_the_floor_only_unauthenticated_requests_are_refused(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, replace(quick, anonymous_floor_bytes=2**62)) as journal:
        await until(lambda: journal._upkeep.is_short)
        with pytest.raises(JournalDown):
            await journal.close(make_closing("call_1", key_id=None))
        with pytest.raises(JournalDown):
            await journal.note(make_note(NoteKind.ANONYMOUS, count="9"))
        journal.open(make_opening("call_2"))
        await journal.close(make_closing("call_2", key_id=KeyId("key_1")))
    assert [entry.call_id for entry in closings(tmp_path)] == ["call_2"]


async def test_a_clock_behind_the_last_entry_stops_the_start(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, quick):
        pass
    with pytest.raises(ClockBehind):
        await FileJournal.start(tmp_path, clock=ManualClock(clock.now - 10**9), settings=quick)


async def test_a_clean_stop_leaves_nothing_to_settle_and_a_dirty_one_does(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, quick):
        assert len(list_unsettled(tmp_path)) == 1
    assert list_unsettled(tmp_path) == []
    async with running(tmp_path, clock, quick) as journal:
        journal.open(make_opening("call_1"))
    assert len(list_unsettled(tmp_path)) == 1


async def test_a_stopped_journal_takes_nothing(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, quick) as journal:
        pass
    with pytest.raises(JournalDown):
        journal.open(make_opening("call_1"))
    assert journal.metrics.refused == 1


async def test_a_start_reads_no_journal_of_a_settled_writer_and_still_knows_its_clock(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    for number in range(3):
        async with running(tmp_path, clock, quick) as journal:
            await journal.close(make_closing(f"call_{number}", closed_at_unix_ns=clock.now))
    last = clock.now
    for writer in list_writers(tmp_path):
        for path in list_segments(tmp_path, writer):
            path.rename(f"{path}.away")
    with pytest.raises(ClockBehind):
        await FileJournal.start(tmp_path, clock=ManualClock(last - 10**6), settings=quick)
    async with running(tmp_path, clock, quick):
        pass


async def _fail(journal: FileJournal, entry: ClosingEntry) -> Exception | None:
    try:
        await journal.close(entry)
    except ValueError as error:
        return error
    return None


async def test_an_entry_that_can_not_be_encoded_fails_alone(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> None:
    async with running(tmp_path, clock, quick) as journal, asyncio.TaskGroup() as group:
        group.create_task(journal.close(make_closing("call_1")))
        bad = group.create_task(_fail(journal, make_closing("call_2", detail="\ud800")))
        group.create_task(journal.close(make_closing("call_3")))
    assert isinstance(bad.result(), ValueError)
    assert [entry.call_id for entry in closings(tmp_path)] == ["call_1", "call_3"]

"""A disk that is really full: a small tmpfs where we may mount one, a file-size limit anywhere."""

import asyncio
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from alos.domain.fault import JournalDown
from alos.domain.record import ClosingEntry, NoteEntry, NoteKind, Outcome
from alos.store.folder import list_writers
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader
from alos.store.journal_state import JournalSettings, JournalState
from tests.store.samples import ManualClock, make_closing, make_opening, until

_SETTINGS = JournalSettings(
    segment_bytes=2**30, reserve_bytes=256 * 1024, anonymous_floor_bytes=0, tick_seconds=0.02
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["/bin/mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if done.returncode:
        pytest.skip("a tmpfs can't be mounted here (that takes root)")
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", str(folder)], check=True)  # noqa: S603


def reserve_size(folder: Path) -> int:
    return (folder / "reserve").stat().st_size


def fill(path: Path) -> None:
    """Take all the space there is."""
    with path.open("wb", buffering=0) as file:
        for size in (4096, 512, 64, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


def read_all(folder: Path) -> tuple[list[ClosingEntry], list[NoteEntry]]:
    closings: list[ClosingEntry] = []
    notes: list[NoteEntry] = []
    for writer in list_writers(folder):
        reader = JournalReader(folder, writer)
        for sealed in reader:
            if isinstance(sealed.entry, ClosingEntry):
                closings.append(sealed.entry)
            elif isinstance(sealed.entry, NoteEntry):
                notes.append(sealed.entry)
        assert (reader.torn, reader.damage) == (None, [])
    return closings, notes


async def test_on_a_full_disk_new_calls_are_refused_with_a_record_and_running_ones_end(
    small_disk: Path, clock: ManualClock
) -> None:
    journal = await FileJournal.start(small_disk / "journal", clock=clock, settings=_SETTINGS)
    journal.open(make_opening("call_running"))
    fill(small_disk / "filler")
    number = 0
    while journal.state is JournalState.UP:
        journal.open(make_opening(f"call_more_{number}"))
        number += 1
    assert journal.state is JournalState.LOW
    with pytest.raises(JournalDown):
        journal.open(make_opening("call_refused"))
    await journal.close(make_closing("call_refused", outcome=Outcome.REFUSED))
    await journal.close(make_closing("call_running"))
    (small_disk / "filler").unlink()
    await until(lambda: journal.state is JournalState.UP)
    assert reserve_size(small_disk / "journal") == _SETTINGS.reserve_bytes
    await journal.stop()
    closings, notes = read_all(small_disk / "journal")
    assert [one.call_id for one in closings] == ["call_refused", "call_running"]
    assert NoteKind.GAP not in [note.kind for note in notes]


async def test_a_disk_full_beyond_the_reserve_is_a_declared_gap_once_there_is_space(
    small_disk: Path, clock: ManualClock
) -> None:
    journal = await FileJournal.start(small_disk / "journal", clock=clock, settings=_SETTINGS)
    fill(small_disk / "filler")
    number = acknowledged = 0
    with pytest.raises(JournalDown):  # noqa: PT012 (until it is full)
        while True:
            await journal.close(make_closing(f"call_{number}", outcome=Outcome.REFUSED))
            acknowledged += 1
            number += 1
    assert acknowledged > 50
    assert journal.state is JournalState.DOWN
    await asyncio.sleep(0.1)
    assert journal.state is JournalState.DOWN
    (small_disk / "filler").unlink()
    await until(lambda: journal.state is JournalState.UP)
    journal.open(make_opening("call_after"))
    await journal.close(make_closing("call_after"))
    await journal.stop()
    closings, notes = read_all(small_disk / "journal")
    assert [one.call_id for one in closings] == [
        *(f"call_{number}" for number in range(acknowledged)),
        "call_after",
    ]
    [gap] = [note for note in notes if note.kind is NoteKind.GAP]
    assert dict(gap.facts)["cause"] == "ENOSPC"


async def test_a_file_that_may_not_grow_leads_to_a_new_writer_and_a_gap(
    tmp_path: Path, clock: ManualClock
) -> None:
    journal = await FileJournal.start(tmp_path, clock=clock, settings=_SETTINGS)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300 * 1024, hard))
    try:
        acknowledged: list[str] = []
        with pytest.raises(JournalDown):  # noqa: PT012 (until it may not grow)
            while True:
                name = f"call_{len(acknowledged)}"
                journal.open(make_opening(name))
                await journal.close(make_closing(name))
                acknowledged.append(name)
        await until(lambda: journal.state is JournalState.UP)
        await journal.close(make_closing("call_after"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await journal.stop()
    closings, notes = read_all(tmp_path)
    names = [one.call_id for one in closings if one.outcome is Outcome.ANSWERED]
    assert names == [*acknowledged, "call_after"]
    [gap] = [note for note in notes if note.kind is NoteKind.GAP]
    assert dict(gap.facts)["cause"] == "EFBIG"
    assert reserve_size(tmp_path) == _SETTINGS.reserve_bytes

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alos.ledger.encoding import encode_personal
from alos.store.folder import list_segments
from alos.store.frame import SEGMENT_HEADER_BYTES, pack_personal_section, unpack_frame
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader, Position, cut_torn_tail
from alos.store.journal_state import JournalSettings
from tests.store.samples import ManualClock, make_closing, make_opening

_fixtures = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
async def segment(tmp_path: Path, clock: ManualClock, quick: JournalSettings) -> Path:
    """A journal of one segment: birth, three calls, close."""
    journal = await FileJournal.start(tmp_path / "journal", clock=clock, settings=quick)
    for name in ("call_1", "call_2", "call_3"):
        journal.open(make_opening(name))
        await journal.close(make_closing(name))
    await journal.stop()
    [path] = list_segments(tmp_path / "journal", journal.writer)
    return path


def frames_of(path: Path) -> list[tuple[int, int]]:
    """Offset and size of each frame."""
    data, offset, found = path.read_bytes(), SEGMENT_HEADER_BYTES, []
    while offset < len(data):
        size = unpack_frame(data, offset).size
        found.append((offset, size))
        offset += size
    return found


def reader_of(path: Path, position: Position | None = None) -> JournalReader:
    return JournalReader(path.parent, path.stem.rpartition("-")[0], position)


def copy_of(path: Path, folder: Path, data: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    copy = folder / path.name
    copy.write_bytes(data)
    return copy


def test_a_journal_cut_at_any_byte_gives_every_whole_entry_and_names_the_torn_end(
    segment: Path, tmp_path: Path
) -> None:
    data, frames = segment.read_bytes(), frames_of(segment)
    ends = [offset + size for offset, size in frames]
    for cut in range(1, len(data) + 1):
        copy = copy_of(segment, tmp_path / "cut", data[:cut])
        reader = reader_of(copy)
        assert len(list(reader)) == sum(end <= cut for end in ends)
        assert reader.damage == []
        if cut == SEGMENT_HEADER_BYTES or cut in ends:
            assert reader.torn is None
            continue
        assert reader.torn is not None
        whole = max([0, *(end for end in [SEGMENT_HEADER_BYTES, *ends] if end <= cut)])
        assert (reader.torn.offset, reader.torn.size_bytes) == (whole, cut - whole)
        if cut % 16:
            continue
        cut_torn_tail(reader.torn)
        again = reader_of(copy)
        assert len(list(again)) == sum(end <= cut for end in ends)
        assert (again.torn, again.damage) == (None, [])


@_fixtures
@given(data=st.data())
def test_a_flipped_bit_anywhere_is_named_with_file_and_offset(
    segment: Path, tmp_path: Path, data: st.DataObject
) -> None:
    original, frames = segment.read_bytes(), frames_of(segment)
    at = data.draw(st.integers(0, len(original) - 1))
    changed = bytearray(original)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    reader = reader_of(copy_of(segment, tmp_path / "flip", bytes(changed)))
    read = list(reader)
    assert reader.torn is None
    assert reader.damage
    start = max([0, *(offset for offset, _ in frames if offset <= at)])
    assert (reader.damage[0].path.name, reader.damage[0].offset) == (segment.name, start)
    assert len(read) >= len(frames) - 1


def test_an_entry_that_was_taken_out_whole_is_noticed(segment: Path, tmp_path: Path) -> None:
    data, frames = segment.read_bytes(), frames_of(segment)
    offset, size = frames[3]
    reader = reader_of(copy_of(segment, tmp_path / "out", data[:offset] + data[offset + size :]))
    list(reader)
    assert [spot.offset for spot in reader.damage] == [offset]
    assert "sequence" in reader.damage[0].why


def test_two_entries_that_changed_places_are_noticed(segment: Path, tmp_path: Path) -> None:
    data, frames = segment.read_bytes(), frames_of(segment)
    (first, size), (second, other) = frames[2], frames[3]
    swapped = (
        data[:first]
        + data[second : second + other]
        + data[first : first + size]
        + data[second + other :]
    )
    reader = reader_of(copy_of(segment, tmp_path / "swap", swapped))
    list(reader)
    assert reader.damage


def test_blocks_that_were_allocated_and_never_written_are_a_torn_end(
    segment: Path, tmp_path: Path
) -> None:
    data, frames = segment.read_bytes(), frames_of(segment)
    padded = data + bytes(4096)
    reader = reader_of(copy_of(segment, tmp_path / "zeros", padded))
    assert len(list(reader)) == len(frames)
    assert reader.torn is not None
    assert reader.torn.offset == len(data)


def test_a_torn_end_before_a_later_segment_is_damage(segment: Path, tmp_path: Path) -> None:
    data = segment.read_bytes()
    copy = copy_of(segment, tmp_path / "mid", data[:-5])
    copy.with_name(copy.name.replace("-00000", "-00001")).write_bytes(data)
    reader = reader_of(copy)
    list(reader)
    assert reader.damage[0].path.name == copy.name


def test_reading_goes_on_where_it_stopped(segment: Path) -> None:
    whole = list(reader_of(segment))
    for stop in range(len(whole) + 1):
        first = reader_of(segment)
        begun = list(islice(first, stop))
        again = reader_of(segment, first.position)
        assert begun + list(again) == whole
        assert again.damage == []


def test_erasing_personal_values_in_place_changes_no_hash(segment: Path, tmp_path: Path) -> None:
    original = list(reader_of(segment))
    data = bytearray(segment.read_bytes())
    for offset, size in frames_of(segment):
        frame = unpack_frame(bytes(data), offset)
        if frame.personal:
            capacity = len(frame.personal) + 8
            section = pack_personal_section(encode_personal([None, None, None]), capacity)
            data[offset + size - capacity : offset + size] = section
    for word in (b"person-dora", b"task-77", b"kb/returns.md", b"p" * 16):
        assert word not in data
    reader = reader_of(copy_of(segment, tmp_path / "erased", bytes(data)))
    erased = list(reader)
    assert (reader.torn, reader.damage) == (None, [])
    assert [one.hash for one in erased] == [one.hash for one in original]
    assert all(not getattr(one.entry, "personal", ()) for one in erased)

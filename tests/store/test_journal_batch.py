import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alos.domain.ids import WriterId
from alos.store.folder import list_segments, list_writers
from alos.store.journal import FileJournal
from alos.store.journal_batch import RawEntry, read_batch
from alos.store.journal_reader import Damage, JournalReader, Position, TornTail
from alos.store.journal_state import JournalSettings
from tests.store.samples import ManualClock, make_closing, make_opening

_SETTINGS = JournalSettings(
    segment_bytes=6000, reserve_bytes=0, anonymous_floor_bytes=0, tick_seconds=0.002
)


async def fill(folder: Path) -> None:
    journal = await FileJournal.start(folder, clock=ManualClock(), settings=_SETTINGS)
    for number in range(20):
        journal.open(make_opening(f"call_{number}"))
        await journal.close(make_closing(f"call_{number}"))
        await asyncio.sleep(0.005)
    await journal.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writer's journal of several segments."""
    made = tmp_path_factory.mktemp("journal")
    asyncio.run(fill(made))
    assert len(list_segments(made, list_writers(made)[0])) > 3
    return made


def read_all(
    folder: Path, writer: WriterId, limit: int, up_to: int | None = None
) -> tuple[list[RawEntry], list[Damage], TornTail | None]:
    entries: list[RawEntry] = []
    damage: list[Damage] = []
    position = Position()
    while True:
        batch = read_batch(folder, writer, position, up_to=up_to, limit=limit)
        entries += batch.entries
        damage += batch.damage
        position = batch.position
        if batch.is_end:
            return entries, damage, batch.torn


@given(limit=st.integers(1, 50), up_to=st.none() | st.integers(0, 45))
def test_batches_of_any_size_are_what_the_careful_reader_reads(
    folder: Path, limit: int, up_to: int | None
) -> None:
    [writer] = list_writers(folder)
    entries, damage, torn = read_all(folder, writer, limit, up_to)
    reader = JournalReader(folder, writer, up_to=up_to)
    careful = list(reader.iterate_values())
    assert (damage, torn) == ([], None)
    assert [(one.sequence, one.hash, one.chained, one.personal) for one in entries] == [
        (values.sequence, frame.hash, frame.chained, frame.personal) for frame, values in careful
    ]
    for one in entries:
        path = list_segments(folder, writer)[one.segment]
        assert path.read_bytes()[one.offset : one.offset + 4] == b"ALJ1"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_flipped_bit_or_a_cut_end_is_named_as_the_careful_reader_names_it(
    folder: Path, tmp_path: Path, data: st.DataObject
) -> None:
    [writer] = list_writers(folder)
    for path in list_segments(folder, writer):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    paths = [path for path in list_segments(tmp_path, writer) if path.stat().st_size]
    path = data.draw(st.sampled_from(paths))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[at] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
    else:
        path.write_bytes(content[: max(1, at)])
    entries, damage, torn = read_all(tmp_path, writer, data.draw(st.integers(1, 60)))
    reader = JournalReader(tmp_path, writer)
    careful = list(reader.iterate_values())
    assert [one.sequence for one in entries] == [values.sequence for _, values in careful]
    assert torn == reader.torn
    assert {(spot.path, spot.offset) for spot in damage} == {
        (spot.path, spot.offset) for spot in reader.damage
    }

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alos.domain.erasure import Erasure
from alos.domain.ids import CallId
from alos.domain.record import ClosingEntry, Personal
from alos.ports.call_store import CallQuery
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.erase import erase_person
from alos.store.folder import list_writers
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader
from alos.store.journal_state import JournalSettings
from alos.store.shipper import Shipper
from tests.store.samples import ManualClock, make_closing, make_opening


def call_of(name: str, person: str) -> ClosingEntry:
    personal = (
        Personal("principal", name.encode().ljust(16, b"."), person),
        Personal("task", name.encode().ljust(16, b":"), f"task of {person}"),
    )
    return make_closing(name, personal=personal)


async def fill(folder: Path, people: list[str], settings: JournalSettings) -> None:
    journal = await FileJournal.start(folder, clock=ManualClock(), settings=settings)
    for number, person in enumerate(people):
        journal.open(make_opening(f"call_{number}"))
        await journal.close(call_of(f"call_{number}", person))
    await journal.stop()


def ship(folder: Path, store: Store) -> None:
    Shipper(store, folder, clock=ManualClock(), durable=dict).ship_once()


def bytes_of(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def hashes(folder: Path) -> list[bytes]:
    found = []
    for writer in list_writers(folder):
        reader = JournalReader(folder, writer)
        found += [one.hash for one in reader]
        assert (reader.torn, reader.damage) == (None, [])
    return found


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(people=st.lists(st.sampled_from(["dora", "dora-2", "erik"]), min_size=1, max_size=12))
def test_after_erasing_a_person_nothing_of_them_is_left_and_every_hash_stands(
    tmp_path_factory: pytest.TempPathFactory, quick: JournalSettings, people: list[str]
) -> None:
    home = tmp_path_factory.mktemp("home")
    folder = home / "journal"
    asyncio.run(fill(folder, people, quick))
    before = hashes(folder)
    store = Store(home / "alos.db")
    ship(folder, store)
    done = erase_person(folder, store, "dora")
    count = people.count("dora")
    assert done == Erasure(entries=count, rows=count, is_complete=True)
    assert erase_person(folder, store, "dora") == Erasure(entries=0, rows=0, is_complete=True)
    assert hashes(folder) == before
    index = CallIndex(store)
    for number, person in enumerate(people):
        row = index.get_call(CallId(f"call_{number}"))
        assert row is not None
        assert row.closing is not None
        kept = call_of(f"call_{number}", person).personal
        assert row.closing.personal == (() if person == "dora" else kept)
    found = index.search_calls(CallQuery(person="erik"), before=None, limit=100)
    assert len(found) == people.count("erik")
    store.close()
    left = bytes_of(home)
    assert b"task of dora\n" not in left.replace(b"task of dora-2", b"")
    assert b"task of dora" not in left.replace(b"task of dora-2", b"")


async def test_a_person_erased_before_the_entry_was_shipped_does_not_come_into_the_index(
    tmp_path: Path, quick: JournalSettings
) -> None:
    folder = tmp_path / "journal"
    await fill(folder, ["dora", "erik"], quick)
    store = Store(tmp_path / "alos.db")
    erase_person(folder, store, "dora")
    ship(folder, store)
    index = CallIndex(store)
    assert index.search_calls(CallQuery(person="dora"), before=None, limit=9) == []
    assert len(index.search_calls(CallQuery(person="erik"), before=None, limit=9)) == 1
    store.close()


async def test_a_living_writer_goes_on_after_an_erasure(
    tmp_path: Path, quick: JournalSettings, clock: ManualClock
) -> None:
    folder = tmp_path / "journal"
    journal = await FileJournal.start(folder, clock=clock, settings=quick)
    await journal.close(call_of("call_1", "dora"))
    store = Store(tmp_path / "alos.db")
    done = await asyncio.to_thread(erase_person, folder, store, "dora")
    await journal.close(call_of("call_2", "erik"))
    await journal.stop()
    assert done.entries == 1
    closings: list[Any] = [
        one.entry
        for one in JournalReader(folder, journal.writer)
        if isinstance(one.entry, ClosingEntry)
    ]
    assert [entry.personal for entry in closings] == [(), call_of("call_2", "erik").personal]
    store.close()

"""A person is erased by one gateway; the others of the installation do their part."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alos.control.refused import ChangeRefused
from alos.domain.ids import CallId, PersonId
from alos.domain.legal_hold import HoldKind
from alos.domain.record import NoteKind
from alos.domain.vault import ErasedBodies, Gone
from alos.ports.call_store import CallQuery
from alos.store.engine import Store
from alos.store.erasures_due import erasures_due
from alos.store.folder import list_writers
from tests.control.test_custody import House
from tests.store.conftest import postgresql  # noqa: F401 (a fixture)
from tests.store.databases import Postgresql

DORA = PersonId("dora-of-the-seven-seas")
ASKED = {"request": "T-17", "by": "dan"}


@pytest.fixture
async def houses(tmp_path: Path, postgresql: Postgresql) -> AsyncIterator[tuple[House, House]]:  # noqa: F811 (that fixture)
    """Two gateways with folders of their own and one store; Dora called each once, Erik too."""
    url = postgresql.make()
    opened = House(tmp_path / "a"), House(tmp_path / "b")
    for house in opened:
        house.store = Store(url)
        await house.open()
        name = house.home.name
        await house.call(f"call_{name}1", person=DORA)
        await house.call(f"call_{name}2", person="erik")
        house.shipper.ship_once()
    yield opened
    for house in opened:
        await house.vault.stop()
        await house.journal.stop()
        house.store.close()
    postgresql.drop(url)


def writer_of(house: House) -> str:
    (writer,) = list_writers(house.home / "journal")
    return writer


def find(house: House, person: str) -> list[str]:
    rows = house.calls.search_calls(CallQuery(person=person), before=None, limit=9)
    return sorted(row.call_id for row in rows)


def is_in_any_file(house: House) -> bool:
    files = (path for path in house.home.rglob("*") if path.is_file())
    return any(DORA.encode() in path.read_bytes() for path in files)


def is_in_the_store(store: Store) -> bool:
    with store.read() as connection:
        for table in ("calls", "notes", "scope_days", "erasures_due", "running_calls"):
            rows = connection.exec_driver_sql(f"SELECT t::text FROM {table} t").scalars()  # noqa: S608 (our own names)
            if any(DORA in row for row in rows):
                return True
    return False


async def test_each_gateway_erases_its_own_part_and_is_named_until_it_has(
    houses: tuple[House, House],
) -> None:
    one, other = houses
    done = await one.erasures.erase_person(DORA, **ASKED)
    assert done.pending == (writer_of(other),)
    assert done.bodies == ErasedBodies(erased=2)
    assert one.get("call_a1") is Gone.ERASED
    assert other.get("call_b1") == b"request: where is my parcel?"
    assert find(one, DORA) == ["call_b1"], "the other gateway has to find it yet"
    again = await one.erasures.erase_person(DORA, **ASKED)
    assert again.pending == (writer_of(other),)
    (pending,) = await one.erasures.list_pending()
    assert (pending[0].request, pending[1]) == ("T-17", writer_of(other))
    assert other.notes(NoteKind.ERASED) == []

    await other.erasures.do_mine()
    assert other.get("call_b1") is Gone.ERASED
    assert other.get("call_b2") == b"request: where is my parcel?"
    (note,) = other.notes(NoteKind.ERASED)
    assert (note["request"], note["by"], note["bodies"]) == ("T-17", "dan", "2")
    first, _ = one.notes(NoteKind.ERASED)
    assert first["pending"] == writer_of(other)
    assert DORA not in json.dumps([note, first])
    assert find(one, DORA) == []
    assert find(one, "erik") == ["call_a2", "call_b2"]
    assert not any(map(is_in_any_file, houses))
    assert not is_in_the_store(one.store)
    assert await one.erasures.list_pending() == []

    await other.erasures.do_mine()
    assert len(other.notes(NoteKind.ERASED)) == 1


async def test_what_the_other_had_not_shipped_yet_goes_too(houses: tuple[House, House]) -> None:
    one, other = houses
    await other.call("call_b3", person=DORA)
    await one.erasures.erase_person(DORA, **ASKED)
    await other.erasures.do_mine()
    assert other.get("call_b3") is Gone.ERASED
    assert not any(map(is_in_any_file, houses))
    assert not is_in_the_store(one.store)


async def test_a_gateway_that_is_asked_itself_owes_nothing_any_more(
    houses: tuple[House, House],
) -> None:
    one, other = houses
    await one.erasures.erase_person(DORA, **ASKED)
    done = await other.erasures.erase_person(DORA, request="T-18", by="dan")
    assert done.bodies == ErasedBodies(erased=2)
    await other.erasures.do_mine()
    assert len(other.notes(NoteKind.ERASED)) == 1
    await one.erasures.do_mine()
    last = await one.erasures.erase_person(DORA, **ASKED)
    assert last.pending == (writer_of(other),), "it lives, and may have known her since"


async def test_a_gateway_that_fails_half_way_does_it_again(houses: tuple[House, House]) -> None:
    one, other = houses
    await one.erasures.erase_person(DORA, **ASKED)
    lock = other.home / "vault-keys" / "lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(Exception, match="vault"):
        await other.erasures.do_mine()
    lock.rmdir()
    with one.store.read() as connection:
        assert connection.execute(erasures_due.select()).one().writer == writer_of(other)
    await other.erasures.do_mine()
    assert other.get("call_b1") is Gone.ERASED
    assert not is_in_the_store(one.store)


async def test_a_hold_that_came_between_keeps_the_other_part_waiting(
    houses: tuple[House, House],
) -> None:
    one, other = houses
    await one.erasures.erase_person(DORA, **ASKED)
    hold = await one.place(HoldKind.PERSON, DORA)
    await other.erasures.do_mine()
    assert other.get("call_b1") == b"request: where is my parcel?"
    await one.holds.release(hold.id, by="gus")
    await other.erasures.do_mine()
    assert other.get("call_b1") is Gone.ERASED


async def test_a_call_of_another_gateway_is_erased_there(houses: tuple[House, House]) -> None:
    one, other = houses
    with pytest.raises(ChangeRefused, match="another gateway's: erase it there"):
        await one.erasures.erase_call(CallId("call_b1"), **ASKED)
    await other.erasures.erase_call(CallId("call_b1"), **ASKED)
    assert other.get("call_b1") is Gone.ERASED


async def test_a_hold_that_another_gateway_placed_saves_a_single_call(
    houses: tuple[House, House],
) -> None:
    one, other = houses
    await one.place(HoldKind.WORKFLOW, "triage")
    done = await other.erasures.erase_call(CallId("call_b1"), **ASKED)
    assert (done.held_calls, done.bodies) == (1, ErasedBodies(held=2))
    assert other.get("call_b1") == b"request: where is my parcel?"

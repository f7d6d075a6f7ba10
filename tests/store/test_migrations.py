from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, select, text

import alos.store
from alos.domain.ids import CallId
from alos.domain.record import Outcome
from alos.ports.call_store import CallQuery
from alos.store.call_index import CallIndex
from alos.store.control_state import StoredControlState
from alos.store.engine import Store, migrate
from alos.store.ledger_tables import ledger_head
from alos.store.partitions import ensure_days, get_day
from alos.store.spend import get_spend_nanousd
from alos.store.tables import call_hours, metadata
from tests.store.conftest import postgresql_of
from tests.store.databases import ENGINES
from tests.store.samples import NOW

REVISIONS = [
    one.revision
    for one in ScriptDirectory(
        str(Path(alos.store.__file__).parent / "migrations")
    ).walk_revisions()
]
for _module in iter_modules(alos.store.__path__):
    if _module.name.endswith(("tables", "legal_holds", "access_requests", "erasures_due")):
        import_module(f"alos.store.{_module.name}")  # registers them
_DAY = 86_400 * 10**9
_CALL = {
    "workspace": "support",
    "workflow": "triage",
    "key_id": "key_1",
    "principal": "dora",
    "task": None,
    "model": "small",
    "upstream_model": "acme-small",
    "vendor": "acme",
    "tier": 1,
    "release": None,
    "outcome": "answered",
    "reason": None,
    "stage": "finish",
    "http_status": 200,
    "duration_ms": 830,
    "overhead_us": 90,
    "finding_words": None,
    "closing_writer": "w-1",
    "closing_segment": 0,
    "closing_byte_offset": 512,
    "closing_sequence": 3,
    "opening_writer": None,
    "opening_segment": None,
    "opening_byte_offset": None,
    "opening_sequence": None,
}
_WRITER = {
    "writer": "w-1",
    "segment": 0,
    "byte_offset": 512,
    "sequence": 4,
    "hash": b"h" * 32,
    "is_done": False,
}


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """A place without any table."""
    server = postgresql_of(request)
    made = tmp_path / "alos.db" if server is None else server.make_empty()
    yield made
    if server is not None:
        server.drop(str(made))


@contextmanager
def opened(place: Path | str) -> Iterator[Store]:
    store = Store(place)
    try:
        yield store
    finally:
        store.close()


def get_engine(store: Store) -> Engine:
    store._database.prepare()
    return store._database.writing


def put(connection: Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    statement = f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 (our own names)
    connection.execute(text(statement), row)


def fill(connection: Connection, revision: str) -> None:
    """What a store of that revision may hold: four calls of two days, a switch, a head."""
    if revision >= "0006":
        fill_rollups(connection)
    for number in range(4):
        call = {
            **_CALL,
            "call_id": f"call_{number}",
            "opened_at_unix_ns": NOW - number // 2 * _DAY,
            "cost_nanousd": 10**number,
            "arrived_at_unix_ns": NOW + number,
        }
        put(connection, "calls", call)
    put(connection, "journal_writers", _WRITER)
    stop = {"kind": "workflow", "target": "triage", "since_unix": 1, "by": "p", "reason": "r"}
    put(connection, "stops", stop)
    if revision >= "0002":
        head = {"size": 7, "root": b"r", "lease_epoch": 2, "lease_holder": "a"}
        put(connection, "ledger_head", {"only": 1, "lease_ends_at_unix_ns": 5, **head})


def fill_rollups(connection: Connection) -> None:
    """The sums of those calls, and their days on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        ensure_days(connection, [get_day(NOW), get_day(NOW - _DAY)], set())
    day = get_day(NOW) * 86_400
    sums = {"calls": 4, "cost_nanousd": 1111}
    put(connection, "scope_days", {"day_unix": day, "scope": "person:dora", **sums})
    names = {name: _CALL[name] for name in ("workspace", "workflow", "vendor", "model", "outcome")}
    others = {"overhead_us": 1, "highest_cost_nanousd": 1000, "highest_duration_ms": 830}
    hour = {"hour_unix": day, "reason": "", "purpose": "", "duration_ms": 1, **others}
    put(connection, "call_hours", {**names, **sums, **hour})


def test_the_migrations_make_exactly_the_tables_of_the_code(place: Path | str) -> None:
    with opened(place) as store, store.write() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": _is_of_this_engine}
        )
        assert compare_metadata(context, metadata) == []
        dialect = connection.dialect.name
    assert dialect in ENGINES


def _is_of_this_engine(_item: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Leave out the days of ``calls``, and what only the other engine has."""
    if kind == "table":
        return not str(name).startswith("calls_")
    only = {"calls_by_id", "calls_by_id_and_time", "calls_by_number"}
    return not (kind == "index" and name in only)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_store_of_each_earlier_revision_keeps_what_it_holds(
    place: Path | str, revision: str, tmp_path: Path
) -> None:
    with opened(place) as store:
        migrate(get_engine(store), revision)
        with get_engine(store).begin() as connection:
            fill(connection, revision)
    with opened(place) as store:
        store.ensure()
        assert [stop.target for stop in StoredControlState(store).list_stops()] == ["triage"]
        assert get_spend_nanousd(store, "2026-11")["person:dora"] == 1111
        with store.read() as connection:
            hours = connection.execute(select(call_hours.c.calls, call_hours.c.outcome)).all()
            assert sum(row.calls for row in hours) == 4
            assert {row.outcome for row in hours} == {Outcome.ANSWERED}
            head = connection.execute(select(ledger_head.c.size)).scalar()
            assert head == (7 if revision >= "0002" else None)
        index = CallIndex(store, tmp_path / "journal")
        assert index.get_call(CallId("call_none")) is None
        assert index.search_calls(CallQuery(workflow="other"), before=None, limit=9) == []

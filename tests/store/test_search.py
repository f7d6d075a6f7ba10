"""Every search gives what looking at each call one by one gives."""

import asyncio
from importlib import import_module
from pathlib import Path
from random import Random  # noqa: TID251 (a test: the same calls each time)
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from alos.domain.record import ClosingEntry, FindingNote, Outcome, Personal
from alos.domain.refusal import ReasonCode
from alos.ports.call_store import CallCursor, CallQuery, SumQuery
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.rollups import Rollups
from alos.store.rows import CALL_COLUMNS
from alos.store.search_places import Effort
from alos.store.shipper import Shipper
from alos.store.spend import CallTotals
from alos.store.tables import call_hours, finding_hours
from tests.store.samples import NOW, ManualClock, make_closing

_HOUR = 3600 * 10**9
_CALLS = 160


def make_calls() -> list[ClosingEntry]:
    """Calls of 50 days, a few in each hour in which there are any."""
    chance = Random(5)  # noqa: S311 (a test)
    made = []
    for number in range(_CALLS):
        is_refused = chance.random() < 0.2
        facts = (("purpose", "eval"), ("run", "run_1")) if chance.random() < 0.1 else ()
        found = FindingNote("request", "pii", "EMAIL_ADDRESS", "r", "redact", 1)
        changes: dict[str, Any] = {
            "opened_at_unix_ns": NOW - chance.randrange(50) * 24 * _HOUR - chance.randrange(_HOUR),
            "workflow": chance.choice(("triage", "reply", None)),
            "model": chance.choice(("small", "large")),
            "upstream_model": chance.choice(("acme-1", "acme-2")),
            "vendor": chance.choice(("acme", "other")),
            "outcome": Outcome.REFUSED if is_refused else Outcome.ANSWERED,
            "reason": ReasonCode.SECRET_FOUND if is_refused else None,
            "cost_nanousd": chance.choice((0, 10, 1000)),
            "duration_ms": chance.choice((5, 900)),
            "findings": (found,) if chance.random() < 0.1 else (),
            "personal": (Personal("principal", b"p" * 16, chance.choice(("dora", "erik"))),),
            "facts": (("near_miss", "surface"), *facts) if chance.random() < 0.1 else facts,
        }
        made.append(make_closing(f"call_{number:03}", **changes))
    return made


CALLS = make_calls()


def matches(call: ClosingEntry, query: CallQuery) -> bool:
    facts = dict(call.facts)
    person = call.personal[0].value
    words = {word for one in call.findings for word in (one.kind, one.type)}
    plain = ("workflow", "vendor", "outcome", "reason")
    checks = [
        all(getattr(query, name) in {None, getattr(call, name)} for name in plain),
        query.person in {None, person},
        query.model in {None, call.model, call.upstream_model},
        query.run in {None, facts.get("run")},
        query.purpose in {None, facts.get("purpose", "production")},
        not query.is_near_miss or "near_miss" in facts,
        query.finding is None or query.finding in words,
        call.cost_nanousd >= (query.min_cost_nanousd or 0),
        call.duration_ms >= (query.min_duration_ms or 0),
        call.opened_at_unix_ns >= (query.since_unix_ns or 0),
        call.opened_at_unix_ns < (query.until_unix_ns or 2**63),
    ]
    return all(checks)


def look_one_by_one(query: CallQuery) -> list[str]:
    found = [call for call in CALLS if matches(call, query)]
    found.sort(key=lambda call: (call.opened_at_unix_ns, call.call_id), reverse=True)
    return [call.call_id for call in found]


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


_TIMES = some(*(NOW - days * 24 * _HOUR for days in (0, 1, 9, 30, 49)))
_QUERIES = st.builds(
    CallQuery,
    workflow=some("triage", "reply", "none"),
    person=some("dora", "none"),
    model=some("small", "acme-1", "none"),
    vendor=some("acme", "none"),
    outcome=some(Outcome.ANSWERED, Outcome.REFUSED),
    reason=some("alos_secret_found"),
    finding=some("EMAIL_ADDRESS", "pii", "secret"),
    min_cost_nanousd=some(10, 1000, 5000),
    min_duration_ms=some(100),
    since_unix_ns=_TIMES,
    until_unix_ns=_TIMES,
    purpose=some("eval", "production", "drill"),
    run=some("run_1"),
    is_near_miss=st.sampled_from((None, True)),
)


@pytest.fixture
async def home(tmp_path: Path, quick: JournalSettings, store: Store) -> Path:
    journal = await FileJournal.start(tmp_path / "journal", clock=ManualClock(), settings=quick)
    async with asyncio.TaskGroup() as group:
        for call in CALLS:
            group.create_task(journal.close(call))
    await journal.stop()
    shipper = Shipper(
        store, tmp_path / "journal", clock=ManualClock(), durable=dict, batch_entries=30
    )
    shipper.ship_once()
    return tmp_path


EFFORTS = (Effort(), Effort(few=0), Effort(few=0, dense=0), Effort(few=0, dense=0, rare=0))


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    phases=[Phase.generate],
)
@given(query=_QUERIES, size=st.integers(1, 60), effort=st.sampled_from(EFFORTS))
def test_pages_of_any_search_hold_what_looking_at_each_call_finds(
    home: Path, store: Store, query: CallQuery, size: int, effort: Effort
) -> None:
    index = CallIndex(store, home / "journal", effort=effort)
    found: list[str] = []
    before = None
    while page := index.search_calls(query, before=before, limit=size):
        found += [row.call_id for row in page]
        before = CallCursor(page[-1].opened_at_unix_ns, page[-1].call_id)
    assert found == look_one_by_one(query)


def repr_asked(query: CallQuery) -> str:
    asked = {name: getattr(query, name) for name in query.__slots__}
    return "-".join(f"{name}={value}" for name, value in asked.items() if value is not None)


@pytest.mark.parametrize(
    "query",
    [
        CallQuery(vendor="acme"),
        CallQuery(model="acme-1"),
        CallQuery(outcome=Outcome.REFUSED),
        CallQuery(finding="pii"),
        CallQuery(min_cost_nanousd=10),
        CallQuery(min_cost_nanousd=1000),
        CallQuery(min_cost_nanousd=1000, min_duration_ms=100),
        CallQuery(vendor="other", person="dora"),
        CallQuery(finding="pii", min_cost_nanousd=10),
    ],
    ids=repr_asked,
)
def test_one_filter_finds_every_call_whichever_way_is_taken(
    home: Path, store: Store, query: CallQuery
) -> None:
    for effort in EFFORTS:
        index = CallIndex(store, home / "journal", effort=effort)
        found = index.search_calls(query, before=None, limit=500)
        assert [row.call_id for row in found] == look_one_by_one(query), effort


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("by", [(), ("workflow",), ("day", "vendor"), ("outcome", "purpose")])
def test_sums_are_those_of_the_calls(store: Store, by: tuple[str, ...]) -> None:
    totals = CallTotals(store)
    everything = SumQuery(by=by, since_unix=0, until_unix=2**40)
    rows = totals.sum_calls(everything)
    assert sum(row.calls for row in rows) == _CALLS
    assert sum(row.cost_nanousd for row in rows) == sum(call.cost_nanousd for call in CALLS)
    assert [row.names for row in rows] == sorted(row.names for row in rows)
    assert len({row.names for row in rows}) == len(rows)


@pytest.mark.usefixtures("home")
def test_sums_take_conditions_and_whole_hours(store: Store) -> None:
    totals = CallTotals(store)
    since = NOW // 10**9 // 3600 * 3600 - 9 * 86_400
    rows = totals.sum_calls(
        SumQuery(by=(), since_unix=since, until_unix=2**40, where=(("workflow", "reply"),))
    )
    mine = [
        call
        for call in CALLS
        if call.workflow == "reply" and call.opened_at_unix_ns >= since * 10**9
    ]
    assert [row.calls for row in rows] == [len(mine)]
    assert [row.highest_cost_nanousd for row in rows] == [max(one.cost_nanousd for one in mine)]
    with pytest.raises(ValueError, match="not summed by"):
        totals.sum_calls(SumQuery(by=("person",), since_unix=0, until_unix=1))


def test_without_any_call_there_are_no_sums(store: Store) -> None:
    store.ensure()
    assert CallTotals(store).sum_calls(SumQuery(by=(), since_unix=0, until_unix=1)) == []


def test_a_migrated_store_knows_where_its_calls_are_as_one_that_took_them_in(
    home: Path, store: Store
) -> None:
    assert home
    migration = import_module("alos.store.migrations.versions.0022_spots")
    with store.write() as connection:
        known = list_spots(connection)
        for table, names in ((call_hours, migration._SPOTS), (finding_hours, migration._SPAN)):
            connection.execute(update(table).values(dict.fromkeys(names, -1)))
        migration.fill(connection)
        assert list_spots(connection) == known
    assert len(known) > 100


def list_spots(connection: Connection) -> list[tuple[Any, ...]]:
    """What the sums say of places; of equal highest values any may be the one."""
    found: list[tuple[Any, ...]] = []
    for row in connection.execute(select(call_hours)).mappings():
        spots = dict(row)
        for highest, following, at in (
            ("highest_cost_nanousd", "next_cost_nanousd", "highest_cost_at_unix_ns"),
            ("highest_duration_ms", "next_duration_ms", "highest_duration_at_unix_ns"),
        ):
            if spots[following] == spots[highest]:
                del spots[at]
        found.append(tuple(spots.items()))
    found += map(tuple, connection.execute(select(finding_hours)))
    return sorted(found, key=repr)


def test_a_later_batch_moves_what_an_hour_says_of_places(store: Store) -> None:
    """Whatever the order and the batches are, it is what sorting the calls gives."""
    chance = Random(3)  # noqa: S311 (a test)
    for hour in range(40):
        begin = NOW // _HOUR * _HOUR + hour * _HOUR
        made = [
            (begin + at, chance.choice((3, 4, 5, 900)), chance.choice((7, 8)))
            for at in chance.sample(range(_HOUR), chance.randrange(1, 7))
        ]
        batches, left = [], made
        while left:
            size = chance.randrange(1, len(left) + 1)
            batches.append(left[:size])
            left = left[size:]
        for batch in batches:
            sums = Rollups()
            for at, cost, duration in batch:
                sums.add(to_row(at, cost, duration))
            with store.write() as connection:
                sums.put(connection)
        with store.read() as connection:
            row = connection.execute(
                select(call_hours).where(call_hours.c.hour_unix == begin // 10**9)
            ).one()
        times, costs, durations = ([one[at] for one in made] for at in range(3))
        assert (row.first_opened_at_unix_ns, row.last_opened_at_unix_ns) == (
            min(times),
            max(times),
        )
        highest = sorted([0, *costs])[-2:]
        assert [row.next_cost_nanousd, row.highest_cost_nanousd] == highest
        assert (row.highest_cost_at_unix_ns, highest[1]) in [one[:2] for one in made]
        assert [row.next_duration_ms, row.highest_duration_ms] == sorted([0, *durations])[-2:]


def to_row(at: int, cost: int, duration: int) -> tuple[Any, ...]:
    known = {"opened_at_unix_ns": at, "cost_nanousd": cost, "duration_ms": duration}
    return tuple(
        {"overhead_us": 1, "outcome": "answered", **known}.get(name) for name in CALL_COLUMNS
    )

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alos.domain.record import ClosingEntry, FindingNote, Outcome, Personal
from alos.domain.refusal import ReasonCode
from alos.ports.call_store import CallCursor, CallQuery
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.shipper import Shipper
from alos.store.spend import get_spend_nanousd
from tests.store.samples import NOW, ManualClock, make_closing

_MONTH = "2026-11"
_OTHERS: dict[str, dict[str, Any]] = {
    "call_0": {},
    "call_1": {"workflow": "reply", "workspace": "sales", "cost_nanousd": 5_000_000},
    "call_2": {
        "outcome": Outcome.REFUSED,
        "reason": ReasonCode.SECRET_FOUND,
        "findings": (FindingNote("request", "secret", "AWS_SECRET_KEY", "aws", "block", 1),),
        "cost_nanousd": 0,
        "model": None,
        "vendor": None,
    },
    "call_3": {"model": "large", "vendor": "other", "duration_ms": 9000, "key_id": "key_2"},
    "call_4": {"personal": (Personal("principal", b"e" * 16, "erik"),)},
    "call_5": {"opened_at_unix_ns": NOW - 40 * 86400 * 10**9},
}


def closings() -> list[ClosingEntry]:
    made = []
    for number, (name, changes) in enumerate(_OTHERS.items()):
        closing = make_closing(name, opened_at_unix_ns=NOW + number)
        made.append(closing._replace(**changes))
    return made


@pytest.fixture
async def index(tmp_path: Path, quick: JournalSettings, store: Store) -> CallIndex:
    journal = await FileJournal.start(tmp_path / "journal", clock=ManualClock(), settings=quick)
    for closing in closings():
        await journal.close(closing)
    await journal.stop()
    Shipper(store, tmp_path / "journal", clock=ManualClock(), durable=dict).ship_once()
    return CallIndex(store, tmp_path / "journal")


def find(index: CallIndex, **query: Any) -> list[str]:
    rows = index.search_calls(CallQuery(**query), before=None, limit=100)
    return [row.call_id for row in rows]


def test_each_filter_finds_what_it_names_and_nothing_else(index: CallIndex) -> None:
    assert find(index) == ["call_4", "call_3", "call_2", "call_1", "call_0", "call_5"]
    assert find(index, workflow="reply") == ["call_1"]
    assert find(index, workspace="sales") == ["call_1"]
    assert find(index, person="erik") == ["call_4"]
    assert find(index, key_id="key_2") == ["call_3"]
    assert find(index, model="large") == ["call_3"]
    assert find(index, vendor="other") == ["call_3"]
    assert find(index, outcome=Outcome.REFUSED) == ["call_2"]
    assert find(index, reason="alos_secret_found") == ["call_2"]
    assert find(index, finding="AWS_SECRET_KEY") == ["call_2"]
    assert find(index, finding="secret") == ["call_2"]
    assert find(index, finding="%") == []
    assert find(index, finding="AWS") == []
    assert find(index, min_cost_nanousd=1_000_000) == ["call_1"]
    assert find(index, min_duration_ms=5000) == ["call_3"]
    assert find(index, until_unix_ns=NOW) == ["call_5"]
    assert find(index, since_unix_ns=NOW + 3) == ["call_4", "call_3"]
    assert find(index, task="task-77", workflow="triage", vendor="acme") == ["call_0", "call_5"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(size=st.integers(1, 7))
def test_pages_of_any_size_give_every_call_once(index: CallIndex, size: int) -> None:
    seen: list[str] = []
    before = None
    while page := index.search_calls(CallQuery(), before=before, limit=size):
        seen += [row.call_id for row in page]
        before = CallCursor(page[-1].opened_at_unix_ns, page[-1].call_id)
    assert seen == find(index)


@pytest.mark.usefixtures("index")
def test_spend_of_the_month_adds_up_in_every_scope(store: Store) -> None:
    spend = get_spend_nanousd(store, _MONTH)
    usual = make_closing("x").cost_nanousd
    assert spend == {
        "organisation": 3 * usual + 5_000_000,
        "vendor:acme": 2 * usual + 5_000_000,
        "vendor:other": usual,
        "workspace:support": 3 * usual,
        "workspace:sales": 5_000_000,
        "workflow:triage": 3 * usual,
        "workflow:reply": 5_000_000,
        "key:key_1": 2 * usual + 5_000_000,
        "key:key_2": usual,
        "person:person-dora": 2 * usual + 5_000_000,
        "person:erik": usual,
    }
    assert get_spend_nanousd(store, "2026-10")["organisation"] == usual
    assert get_spend_nanousd(store, "2026-12") == {}


def test_arrivals_come_in_order_and_only_when_closed(index: CallIndex) -> None:
    rows = index.list_arrivals(since_unix_ns=0, limit=100)
    assert [row.call_id for row in rows] == list(_OTHERS)
    last = rows[-1].arrived_at_unix_ns
    assert index.list_arrivals(since_unix_ns=last + 1, limit=100) == []

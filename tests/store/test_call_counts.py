"""How many calls began lately, on both engines."""

import asyncio
from pathlib import Path

from alos.control.blast_radius import CallCounts
from alos.domain.record import Outcome
from alos.store.call_counts import StoredCallCounts
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.shipper import Shipper
from tests.store.samples import NOW, ManualClock, make_closing, make_opening


async def test_calls_and_keys_are_counted_and_refusals_are_not(
    tmp_path: Path, quick: JournalSettings, store: Store
) -> None:
    calls = [
        make_closing("call_1", workflow="triage", model="m", vendor="v", key_id="k1"),
        make_closing("call_2", workflow="triage", model="m", vendor="v", key_id="k2"),
        make_closing("call_3", workflow="triage", model="n", vendor="v", key_id="k2"),
        make_closing("call_4", workflow="reply", model="n", vendor="w", key_id="k3"),
        make_closing("call_5", workflow="triage", outcome=Outcome.REFUSED, key_id="k9"),
        make_closing("call_6", workflow="triage", key_id="k4", opened_at_unix_ns=NOW - 10**13),
    ]
    journal = await FileJournal.start(tmp_path / "journal", clock=ManualClock(), settings=quick)
    journal.open(make_opening("call_7", workflow="triage"))
    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(journal.close(call))
    await journal.stop()
    Shipper(store, tmp_path / "journal", clock=ManualClock(), durable=dict).ship_once()
    counts = StoredCallCounts(store)

    def count(**wish: object) -> CallCounts:
        usual: dict[str, object] = {"workflows": None, "model": None, "vendor": None}
        since = NOW - 3600 * 10**9
        return counts.count(since_unix_ns=since, **{**usual, **wish})  # type: ignore[arg-type]

    assert count() == CallCounts(calls=4, callers=3, running=1)
    assert count(workflows=["triage"]) == CallCounts(calls=3, callers=2, running=1)
    assert count(workflows=["reply"]) == CallCounts(calls=1, callers=1, running=0)
    assert count(workflows=["triage"], model="m").calls == 2
    assert count(vendor="v").callers == 2

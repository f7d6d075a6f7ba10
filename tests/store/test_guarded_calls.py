"""Guards read each production call of a release once, in the order in which it arrived."""

import asyncio
from pathlib import Path
from typing import Any

from alos.domain.ids import Digest, WorkflowId
from alos.store.engine import Store
from alos.store.guarded_calls import StoredGuardedCalls
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.shipper import Shipper
from tests.store.samples import NOW, ManualClock, make_closing

TRIAGE, RELEASE = WorkflowId("triage"), Digest("sha256:" + "a" * 64)


async def test_calls_of_a_release_are_read_once_in_pages_and_others_never(
    tmp_path: Path, quick: JournalSettings, store: Store
) -> None:
    clock = ManualClock()
    journal = await FileJournal.start(tmp_path / "journal", clock=clock, settings=quick)
    shipper = Shipper(store, tmp_path / "journal", clock=clock, durable=dict)

    async def close(*names: str, **changes: Any) -> None:
        async with asyncio.TaskGroup() as group:
            for name in names:
                entry = make_closing(name, **{"workflow": TRIAGE, "release": RELEASE, **changes})
                group.create_task(journal.close(entry))

    await close(*(f"call_{number}" for number in range(5)), duration_ms=70)
    await close("call_other", release=Digest("sha256:" + "b" * 64))
    await close("call_workflow", workflow=WorkflowId("reply"))
    await close("call_eval", facts=(("purpose", "eval"), ("run", "run_1")))
    await close("call_real", facts=(("purpose", "production"),))
    await journal.stop()
    shipper.ship_once()

    reader = StoredGuardedCalls(store)
    first = reader.find_first(0)
    seen, number = [], first
    for _ in range(4):
        found, number = reader.list_after(number, workflow=TRIAGE, release=RELEASE, limit=4)
        seen += found
    assert len(seen) == 6
    assert len({call.number for call in seen}) == 6
    assert [call.duration_ms for call in seen].count(70) == 5
    assert reader.list_after(number, workflow=TRIAGE, release=RELEASE, limit=4) == ((), number)
    later = reader.find_first(NOW * 2)
    assert reader.list_after(later, workflow=TRIAGE, release=RELEASE, limit=9) == ((), later)

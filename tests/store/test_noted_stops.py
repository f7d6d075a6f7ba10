"""A switch that was pulled again after a revival is restored from its note."""

from sqlalchemy import insert

from alos.domain.record import NoteKind
from alos.domain.standing import Stop
from alos.store.control_state import StoredControlState
from alos.store.engine import Store
from alos.store.noted_ends import restore_stops
from alos.store.tables import notes

_NS = 1_000_000_000
FACTS = {"kind": "workflow", "target": "triage", "by": "dora"}


def test_a_pull_that_only_the_journal_knows_holds_though_an_earlier_one_was_taken_back(
    store: Store,
) -> None:
    state = StoredControlState(store)
    first = Stop(
        kind="workflow",
        target="triage",
        since_unix=5,
        by="dora",
        reason="",
        pulled_at_unix_ns=5 * _NS,
    )
    assert state.add_stop(first)
    assert state.end_stop("workflow", "triage", by="ben", at_unix=6)
    told = [
        (NoteKind.STOPPED, 5 * _NS + 9),
        (NoteKind.REVIVED, 6 * _NS),
        (NoteKind.STOPPED, 7 * _NS),
    ]
    with store.write() as connection:
        for number, (kind, at_unix_ns) in enumerate(told):
            row = {
                "writer": "w", "sequence": number, "hash": "", "kind": kind.value,
                "at_unix_ns": at_unix_ns, "facts": FACTS, "personal": {},
            }  # fmt: skip
            connection.execute(insert(notes), row)
    (restored,) = restore_stops(store)
    assert restored.since_unix == 7
    assert [one.since_unix for one in state.list_stops()] == [7]
    assert restore_stops(store) == []

"""Both places where requests wait for people keep the same contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alos.domain.held import HeldRequest, HeldState
from alos.domain.ids import BodyReference, CallId, WorkflowId, WorkspaceId
from alos.ports.held import HeldRequests, MemoryHeldRequests
from alos.store.engine import Store
from alos.store.held import StoredHeldRequests


@pytest.fixture(params=["memory", "sqlite"])
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HeldRequests]:
    if request.param == "memory":
        yield MemoryHeldRequests()
        return
    store = Store(tmp_path / "alos.db")
    yield StoredHeldRequests(store)
    store.close()


def make(number: int, workflow: str = "triage") -> HeldRequest:
    return HeldRequest(
        id=f"held_{number}",
        call_id=CallId(f"call_{number}"),
        workflow=WorkflowId(workflow),
        workspace=WorkspaceId("care"),
        queue="desk",
        reason="alos_upstream_failed",
        at_unix_ns=number,
        body=BodyReference("reference"),
    )


def test_the_oldest_comes_first_and_a_list_can_be_narrowed(held: HeldRequests) -> None:
    for number in range(3):
        held.add(make(number, "other" if number == 1 else "triage"))
    assert [one.id for one in held.list_held()] == ["held_0", "held_1", "held_2"]
    assert [one.id for one in held.list_held(workflow="triage")] == ["held_0", "held_2"]
    assert [one.id for one in held.list_held(limit=1)] == ["held_0"]
    assert held.get_held("held_1") == make(1, "other")
    assert held.get_held("held_9") is None


def test_one_is_done_once_and_by_one_person(held: HeldRequests) -> None:
    held.add(make(1))
    done = held.mark_done("held_1", by="ana", at_unix_ns=7)
    assert done is not None
    assert (done.state, done.done_by, done.done_at_unix_ns) == (HeldState.DONE, "ana", 7)
    assert held.mark_done("held_1", by="ben", at_unix_ns=8) is None
    assert held.mark_done("held_2", by="ben", at_unix_ns=8) is None
    assert held.list_held(state=HeldState.WAITING) == []
    assert held.get_held("held_1") == done

"""Both places where access requests are kept keep the same contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alos.domain.access_request import AccessRequest
from alos.domain.ids import Digest, WorkflowId
from alos.ports.access_requests import AccessRequestStore, MemoryAccessRequests
from alos.store.access_requests import StoredAccessRequests
from alos.store.engine import Store


@pytest.fixture(params=["memory", "sqlite"])
def requests(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AccessRequestStore]:
    if request.param == "memory":
        yield MemoryAccessRequests()
        return
    store = Store(tmp_path / "alos.db")
    yield StoredAccessRequests(store)
    store.close()


def make(number: int) -> AccessRequest:
    return AccessRequest(
        id=f"access_{number}",
        workflow=WorkflowId("triage"),
        party="group:care",
        reason="they are on call",
        digest=Digest("sha256:" + "a" * 64),
        by="ana",
        at_unix=number,
    )


def test_the_newest_comes_first_and_the_list_has_a_bound(requests: AccessRequestStore) -> None:
    for number in (1, 3, 2):
        requests.add(make(number))
    assert list(requests.list_requests(most=9)) == [make(3), make(2), make(1)]
    assert list(requests.list_requests(most=2)) == [make(3), make(2)]


def test_they_are_there_after_a_restart(tmp_path: Path) -> None:
    first = Store(tmp_path / "alos.db")
    StoredAccessRequests(first).add(make(1))
    first.close()
    second = Store(tmp_path / "alos.db")
    assert list(StoredAccessRequests(second).list_requests(most=9)) == [make(1)]
    second.close()

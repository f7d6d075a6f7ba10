"""What people said of answers: once for each call, read in the order of arrival."""

from collections.abc import Callable

import pytest

from alos.domain.feedback import Feedback
from alos.domain.ids import CallId, Digest, WorkflowId
from alos.ports.feedback import FeedbackStore, MemoryFeedback
from alos.store.engine import Store
from alos.store.feedback import StoredFeedback

TRIAGE, RELEASE = WorkflowId("triage"), Digest("sha256:a")


@pytest.fixture(params=["memory", "stored"])
def kept(request: pytest.FixtureRequest, store: Store) -> FeedbackStore:
    makers: dict[str, Callable[[], FeedbackStore]] = {
        "memory": MemoryFeedback,
        "stored": lambda: StoredFeedback(store),
    }
    return makers[request.param]()


def make(number: int, *, accepted: bool = False, release: Digest = RELEASE) -> Feedback:
    return Feedback(
        call_id=CallId(f"call_{number}"),
        workflow=TRIAGE,
        release=release,
        accepted=accepted,
        at_unix_ns=number * 10**9,
    )


def test_a_call_has_one_and_the_first_stays(kept: FeedbackStore) -> None:
    assert kept.get(CallId("call_1")) is None
    assert kept.add(make(1))
    assert not kept.add(make(1, accepted=True))
    assert kept.get(CallId("call_1")) == make(1)


def test_those_of_a_release_are_read_once_in_pages(kept: FeedbackStore) -> None:
    for number in range(7):
        kept.add(make(number))
        kept.add(make(100 + number, release=Digest("sha256:b")))
    seen, at = [], 0
    for _ in range(4):
        found, at = kept.list_after(
            at, workflow=TRIAGE, release=RELEASE, since_unix_ns=2 * 10**9, limit=2
        )
        seen += found
    assert seen == [make(number) for number in range(2, 7)]
    kept.add(make(50))
    found, _ = kept.list_after(at, workflow=TRIAGE, release=RELEASE, since_unix_ns=0, limit=9)
    assert found == [make(50)]

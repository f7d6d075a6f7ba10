"""Bundles and the release log: in memory and on the database, the same."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.lane import Signature, Vote
from alos.domain.people import Role
from alos.domain.release_events import (
    Consulted,
    Drilled,
    DrillKind,
    Granted,
    Halted,
    ReleaseEvent,
    ReleaseId,
    Resumed,
    RolledBack,
    Submitted,
    VoteCast,
    VotesVoided,
)
from alos.domain.rollout import Reach
from alos.domain.rollout_plan import StageName
from alos.domain.tier import Tier
from alos.domain.waiver import Waiver, WaiverAbout
from alos.ports.bundles import BundleStore, MemoryBundles, StoredBundle
from alos.ports.release_log import LogMovedOn, MemoryReleaseLog, ReleaseLog
from alos.ports.waivers import MemoryWaivers
from alos.store.bundles import StoredBundles
from alos.store.engine import Store
from alos.store.release_log import StoredReleaseLog
from alos.store.waivers import StoredWaivers

FLOW, OTHER = WorkflowId("triage"), WorkflowId("reply")
DIGEST = Digest("sha256:" + "a" * 64)
RELEASE = ReleaseId("triage/1")
VOTE = Vote(
    voter=PersonId("gina"),
    identities=frozenset({"gina", "gina@example.com"}),
    role=Role.PM,
    approves=False,
    reason="zu teuer, später",
    signature=Signature.PERSONAL,
    at_unix=5,
    envelope='{"payload":"e30="}',
)
EVENTS: tuple[ReleaseEvent, ...] = (
    Submitted(
        release=RELEASE,
        workflow=FLOW,
        digest=DIGEST,
        tier=Tier.CUSTOMER_FACING,
        lane_tier=Tier.REGULATED,
        policy=DIGEST,
        authors=frozenset({"fay", "fay@example.com"}),
        scope=frozenset({"model small sees public"}),
        by=PersonId("fay"),
        at_unix=1,
    ),
    VoteCast(release=RELEASE, vote=VOTE),
    VotesVoided(
        release=RELEASE,
        voter=None,
        why="the policy widened",
        at_unix=6,
        scope=frozenset({"model small may see pii"}),
    ),
    Consulted(
        release=RELEASE, party="group:security", by=PersonId("dan"), opinion="fine", at_unix=6
    ),
    Granted(
        release=RELEASE,
        reach=Reach(stage=StageName.COHORT, groups=frozenset({"support"}), percent=12.5),
        approved_by=(PersonId("gina"), PersonId("dan")),
        basis="0" * 64,
        by="ben",
        at_unix=7,
    ),
    Halted(release=RELEASE, guard="errors", detail="12 of 40", at_unix=8),
    Resumed(release=RELEASE, by="ben", reason="a bad upstream", at_unix=9),
    RolledBack(release=RELEASE, to=None, by="ben", reason="wrong answers", at_unix=10),
    Drilled(
        workflow=FLOW,
        digest=DIGEST,
        kind=DrillKind.KILL,
        passed=True,
        detail="3 ms",
        run="drill_1",
        by="ben",
        at_unix=11,
    ),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "alos.db")
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "stored"])
def log(request: pytest.FixtureRequest, store: Store) -> ReleaseLog:
    return MemoryReleaseLog() if request.param == "memory" else StoredReleaseLog(store)


@pytest.fixture(params=["memory", "stored"])
def bundles(request: pytest.FixtureRequest, store: Store) -> BundleStore:
    return MemoryBundles() if request.param == "memory" else StoredBundles(store)


def test_every_event_comes_back_as_it_was(log: ReleaseLog) -> None:
    for sequence, event in enumerate(EVENTS):
        log.append(FLOW, sequence, event)
    assert [one.event for one in log.list_events()] == list(EVENTS)


def test_events_after_a_number_are_the_newer_ones(log: ReleaseLog) -> None:
    first = log.append(FLOW, 0, EVENTS[0])
    second = log.append(OTHER, 0, EVENTS[-1])
    assert log.list_events(first.number) == [second]
    assert log.list_events(second.number) == []


@pytest.mark.parametrize("sequence", [0, 2])
def test_a_place_in_a_lineage_is_taken_once_and_in_order(log: ReleaseLog, sequence: int) -> None:
    log.append(FLOW, 0, EVENTS[0])
    with pytest.raises(LogMovedOn):
        log.append(FLOW, sequence, EVENTS[1])
    assert len(log.list_events()) == 1


def test_a_bundle_is_kept_by_its_digest_and_never_overwritten(bundles: BundleStore) -> None:
    bundle = StoredBundle(
        digest=DIGEST,
        workflow=FLOW,
        contents={"workflow.yaml": b"id: triage\n", "prompts/ä.md": b"\x00\xff"},
        uploaded_by="fay",
        uploaded_at_unix=3,
    )
    bundles.put(bundle)
    bundles.put(
        StoredBundle(
            digest=DIGEST, workflow=OTHER, contents={}, uploaded_by="eve", uploaded_at_unix=4
        )
    )
    assert bundles.get(DIGEST) == bundle
    assert bundles.list_digests(FLOW) == [DIGEST]
    assert bundles.list_digests(OTHER) == []
    assert bundles.list_uploads(3) == {DIGEST: 3}
    assert bundles.list_uploads(4) == {}
    assert bundles.get(Digest("sha256:" + "b" * 64)) is None


@pytest.mark.parametrize("kind", ["memory", "stored"])
def test_a_waiver_is_kept_in_its_newest_state(kind: str, store: Store) -> None:
    waivers = MemoryWaivers() if kind == "memory" else StoredWaivers(store)
    waiver = Waiver(
        id="waiver_1",
        workflow=FLOW,
        about=WaiverAbout.NO_SSO,
        owner=PersonId("ben"),
        reason="not before spring",
        compensating_control="by hand",
        requested_at_unix=1,
        ends_at_unix=9,
        renewal=0,
    )
    waivers.put(waiver)
    granted = replace(waiver, granted_by=PersonId("dan"), granted_at_unix=2)
    waivers.put(granted)
    assert list(waivers.list_waivers()) == [granted]

"""A digest on its way from draft to everyone, as the events that happened to it.

Events are appended and never changed; a :class:`Lineage` is what they add up to. So the state
of every release can be worked out again from the ledger, by anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.lane import Vote
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


class ReleaseState(StrEnum):
    """Where a release stands."""

    VOTING = "voting"
    """Submitted; evals, votes or drills are still to come."""
    INTERNAL = "internal"
    COHORT = "cohort"
    ALL = "all"
    RETIRED = "retired"
    """A later release took its place at everyone."""
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"
    """Another bundle of the lineage was submitted before it went anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What the events of one submission add up to.

    Attributes:
        reach: of the stage granted last; ``None`` before the first.
        stage_since_unix: when that stage was granted.
        watched_since_unix: from when on guards look at its calls: the newest stage, or when a
            person let it go on.
        halted: the guard that holds it; empty while none does.
        scope: what the workflow may do, as the votes that count are about it.
        consulted: parties who answered.
    """

    submitted: Submitted
    scope: frozenset[str]
    state: ReleaseState = ReleaseState.VOTING
    votes: tuple[Vote, ...] = ()
    reach: Reach | None = None
    stage_since_unix: int = 0
    approved_by: tuple[PersonId, ...] = ()
    watched_since_unix: int = 0
    halted: str = ""
    consulted: frozenset[str] = frozenset()

    @property
    def id(self) -> ReleaseId:
        """Its id."""
        return self.submitted.release

    @property
    def digest(self) -> Digest:
        """The bundle's digest."""
        return self.submitted.digest

    @property
    def stage(self) -> StageName | None:
        """The stage granted last."""
        return self.reach.stage if self.reach is not None else None

    @property
    def is_served(self) -> bool:
        """Whether anybody's calls run it."""
        return self.state in {ReleaseState.INTERNAL, ReleaseState.COHORT, ReleaseState.ALL}


_STATE = {
    StageName.INTERNAL: ReleaseState.INTERNAL,
    StageName.COHORT: ReleaseState.COHORT,
    StageName.ALL: ReleaseState.ALL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A workflow's releases over time.

    Attributes:
        releases: oldest first.
        rolling: the release that is in internal or cohort now, if any.
        live: the release that everybody else gets, if any.
        once_live: digests that were granted ``all`` and not taken back since, newest last:
            where a rollback may go.
        drills: newest result by (kind, digest).
    """

    workflow: WorkflowId
    releases: Mapping[ReleaseId, Release] = field(default_factory=dict)
    rolling: ReleaseId | None = None
    live: ReleaseId | None = None
    once_live: tuple[Digest, ...] = ()
    drills: Mapping[tuple[DrillKind, Digest], Drilled] = field(default_factory=dict)

    @property
    def newest(self) -> Release | None:
        """The release submitted last."""
        return next(reversed(tuple(self.releases.values())), None)

    @property
    def rolling_release(self) -> Release | None:
        """The release in internal or cohort."""
        return self.releases[self.rolling] if self.rolling else None

    @property
    def live_release(self) -> Release | None:
        """The release that everybody gets who is in no earlier stage."""
        return self.releases[self.live] if self.live else None

    @property
    def next_id(self) -> ReleaseId:
        """The id of the next submission."""
        return ReleaseId(f"{self.workflow}/{len(self.releases) + 1}")

    @property
    def rollback_target(self) -> Digest | None:
        """Where a rollback goes by itself.

        From a rollout: the live release. From the live release: the one that was live before.
        """
        if self.rolling is not None:
            live = self.live_release
            return live.digest if live else None
        live = self.live_release
        earlier = [digest for digest in self.once_live if live is None or digest != live.digest]
        return earlier[-1] if earlier else None

    def find(self, digest: Digest) -> Release | None:
        """The newest release of a digest."""
        found = [one for one in self.releases.values() if one.digest == digest]
        return found[-1] if found else None

    def find_live(self, digest: Digest) -> Release | None:
        """The release of a digest that was granted ``all`` and not taken back since."""
        if digest not in self.once_live:
            return None
        found = self.find(digest)
        return found if found is not None and found.stage is StageName.ALL else None

    def get_drill(self, kind: DrillKind) -> Drilled | None:
        """The newest drill of a kind, whatever the digest."""
        found = [drill for (of, _), drill in self.drills.items() if of is kind]
        return max(found, key=lambda drill: drill.at_unix, default=None)


def _with(lineage: Lineage, release: Release) -> Lineage:
    return replace(lineage, releases={**lineage.releases, release.id: release})


def apply(lineage: Lineage, event: ReleaseEvent) -> Lineage:
    """The lineage after ``event``, which is of this workflow.

    Raises:
        KeyError: the event names a release that was never submitted.
    """
    match event:
        case Submitted():
            return _submit(lineage, event)
        case VoteCast():
            return _vote(lineage, event)
        case VotesVoided():
            return _void(lineage, event)
        case Consulted():
            release = lineage.releases[event.release]
            parties = release.consulted | {event.party}
            return _with(lineage, replace(release, consulted=parties))
        case Granted():
            return _grant(lineage, event)
        case Halted():
            return _with(lineage, replace(lineage.releases[event.release], halted=event.guard))
        case Resumed():
            let_go = replace(
                lineage.releases[event.release], halted="", watched_since_unix=event.at_unix
            )
            return _with(lineage, let_go)
        case RolledBack():
            return _roll_back(lineage, event)
        case Drilled():
            drills = {**lineage.drills, (event.kind, event.digest): event}
            return replace(lineage, drills=drills)


def _submit(lineage: Lineage, event: Submitted) -> Lineage:
    releases = {
        name: replace(one, state=ReleaseState.WITHDRAWN)
        if one.state is ReleaseState.VOTING
        else one
        for name, one in lineage.releases.items()
    }
    releases[event.release] = Release(submitted=event, scope=event.scope)
    return replace(lineage, releases=releases)


def _vote(lineage: Lineage, event: VoteCast) -> Lineage:
    release = lineage.releases[event.release]
    kept = tuple(
        vote for vote in release.votes if vote.void_because or vote.voter != event.vote.voter
    )
    return _with(lineage, replace(release, votes=(*kept, event.vote)))


def _void(lineage: Lineage, event: VotesVoided) -> Lineage:
    release = lineage.releases[event.release]
    votes = tuple(
        replace(vote, void_because=event.why)
        if not vote.void_because and event.voter in {None, vote.voter}
        else vote
        for vote in release.votes
    )
    scope = event.scope if event.scope is not None else release.scope
    return _with(lineage, replace(release, votes=votes, scope=scope))


def _grant(lineage: Lineage, event: Granted) -> Lineage:
    release = replace(
        lineage.releases[event.release],
        state=_STATE[event.reach.stage],
        reach=event.reach,
        stage_since_unix=event.at_unix,
        watched_since_unix=event.at_unix,
        approved_by=event.approved_by,
    )
    if event.reach.stage is not StageName.ALL:
        return replace(_with(lineage, release), rolling=release.id)
    before = lineage.live_release
    if before is not None and before.id != release.id:
        lineage = _with(lineage, replace(before, state=ReleaseState.RETIRED))
    once = (*(one for one in lineage.once_live if one != release.digest), release.digest)
    lineage = _with(lineage, release)
    return replace(lineage, rolling=None, live=release.id, once_live=once)


def _roll_back(lineage: Lineage, event: RolledBack) -> Lineage:
    taken_back = replace(lineage.releases[event.release], state=ReleaseState.ROLLED_BACK)
    once = tuple(one for one in lineage.once_live if one != taken_back.digest)
    lineage = replace(_with(lineage, taken_back), rolling=None, once_live=once)
    target = lineage.find_live(event.to) if event.to is not None else None
    if target is None:
        live = None if event.release == lineage.live else lineage.live
        return replace(lineage, live=live)
    served = replace(target, state=ReleaseState.ALL)
    return replace(_with(lineage, served), live=served.id)


def fold(workflow: WorkflowId, events: Iterable[ReleaseEvent]) -> Lineage:
    """What a workflow's events add up to."""
    lineage = Lineage(workflow=workflow)
    for event in events:
        lineage = apply(lineage, event)
    return lineage

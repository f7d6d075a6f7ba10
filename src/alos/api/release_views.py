"""How releases are shown: a line each, or one with everything that is missing."""

import math

from pydantic import Field

from alos.api.body import Body
from alos.control.guards import Watched
from alos.control.releases import Outlook
from alos.control.voting import Voting
from alos.domain.bundle import Bundle
from alos.domain.lane import Vote
from alos.domain.refusal import Refusal
from alos.domain.release import Lineage, Release
from alos.domain.release_events import DrillKind


class ReleaseLine(Body):
    """A release in one line."""

    id: str
    workflow: str
    digest: str
    state: str
    tier: int
    submitted_by: str
    submitted_at_unix: int
    stage_since_unix: int
    approved_by: list[str]
    halted: str = Field(description="the guard that holds it; empty while none does")


class VoteAnswer(Body):
    """A vote that was taken."""

    voter: str
    role: str
    approves: bool
    reason: str
    signature: str = Field(description="attested by the server, or personal")
    at_unix: int
    seconds_to_vote: int = Field(description="from the submission to this vote")
    void_because: str
    envelope: str


class GuardAnswer(Body):
    """A guard of a release that rolls out, and what it saw since the stage began."""

    name: str
    metric: str
    above: float
    action: str
    watched: bool = Field(description="false where no share can be above its bound")
    calls: int
    mean: float = Field(description="of what it counts: a share, or a cost by its highest value")
    allowed: float = Field(description="the mean that is still fine")
    evidence: float = Field(description="decimal logarithm; it speaks at `needed`")
    needed: float
    speaks: bool


class SlotAnswer(Body):
    """One vote that the lane asks for."""

    roles: list[str]
    voter: str | None


class MissingAnswer(Body):
    """One thing that keeps a release from its next stage."""

    code: str
    message: str


class EvalAnswer(Body):
    """The newest gate run of the digest."""

    run: str
    passed: bool
    at_unix: int
    gate_run: int
    by: str
    is_ci: bool


class DecisionAnswer(Body):
    """The newest entry of the decision log."""

    path: str
    what_changed: str
    why: str
    expected_impact: str
    rollback_plan: str


class DrillLine(Body):
    """The newest drill of a kind, of any digest of the workflow."""

    kind: str
    digest: str
    passed: bool
    by: str
    at_unix: int
    age_seconds: int
    run: str
    is_attested: bool = Field(description="somebody's word of before the server ran drills")
    detail: str


class ReleaseAnswer(ReleaseLine):
    """Everything about a release on one screen."""

    title: str
    lane_tier: int
    lane: list[SlotAnswer]
    lane_version: str
    personal_signature: bool = Field(description="each vote has to be signed by its person")
    policy: str
    votes: list[VoteAnswer]
    seconds_to_fill: int | None = Field(
        description="from the submission until the lane was filled; null while it is not"
    )
    seconds_waited: int = Field(description="so long votes were, or are, waited for")
    next_stage: str | None
    missing: list[MissingAnswer]
    evaluation: EvalAnswer | None
    decision: DecisionAnswer | None
    percent: float | None
    rollback_to: str | None
    drills: list[DrillLine]


def to_line(release: Release) -> ReleaseLine:
    """A release in one line."""
    submitted = release.submitted
    return ReleaseLine(
        id=release.id,
        workflow=submitted.workflow,
        digest=release.digest,
        state=release.state.value,
        tier=int(submitted.tier),
        submitted_by=submitted.by,
        submitted_at_unix=submitted.at_unix,
        stage_since_unix=release.stage_since_unix,
        approved_by=list(release.approved_by),
        halted=release.halted,
    )


def to_view(outlook: Outlook, voting: Voting, bundle: Bundle, *, now_unix: int) -> ReleaseAnswer:
    """A release with its lane, its votes and what is missing."""
    release = outlook.release
    shown, lane = voting.get_shown(release), voting.get_lane_state(release)
    evaluation = outlook.facts.evaluation if outlook.facts is not None else None
    submitted_at, filled = release.submitted.at_unix, lane.filled_at_unix
    decision = bundle.decisions[-1] if bundle.decisions else None
    return ReleaseAnswer(
        **to_line(release).model_dump(),
        title=bundle.workflow.title,
        lane_tier=int(release.submitted.lane_tier),
        lane=[
            SlotAnswer(roles=sorted(roles), voter=vote.voter if vote is not None else None)
            for roles, vote in lane.filled
        ],
        lane_version=shown.lane_version,
        personal_signature=voting.get_lane(release).personal_signature,
        policy=shown.policy,
        votes=[_to_vote(vote, submitted_at) for vote in release.votes],
        seconds_to_fill=filled - submitted_at if filled is not None else None,
        seconds_waited=max(0, (filled or now_unix) - submitted_at),
        next_stage=outlook.next_stage.value if outlook.next_stage is not None else None,
        missing=[_to_missing(refusal) for refusal in outlook.missing],
        evaluation=(
            EvalAnswer(
                run=evaluation.run,
                passed=evaluation.passed,
                at_unix=evaluation.at_unix,
                gate_run=evaluation.gate_run,
                by=evaluation.by,
                is_ci=evaluation.is_ci,
            )
            if evaluation is not None
            else None
        ),
        decision=(
            DecisionAnswer(
                path=decision.path,
                what_changed=decision.what_changed,
                why=decision.why,
                expected_impact=decision.expected_impact,
                rollback_plan=decision.rollback_plan,
            )
            if decision is not None
            else None
        ),
        percent=release.reach.percent if release.reach is not None else None,
        rollback_to=outlook.lineage.rollback_target,
        drills=_list_drills(outlook.lineage, now_unix),
    )


def _list_drills(lineage: Lineage, now_unix: int) -> list[DrillLine]:
    newest = [lineage.get_drill(kind) for kind in DrillKind]
    return [
        DrillLine(
            kind=drill.kind.value,
            digest=drill.digest,
            passed=drill.passed,
            by=drill.by,
            at_unix=drill.at_unix,
            age_seconds=max(0, now_unix - drill.at_unix),
            run=drill.run,
            is_attested=drill.is_attested,
            detail=drill.detail,
        )
        for drill in newest
        if drill is not None
    ]


def _to_vote(vote: Vote, submitted_at_unix: int) -> VoteAnswer:
    return VoteAnswer(
        voter=vote.voter,
        role=vote.role.value,
        approves=vote.approves,
        reason=vote.reason,
        signature=vote.signature.value,
        at_unix=vote.at_unix,
        seconds_to_vote=max(0, vote.at_unix - submitted_at_unix),
        void_because=vote.void_because,
        envelope=vote.envelope,
    )


def _to_missing(refusal: Refusal) -> MissingAnswer:
    return MissingAnswer(code=refusal.code.value, message=refusal.sentence)


def to_guard(watched: Watched) -> GuardAnswer:
    """A guard and what it saw."""
    guard, test = watched.guard, watched.test
    return GuardAnswer(
        name=guard.name,
        metric=guard.metric.value,
        above=guard.above,
        action=guard.action.value,
        watched=test is not None,
        calls=test.values if test is not None else 0,
        mean=test.mean if test is not None else 0,
        allowed=test.bound if test is not None else 0,
        evidence=test.get_log_evidence() / math.log(10) if test is not None else 0,
        needed=-math.log10(test.alpha) if test is not None else 0,
        speaks=watched.speaks,
    )

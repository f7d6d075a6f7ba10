"""The one gate: may this serve now, and may this release go to that stage?

``admit`` enforces it, ``control`` grants by it and explains with it; none has a rule of its own.
Ageing evidence is asked for when a stage is granted and never while calls are served; an ended
permission is asked for at every call.
"""

from collections.abc import Iterable, Iterator

from alos.domain.promotion import (
    DAY_SECONDS,
    DRILL_FRESH_DAYS,
    DRILLS_ASKED,
    EVAL_FRESH_DAYS,
    PromotionFacts,
)
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release import Lineage, Release, ReleaseState
from alos.domain.release_events import DrillKind
from alos.domain.request import Request
from alos.domain.rollout import Unit, get_next_stage
from alos.domain.rollout_plan import StageName
from alos.domain.standing import (
    KeyGrant,
    ReleaseStage,
    Standing,
    StandingModel,
    StandingWorkflow,
    Stop,
)
from alos.domain.tier import Tier


def get_stop(standing: Standing, workflow: StandingWorkflow) -> Stop | None:
    """The kill switch that holds ``workflow``, the widest one first."""
    stopped = standing.stopped
    if not stopped:
        return None
    return (
        stopped.get(("everything", ""))
        or stopped.get(("workspace", workflow.workspace))
        or stopped.get(("workflow", workflow.id))
    )


def check_serve(standing: Standing, workflow: StandingWorkflow) -> Refusal | None:
    """Say why ``workflow`` may not serve; ``None`` means that it may."""
    if (refusal := check_trial(standing, workflow)) is not None:
        return refusal
    if workflow.release.digest in standing.taken_back:
        return Refusal(code=ReasonCode.NOT_RELEASED, detail="this release was rolled back")
    stage = workflow.release.stage
    if stage is ReleaseStage.UNRELEASED and not standing.dev:
        return Refusal(
            code=ReasonCode.NOT_RELEASED, detail="only a dev folder serves what is unreleased"
        )
    if stage in {ReleaseStage.DRAFT, ReleaseStage.EVAL}:
        return Refusal(code=ReasonCode.NOT_RELEASED, detail="the release is still a draft")
    return None


def check_vendor_retention(workflow: StandingWorkflow, model: StandingModel) -> Refusal | None:
    """Say why the workflow's bodies may not stay with the model's vendor as long as they would."""
    days = workflow.bodies.days
    if days is None or model.retention_days <= days:
        return None
    detail = f"{model.vendor} keeps for {model.retention_days} days, the workflow for {days}"
    return Refusal(code=ReasonCode.VENDOR_RETENTION, detail=detail)


def check_region(workflow: StandingWorkflow, model: StandingModel) -> Refusal | None:
    """Say why the workflow's data may not go to where the model is."""
    if not workflow.regions or model.region in workflow.regions:
        return None
    detail = f"{model.vendor} processes in {model.region}"
    return Refusal(code=ReasonCode.REGION_NOT_ALLOWED, detail=detail)


def check_trial(standing: Standing, workflow: StandingWorkflow) -> Refusal | None:
    """Say why ``workflow`` may not even be tried; asked of drafts and eval runs too."""
    if (stop := get_stop(standing, workflow)) is not None:
        scope = f"{stop.kind} {stop.target}".strip()
        return Refusal(code=ReasonCode.WORKFLOW_STOPPED, detail=f"stopped: {scope}")
    if workflow.accountable is None:
        return Refusal(code=ReasonCode.WORKFLOW_NO_OWNER, detail=f"workflow {workflow.id}")
    if not (standing.is_retention_decided or standing.dev):
        return Refusal(code=ReasonCode.RETENTION_UNDECIDED)
    return None


def check_offered(standing: Standing, request: Request) -> Refusal | None:
    """Say which tool that a request offers is stopped, the caller's own or the provider's."""
    if not standing.stopped:
        return None
    offered = (*request.tool_names, *(part.kind for part in request.hosted))
    return check_tools(standing, offered)


def check_tools(standing: Standing, names: Iterable[str]) -> Refusal | None:
    """Say which of these tools is stopped."""
    stopped = standing.stopped
    if not stopped:
        return None
    for name in names:
        if (stop := stopped.get(("tool", name))) is not None:
            return Refusal(code=ReasonCode.TOOL_STOPPED, detail=f"stopped: tool {stop.target}")
    return None


def check_waivers(workflow: StandingWorkflow, *, now_unix: int) -> Refusal | None:
    """Say whether a permission that the release rests on has ended; an ended one stops calls."""
    ends = workflow.waivers_end_at_unix
    if ends is None or now_unix < ends:
        return None
    return Refusal(code=ReasonCode.WAIVER_ENDED, detail=f"workflow {workflow.id}")


def choose_release(workflow: StandingWorkflow, unit: Unit) -> StandingWorkflow | Refusal:
    """The release that serves ``unit``: the newest whose reach holds it, else the one before."""
    release: StandingWorkflow | None = workflow
    while release is not None:
        reach = release.release.reach
        if reach is None or reach.holds(release.id, unit):
            return release
        release = release.before
    return Refusal(
        code=ReasonCode.NOT_IN_STAGE, detail=f"workflow {workflow.id} is {workflow.release.stage}"
    )


def check_account(key: KeyGrant, workflow: StandingWorkflow, *, now_unix: int) -> Refusal | None:
    """Say why a personal account may not use ``workflow``: only a waiver that runs lets it."""
    if not key.personal_account:
        return None
    until = workflow.personal_accounts_until_unix
    if until is not None and now_unix < until:
        return None
    return Refusal(code=ReasonCode.PERSONAL_ACCOUNT, detail=f"workflow {workflow.id}")


def lets_personal_accounts(standing: Standing, *, now_unix: int) -> bool:
    """Whether a workflow takes personal accounts now, so that one may sign in at all."""
    return any(
        one.personal_accounts_until_unix is not None
        and now_unix < one.personal_accounts_until_unix
        for one in standing.workflows.values()
    )


def check_model(standing: Standing, model: StandingModel, *, now_unix: int) -> Refusal | None:
    """Say why ``model`` may not be used at all at this moment."""
    stopped = standing.stopped
    if stopped and (("model", model.name) in stopped or ("vendor", model.vendor) in stopped):
        return Refusal(code=ReasonCode.WORKFLOW_STOPPED, detail=f"stopped: model {model.name}")
    if model.approved_until_unix is not None and now_unix >= model.approved_until_unix:
        return Refusal(
            code=ReasonCode.VENDOR_APPROVAL_ENDED, detail=f"{model.vendor}/{model.name}"
        )
    return None


def check_promote(
    lineage: Lineage, release: Release, stage: StageName, facts: PromotionFacts
) -> tuple[Refusal, ...]:
    """Everything that keeps ``release`` from being granted ``stage``; empty = it may be."""
    return (
        *_check_order(lineage, release, stage),
        *_check_bundle(facts),
        *_check_evaluation(facts),
        *_check_lane(facts),
        *_check_drills(lineage, release, stage, facts),
        *_check_soak(release, stage, facts),
    )


def _check_order(lineage: Lineage, release: Release, stage: StageName) -> Iterator[Refusal]:
    if not release.is_served and release.state is not ReleaseState.VOTING:
        yield Refusal(code=ReasonCode.RELEASE_OVER, detail=f"it is {release.state}")
    current = release.stage
    if stage is not get_next_stage(current):
        at = f"it is in {current}" if current else "it is in no stage yet"
        yield Refusal(code=ReasonCode.RELEASE_STAGE_SKIPPED, detail=at)
    if lineage.rolling not in {None, release.id}:
        yield Refusal(code=ReasonCode.RELEASE_ANOTHER_ROLLING, detail=f"{lineage.rolling}")


def _check_bundle(facts: PromotionFacts) -> Iterator[Refusal]:
    if facts.tier < facts.floor.tier:
        reasons = ", ".join(reason.sentence for reason in facts.floor.reasons)
        detail = f"Tier {facts.tier:d} claimed, {facts.floor.tier:d} asked for: {reasons}"
        yield Refusal(code=ReasonCode.RELEASE_TIER_TOO_LOW, detail=detail)
    for problem in facts.blocking:
        yield Refusal(code=ReasonCode.RELEASE_BUNDLE_BLOCKED, detail=problem)
    if not facts.has_decision:
        yield Refusal(code=ReasonCode.RELEASE_DECISION_MISSING)
    for waiver in facts.missing_waivers:
        yield Refusal(code=ReasonCode.RELEASE_WAIVER_ENDED, detail=waiver)
    if facts.tier is Tier.AUTONOMOUS and not facts.sandbox_passed:
        yield Refusal(code=ReasonCode.RELEASE_SANDBOX_MISSING)


def _check_evaluation(facts: PromotionFacts) -> Iterator[Refusal]:
    found = facts.evaluation
    if found is None:
        yield Refusal(code=ReasonCode.RELEASE_EVAL_MISSING)
        return
    if not found.passed:
        yield Refusal(code=ReasonCode.RELEASE_EVAL_NOT_PASSED, detail=f"run {found.run}")
        return
    if facts.now_unix - found.at_unix > EVAL_FRESH_DAYS * DAY_SECONDS:
        detail = f"older than {EVAL_FRESH_DAYS} days"
        yield Refusal(code=ReasonCode.RELEASE_EVAL_STALE, detail=detail)
    if facts.tier >= Tier.CUSTOMER_FACING and not found.is_ci:
        detail = f"Tier {facts.tier:d}, run {found.run} by {found.by}"
        yield Refusal(code=ReasonCode.RELEASE_EVAL_NOT_CI, detail=detail)


def _check_lane(facts: PromotionFacts) -> Iterator[Refusal]:
    for roles in facts.lane.missing:
        yield Refusal(code=ReasonCode.RELEASE_VOTES_MISSING, detail=" or ".join(sorted(roles)))
    if facts.lane.people_short:
        more = f"{facts.lane.people_short} more people"
        yield Refusal(code=ReasonCode.RELEASE_VOTES_MISSING, detail=more)
    for vote in facts.lane.objections:
        detail = f"{vote.voter} as {vote.role}"
        yield Refusal(code=ReasonCode.RELEASE_VOTED_AGAINST, detail=detail)
    for party in facts.unanswered:
        yield Refusal(code=ReasonCode.RELEASE_NOT_CONSULTED, detail=party)


def _check_drills(
    lineage: Lineage, release: Release, stage: StageName, facts: PromotionFacts
) -> Iterator[Refusal]:
    asked = DRILLS_ASKED[stage]
    if facts.tier is Tier.AUTONOMOUS:
        asked = (*asked, DrillKind.ROLLBACK)
        if lineage.live is None:
            yield Refusal(code=ReasonCode.RELEASE_NO_ROLLBACK)
    for kind in asked:
        drill = lineage.get_drill(kind)
        if kind is DrillKind.ROLLBACK:
            drill = lineage.drills.get((kind, release.digest))
        if drill is None or not drill.passed or drill.is_attested:
            yield Refusal(code=ReasonCode.RELEASE_DRILL_MISSING, detail=kind)
        elif facts.now_unix - drill.at_unix > DRILL_FRESH_DAYS * DAY_SECONDS:
            detail = f"{kind}, older than {DRILL_FRESH_DAYS} days"
            yield Refusal(code=ReasonCode.RELEASE_DRILL_STALE, detail=detail)


def _check_soak(release: Release, stage: StageName, facts: PromotionFacts) -> Iterator[Refusal]:
    if release.halted:
        yield Refusal(code=ReasonCode.RELEASE_HALTED, detail=f"guard {release.halted}")
    if stage is StageName.INTERNAL:
        return
    left = release.stage_since_unix + facts.soak_hours * 3600 - facts.now_unix
    if left > 0:
        detail = f"{left // 3600} h {left % 3600 // 60} min of {facts.soak_hours} h are left"
        yield Refusal(code=ReasonCode.RELEASE_SOAKING, detail=detail)

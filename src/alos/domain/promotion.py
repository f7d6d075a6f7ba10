"""What has to be true before a stage is granted: the facts that the promote gate decides on."""

from collections.abc import Mapping
from dataclasses import dataclass

from alos.domain.lane import LaneState
from alos.domain.release_events import DrillKind
from alos.domain.rollout_plan import StageName
from alos.domain.tier import Tier, TierFloor

DAY_SECONDS = 24 * 3600
EVAL_FRESH_DAYS = 30
"""A stage is granted on an eval run no older than this."""
DRILL_FRESH_DAYS = 30
"""A stage is granted on drills no older than this."""
NOTICE_DAYS = 7
"""Evidence that ends within this many days is announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalFact:
    """The newest gate run of a digest.

    Attributes:
        gate_run: the k of "run k of this lineage since its last live release".
        by: the identity that ran it.
        is_ci: whether that identity is a CI's and not a laptop's; asked for from Tier 2 on.
    """

    run: str
    passed: bool
    at_unix: int
    gate_run: int
    by: str
    is_ci: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFacts:
    """Everything the promote gate looks at, as it is at one moment.

    Attributes:
        blocking: problems of the bundle that block a release, one line each.
        lane: how far the lane in force now is filled.
        has_decision: the decision log has a filled entry for this change.
        missing_waivers: what the release needs a waiver for and has none in force.
        unanswered: consulted parties who have neither answered nor run out of time.
        sandbox_passed: a recorded sandbox run passed for this digest (Tier 4).
        soak_hours: of the stage that it is in now.
    """

    now_unix: int
    tier: Tier
    floor: TierFloor
    blocking: tuple[str, ...] = ()
    evaluation: EvalFact | None = None
    lane: LaneState
    has_decision: bool = True
    missing_waivers: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    sandbox_passed: bool = False
    soak_hours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Evidence or a permission that ends by itself."""

    what: str
    ends_at_unix: int


DRILLS_ASKED: Mapping[StageName, tuple[DrillKind, ...]] = {
    StageName.INTERNAL: (),
    StageName.COHORT: (DrillKind.KILL, DrillKind.FALLBACK),
    StageName.ALL: (DrillKind.KILL, DrillKind.FALLBACK),
}
"""Drills a stage asks for, of any digest of the lineage; Tier 4 asks for a rollback besides."""

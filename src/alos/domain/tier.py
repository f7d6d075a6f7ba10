"""The five risk tiers, and the lowest tier that a workflow's own facts allow it to claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Tier(IntEnum):
    """How much harm a workflow can do; more is asked of a higher tier."""

    INTERNAL = 0
    ASSIST = 1
    CUSTOMER_FACING = 2
    REGULATED = 3
    AUTONOMOUS = 4

    @property
    def title(self) -> str:
        """The tier's name for people, e.g. ``Customer-facing``."""
        return TITLES[self]

    @property
    def minimum_cases(self) -> int:
        """Fewest golden cases with which a release of this tier may be evaluated."""
        return MINIMUM_CASES[self]

    @property
    def minimum_lower_bound(self) -> float:
        """Floor of the one-sided 95 % lower bound of the pass rate (0 to 1)."""
        return MINIMUM_LOWER_BOUND[self]


TITLES = {
    Tier.INTERNAL: "Internal",
    Tier.ASSIST: "Assist",
    Tier.CUSTOMER_FACING: "Customer-facing",
    Tier.REGULATED: "Regulated",
    Tier.AUTONOMOUS: "Autonomous actions",
}
MINIMUM_CASES = {
    Tier.INTERNAL: 10,
    Tier.ASSIST: 10,
    Tier.CUSTOMER_FACING: 20,
    Tier.REGULATED: 30,
    Tier.AUTONOMOUS: 50,
}
MINIMUM_LOWER_BOUND = {
    Tier.INTERNAL: 0.60,
    Tier.ASSIST: 0.60,
    Tier.CUSTOMER_FACING: 0.70,
    Tier.REGULATED: 0.80,
    Tier.AUTONOMOUS: 0.85,
}
LARGE_GOLDEN_SET = 50
"""Above this many cases a set only earns a warning: it costs more than it tells."""


class TierReason(StrEnum):
    """A fact that lifts the lowest tier a workflow may have."""

    AUTONOMOUS_TOOL = "autonomous_tool"
    REGULATED_DATA = "regulated_data"
    REGULATED_DECISION = "regulated_decision"
    EXTERNAL_AUDIENCE = "external_audience"

    @property
    def floor(self) -> Tier:
        """The lowest tier this fact allows."""
        return FLOORS[self]

    @property
    def sentence(self) -> str:
        """What the fact is, in words."""
        return SENTENCES[self]


FLOORS = {
    TierReason.AUTONOMOUS_TOOL: Tier.AUTONOMOUS,
    TierReason.REGULATED_DATA: Tier.REGULATED,
    TierReason.REGULATED_DECISION: Tier.REGULATED,
    TierReason.EXTERNAL_AUDIENCE: Tier.CUSTOMER_FACING,
}
SENTENCES = {
    TierReason.AUTONOMOUS_TOOL: "a tool acts without a person's acceptance",
    TierReason.REGULATED_DATA: "regulated data goes in",
    TierReason.REGULATED_DECISION: "it takes part in a regulated decision about a person",
    TierReason.EXTERNAL_AUDIENCE: "people outside the organisation read what comes out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TierFloor:
    """The lowest tier that a workflow's facts allow, and the facts that set it."""

    tier: Tier
    reasons: tuple[TierReason, ...]


def get_tier_floor(reasons: Sequence[TierReason]) -> TierFloor:
    """Compute the floor; without any reason it is Tier 0.

    Returns:
        The floor with those reasons only that reach it.
    """
    floor = max((reason.floor for reason in reasons), default=Tier.INTERNAL)
    deciding = tuple(reason for reason in reasons if reason.floor == floor)
    return TierFloor(tier=floor, reasons=deciding)

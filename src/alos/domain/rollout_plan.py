"""What ``workflow.yaml`` says of a rollout: its stages in order, and what guards them."""

from dataclasses import dataclass
from enum import StrEnum


class StageName(StrEnum):
    """The stages of a rollout, in this order."""

    INTERNAL = "internal"
    COHORT = "cohort"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStage:
    """Who is in, and for how long before the next stage.

    Attributes:
        groups: directory groups that are in (``internal``).
        percent: share of units that are in (``cohort``).
    """

    name: StageName
    soak_hours: int
    groups: frozenset[str] = frozenset()
    percent: float | None = None


class GuardMetric(StrEnum):
    """What a guard watches; rates are shares (0 to 1) of the calls of a stage."""

    ERROR_RATE = "error_rate"
    REFUSAL_RATE = "refusal_rate"
    FINDING_RATE = "finding_rate"
    ANSWER_BLOCKED_RATE = "answer_blocked_rate"
    REJECTION_RATE = "rejection_rate"
    LATENCY_P95_SECONDS = "latency_p95_seconds"
    COST_PER_CALL_USD = "cost_per_call_usd"


class GuardAction(StrEnum):
    """What a guard does once its metric is above the bound."""

    ALERT = "alert"
    HALT = "halt"
    KILL = "kill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A condition over live calls that alerts, halts the rollout, or kills the workflow.

    Attributes:
        window_minutes: with each window of this length it looks afresh, so that harm that
            begins late is seen as soon.
        minimum_calls: with fewer calls in the stage it does not act.
    """

    name: str
    metric: GuardMetric
    above: float
    window_minutes: int
    minimum_calls: int
    action: GuardAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The flag, the stages in order, and the guards that halt them."""

    flag: str
    stages: tuple[RolloutStage, ...]
    guards: tuple[Guard, ...]

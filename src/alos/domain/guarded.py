"""One finished call as a guard of a rollout sees it, and what each metric makes of it."""

from typing import Final, NamedTuple

from alos.domain.record import Outcome
from alos.domain.refusal import ReasonCode
from alos.domain.rollout_plan import Guard, GuardMetric

SLOW_SHARE: Final = 0.05
"""A 95th percentile is above a bound where more than this share of the calls is slower."""
COST_REACH: Final = 10.0
"""A call that costs more than so many times the bound counts as just that, so that the values
have a highest one; that can only lower the mean."""
_ERRORS: Final = frozenset({Outcome.UPSTREAM_ERROR, Outcome.UNKNOWN})
_UPSTREAM: Final = "alos_upstream_"


class GuardedCall(NamedTuple):
    """What the call index says of a production call that ended.

    Attributes:
        number: its place in the order of arrival.
    """

    number: int
    opened_at_unix_ns: int
    outcome: str
    reason: str | None
    has_findings: bool
    duration_ms: int
    cost_nanousd: int


def get_bound(guard: Guard) -> float:
    """The mean of :func:`get_value` that the guard still allows."""
    match guard.metric:
        case GuardMetric.LATENCY_P95_SECONDS:
            return SLOW_SHARE
        case GuardMetric.COST_PER_CALL_USD:
            return 1 / COST_REACH
        case _:
            return guard.above


def get_value(guard: Guard, call: GuardedCall) -> float:
    """From 0 to 1: whether the call is what the guard counts, or its share of a high cost."""
    refused = call.outcome == Outcome.REFUSED
    upstream = (call.reason or "").startswith(_UPSTREAM)
    match guard.metric:
        case GuardMetric.ERROR_RATE:
            return float(call.outcome in _ERRORS or upstream)
        case GuardMetric.REFUSAL_RATE:
            return float(refused and not upstream)
        case GuardMetric.FINDING_RATE:
            return float(call.has_findings)
        case GuardMetric.ANSWER_BLOCKED_RATE:
            return float(call.reason == ReasonCode.ANSWER_BLOCKED)
        case GuardMetric.LATENCY_P95_SECONDS:
            return float(call.duration_ms > guard.above * 1000)
        case GuardMetric.COST_PER_CALL_USD:
            return min(1.0, call.cost_nanousd / (guard.above * 1e9 * COST_REACH))
        case GuardMetric.REJECTION_RATE:
            raise ValueError("no call says whether its answer is rejected; feedback does")

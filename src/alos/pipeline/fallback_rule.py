"""When a workflow's fallback may answer in the place of its route (R63)."""

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import StandingWorkflow
from alos.domain.workflow import FallbackKind
from alos.ports.wire import WireFormat

_FAILED = frozenset(
    {
        ReasonCode.UPSTREAM_FAILED,
        ReasonCode.UPSTREAM_TIMEOUT,
        ReasonCode.UPSTREAM_BUSY,
        ReasonCode.UPSTREAM_FULL,
        ReasonCode.UPSTREAM_PAUSED,
    }
)


def may_answer(workflow: StandingWorkflow, wire: WireFormat, refusal: Refusal) -> bool:
    """Whether the fallback answers for this reason; for a kill switch only where it says so."""
    fallback = workflow.fallback
    if fallback is None or fallback.kind is FallbackKind.MODEL or not wire.answers_in_text:
        return False
    if refusal.code is ReasonCode.WORKFLOW_STOPPED:
        return fallback.when_stopped
    return refusal.code in _FAILED

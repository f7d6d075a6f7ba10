"""The gate asked again: may a call that was admitted still go on under the Standing of now?"""

from collections.abc import Iterable

from alos.domain.call import AdmittedCall
from alos.domain.gate import (
    check_model,
    check_offered,
    check_region,
    check_serve,
    check_tools,
    check_trial,
    check_vendor_retention,
)
from alos.domain.record import Fact
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import Standing, StandingModel, StandingWorkflow
from alos.pipeline.drill import get_current
from alos.pipeline.trial import is_still_open
from alos.ports.clock import Clock
from alos.ports.standing import StandingSource


class Still:
    """Asked before every try at a model after the first, at every chunk and before an answer."""

    def __init__(self, standing: StandingSource, clock: Clock) -> None:
        self._standing = standing
        self._clock = clock

    def __call__(self, admitted: AdmittedCall, model: StandingModel | None) -> Refusal | None:
        """Say what stands against it now; ``None`` where the Standing is as it was."""
        found = get_current(self._standing, admitted.call)
        if found is None:
            return Refusal(code=ReasonCode.RUN_UNKNOWN, detail="the drill is over")
        current, admitted_under = found, admitted.standing
        if current is admitted_under or current.epoch == admitted_under.epoch:
            return None
        workflow = current.workflows.get(admitted.workflow.id)
        if workflow is None:
            return Refusal(code=ReasonCode.WORKFLOW_NOT_REGISTERED, detail="taken off meanwhile")
        key = current.keys.get(admitted.key.prefix)
        if key is None or key.revoked:
            return Refusal(code=ReasonCode.KEY_REVOKED, detail="revoked meanwhile")
        if not key.active:
            return Refusal(code=ReasonCode.PRINCIPAL_INACTIVE, detail="left meanwhile")
        refusal = _check_serve_again(current, workflow, admitted) or check_offered(
            current, admitted.request
        )
        if refusal is not None or model is None:
            return refusal
        now = current.models.get(model.name)
        if now is None:
            return Refusal(code=ReasonCode.VENDOR_NOT_APPROVED, detail="taken off meanwhile")
        if not model.data_classes <= now.data_classes:
            return Refusal(code=ReasonCode.VENDOR_NOT_APPROVED, detail="for less data meanwhile")
        now_unix = self._clock.unix_ns() // 1_000_000_000
        return (
            check_region(workflow, now)
            or check_vendor_retention(workflow, now)
            or check_model(current, now, now_unix=now_unix)
        )

    def check_tools(self, names: Iterable[str]) -> Refusal | None:
        """Say which of the tools that an answer calls is stopped now, offered or not."""
        return check_tools(self._standing.current, names)


def _check_serve_again(
    current: Standing, workflow: StandingWorkflow, admitted: AdmittedCall
) -> Refusal | None:
    if not admitted.trial or admitted.call.drill is not None:
        if admitted.workflow.release.digest in current.taken_back:
            return Refusal(code=ReasonCode.NOT_RELEASED, detail="rolled back meanwhile")
        return check_serve(current, workflow)
    run = dict(admitted.trial).get(Fact.RUN)
    if not is_still_open(current, admitted.workflow, run):
        return Refusal(code=ReasonCode.RUN_UNKNOWN, detail="closed meanwhile")
    return check_trial(current, workflow)

"""The one gate function: may this workflow, and this model for it, serve now?

``admit`` enforces it, ``control`` explains with it; neither has a rule of its own.
"""

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import ReleaseStage, Standing, StandingModel, StandingWorkflow, Stop


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
    if (stop := get_stop(standing, workflow)) is not None:
        scope = f"{stop.kind} {stop.target}".strip()
        return Refusal(code=ReasonCode.WORKFLOW_STOPPED, detail=f"stopped: {scope}")
    if workflow.accountable is None:
        return Refusal(code=ReasonCode.WORKFLOW_NO_OWNER, detail=f"workflow {workflow.id}")
    stage = workflow.release.stage
    if stage is ReleaseStage.UNRELEASED and not standing.dev:
        return Refusal(
            code=ReasonCode.NOT_RELEASED, detail="only a dev folder serves what is unreleased"
        )
    if stage is ReleaseStage.DRAFT:
        return Refusal(code=ReasonCode.NOT_RELEASED, detail="the release is still a draft")
    return None


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

"""Tries a changed policy on calls of before."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.callers import get_workflow_target
from alos.control.plane import ControlPlane
from alos.control.policy_files import prepare_policy
from alos.control.policy_trial import Changed, PolicyTrials
from alos.domain.action import Action
from alos.domain.ids import WorkflowId
from alos.ports.clock import Clock

_DAY_NS = 86_400 * 1_000_000_000
Trier = Annotated[Caller, Depends(May(Action.BODIES_READ, of_object=True))]


class PolicyTrialWish(Body):
    """A changed policy, as the files of an organisation's folder."""

    files: dict[str, str] = Field(max_length=2000, description="path below the folder → text")
    days: int = Field(default=7, ge=1, le=7)
    workflow: str | None = Field(default=None, max_length=128, description="none: all of them")


class ChangedAnswer(Body):
    """A call that would go otherwise; never what it says."""

    call_id: str
    workflow: str
    data_class: str
    type: str
    rule: str


class PolicyTrialAnswer(Body):
    """What the changed policy would have done to calls that went through."""

    replayed: int
    redacted_then: int = Field(description="replayed without what was taken out of them then")
    new_blocks: int
    new_redactions: int
    blocked: list[ChangedAnswer]
    redacted: list[ChangedAnswer]
    not_replayed: dict[str, int]
    is_complete: bool


def add_policy(app: FastAPI, plane: ControlPlane, trials: PolicyTrials, clock: Clock) -> None:
    """Add the endpoint."""

    @app.post("/api/v1/policy/try")
    async def try_policy(wish: PolicyTrialWish, caller: Trier) -> PolicyTrialAnswer:
        """Replay kept requests against changed files; nothing changes, no text comes back."""
        configuration = plane.configuration
        names = [WorkflowId(wish.workflow)] if wish.workflow else list(configuration.bundles)
        if wish.workflow:
            caller.demand(get_workflow_target(configuration, names[0]))
        seen = [name for name in names if caller.may(get_workflow_target(configuration, name))]
        if not seen:
            caller.demand(get_workflow_target(configuration, WorkflowId("")))
        now = clock.unix_ns()
        result = await trials.run(
            lambda: prepare_policy(wish.files, configuration.people),
            workflows=seen,
            since_unix_ns=now - wish.days * _DAY_NS,
            until_unix_ns=now,
            by=caller.id,
        )
        return PolicyTrialAnswer(
            replayed=result.replayed,
            redacted_then=result.redacted_then,
            new_blocks=result.new_blocks,
            new_redactions=result.new_redactions,
            blocked=[_to_answer(one) for one in result.blocked],
            redacted=[_to_answer(one) for one in result.redacted],
            not_replayed=dict(result.not_replayed),
            is_complete=result.is_complete,
        )


def _to_answer(one: Changed) -> ChangedAnswer:
    return ChangedAnswer(
        call_id=one.call_id,
        workflow=one.workflow,
        data_class=one.data_class,
        type=one.type,
        rule=one.rule,
    )

"""Requests that wait for people, because no model answered."""

from typing import Annotated

from fastapi import Depends, FastAPI

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.callers import get_workflow_target
from alos.control.held import HeldDesk
from alos.control.plane import ChangeRefused, ControlPlane
from alos.domain.action import Action
from alos.domain.authorization import Target
from alos.domain.held import HeldRequest, HeldState

Lister = Annotated[Caller, Depends(May(Action.CALLS_READ, of_object=True))]
Reader = Annotated[Caller, Depends(May(Action.BODIES_READ, of_object=True))]
Answerer = Annotated[Caller, Depends(May(Action.HOLD_ANSWER, of_object=True))]
_NONE = "nothing waits under this id; `alos held list` shows what does"


class HeldAnswer(Body):
    """One request in a queue for people."""

    id: str
    call_id: str
    workflow: str
    workspace: str
    queue: str
    reason: str
    at_unix_ns: int
    state: str
    done_by: str
    done_at_unix_ns: int | None


class HeldBodyAnswer(HeldAnswer):
    """The same, with what the caller sent."""

    request: str | None
    """Every finding replaced; none once its retention has ended."""


def add_held(app: FastAPI, plane: ControlPlane, desk: HeldDesk) -> None:
    """Add the endpoints."""

    async def find(held_id: str, caller: Caller) -> HeldRequest:
        held = await desk.find(held_id)
        if held is None:
            caller.demand(Target(kind="held"))
            raise ChangeRefused(_NONE)
        caller.demand(get_workflow_target(plane.configuration, held.workflow))
        return held

    @app.get("/api/v1/held")
    async def list_held(
        caller: Lister, workflow: str | None = None, state: HeldState = HeldState.WAITING
    ) -> list[HeldAnswer]:
        """What waits (or is done), the oldest first; only of workflows whose calls you may see."""
        return [
            _to_answer(one)
            for one in await desk.list_held(workflow=workflow, state=state)
            if caller.may(get_workflow_target(plane.configuration, one.workflow))
        ]

    @app.get("/api/v1/held/{held_id}")
    async def show_held(held_id: str, caller: Reader) -> HeldBodyAnswer:
        """One of them with its request."""
        held = await find(held_id, caller)
        body = await desk.read(held)
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else None
        return HeldBodyAnswer(**_to_answer(held).model_dump(), request=text)

    @app.post("/api/v1/held/{held_id}/done")
    async def mark_held_done(held_id: str, caller: Answerer) -> HeldAnswer:
        """Say that somebody looked after it."""
        held = await find(held_id, caller)
        if not await desk.mark_done(held, by=caller.id):
            raise ChangeRefused(_NONE)
        done = await desk.find(held_id)
        return _to_answer(done or held)


def _to_answer(held: HeldRequest) -> HeldAnswer:
    return HeldAnswer(
        id=held.id,
        call_id=held.call_id,
        workflow=held.workflow,
        workspace=held.workspace,
        queue=held.queue,
        reason=held.reason,
        at_unix_ns=held.at_unix_ns,
        state=held.state,
        done_by=held.done_by,
        done_at_unix_ns=held.done_at_unix_ns,
    )

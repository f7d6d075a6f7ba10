"""Waivers: ask for one, grant it, end it, list them."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.body import Body
from alos.control.callers import get_workflow_target
from alos.control.plane import ControlPlane
from alos.control.waivers import Waivers, WaiverWish
from alos.domain.action import Action
from alos.domain.ids import PersonId, WorkflowId
from alos.domain.people import Role
from alos.domain.refusal import Refusal
from alos.domain.waiver import Waiver, WaiverAbout

PathId = Annotated[str, Field(max_length=64)]
Asker = Annotated[Caller, Depends(May(Action.WAIVER_REQUEST, of_object=True))]
Granter = Annotated[Caller, Depends(May(Action.WAIVER_GRANT))]
Ender = Annotated[Caller, Depends(May(Action.WAIVER_END, of_object=True))]
Reader = Annotated[Caller, Depends(May(Action.WAIVER_LIST))]
_LONGEST = 2_000


class WaiverRequest(Body):
    """What is asked for; the one who asks answers for the compensating control."""

    workflow: str = Field(max_length=64)
    about: WaiverAbout
    reason: str = Field(min_length=1, max_length=_LONGEST)
    compensating_control: str = Field(min_length=1, max_length=_LONGEST)
    ends_at_unix: int


class WaiverAnswer(Body):
    """A waiver and where it stands."""

    id: str
    workflow: str
    about: str
    owner: str
    reason: str
    compensating_control: str
    requested_at_unix: int
    ends_at_unix: int
    renewal: int
    granted_by: str | None
    granted_at_unix: int | None
    ended_by: str | None


def add_waivers(app: FastAPI, plane: ControlPlane, waivers: Waivers) -> None:
    """Add the endpoints of waivers."""

    @app.get("/api/v1/waivers")
    async def list_waivers(_: Reader) -> list[WaiverAnswer]:
        """Every waiver there ever was, oldest first."""
        return [_to_answer(one) for one in waivers.all.values()]

    @app.post("/api/v1/waivers", status_code=201)
    async def request_waiver(wish: WaiverRequest, caller: Asker) -> WaiverAnswer:
        """Ask for a waiver; somebody else grants it."""
        caller.demand(get_workflow_target(plane.configuration, WorkflowId(wish.workflow)))
        return _open(
            await waivers.request(
                WaiverWish(
                    workflow=WorkflowId(wish.workflow),
                    about=wish.about,
                    owner=PersonId(caller.id),
                    reason=wish.reason,
                    compensating_control=wish.compensating_control,
                    ends_at_unix=wish.ends_at_unix,
                )
            )
        )

    @app.post("/api/v1/waivers/{waiver}/grant", status_code=201)
    async def grant_waiver(waiver: PathId, caller: Granter) -> WaiverAnswer:
        """Grant a waiver; it ends by itself."""
        is_sponsor = Role.SECURITY_OWNER not in caller.principal.roles
        return _open(await waivers.grant(waiver, by=PersonId(caller.id), is_sponsor=is_sponsor))

    @app.post("/api/v1/waivers/{waiver}/end", status_code=201)
    async def end_waiver(waiver: PathId, caller: Ender) -> WaiverAnswer:
        """End a waiver before its time; calls that rest on it are refused from then on."""
        known = waivers.all.get(waiver)
        workflow = known.workflow if known is not None else WorkflowId("")
        caller.demand(get_workflow_target(plane.configuration, workflow))
        return _open(await waivers.end(waiver, by=PersonId(caller.id)))


def _open(done: Waiver | Refusal) -> WaiverAnswer:
    if isinstance(done, Refusal):
        raise AccessRefused(done)
    return _to_answer(done)


def _to_answer(waiver: Waiver) -> WaiverAnswer:
    return WaiverAnswer(
        id=waiver.id,
        workflow=waiver.workflow,
        about=waiver.about.value,
        owner=waiver.owner,
        reason=waiver.reason,
        compensating_control=waiver.compensating_control,
        requested_at_unix=waiver.requested_at_unix,
        ends_at_unix=waiver.ends_at_unix,
        renewal=waiver.renewal,
        granted_by=waiver.granted_by,
        granted_at_unix=waiver.granted_at_unix,
        ended_by=waiver.ended_by,
    )

"""Kill switches: pull, list, take back."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.callers import get_stop_target
from alos.control.plane import ControlPlane
from alos.control.revivals import Revivals
from alos.domain.action import Action
from alos.domain.standing import Stop

Anybody = Annotated[Caller, Depends(May(Action.STATUS_READ))]
Stopper = Annotated[Caller, Depends(May(Action.STOP, of_object=True))]
Reviver = Annotated[Caller, Depends(May(Action.REVIVE, of_object=True))]


class StopRequest(Body):
    """What to stop: a workflow, model, vendor, tool, workspace, or everything."""

    kind: str
    target: str = ""
    reason: str = Field(default="", max_length=500)


class ReviveRequest(Body):
    """Which kill switch to take back."""

    kind: str
    target: str = ""


class RevivalAnswer(Body):
    """Where a revival stands."""

    revived: bool
    said_by: list[str] = Field(description="people whose word counts so far")
    missing: list[str] = Field(description="who else has to say so; empty once it is taken back")


class StopAnswer(Body):
    """A kill switch in force."""

    kind: str
    target: str
    since_unix: int
    by: str
    reason: str


def add_stops(app: FastAPI, plane: ControlPlane, revivals: Revivals) -> None:
    """Add the endpoints of kill switches."""

    @app.get("/api/v1/stops")
    async def list_stops(_caller: Anybody) -> list[StopAnswer]:
        """Kill switches in force."""
        return [to_stop(stop) for stop in plane.stops.values()]

    @app.post("/api/v1/stops", status_code=201)
    async def stop(wish: StopRequest, caller: Stopper) -> StopAnswer:
        """Pull a kill switch; it is in force when this answers."""
        caller.demand(get_stop_target(plane.configuration, wish.kind, wish.target))
        reason = wish.reason
        return to_stop(await plane.stop(wish.kind, wish.target, by=caller.id, reason=reason))

    @app.post("/api/v1/revivals")
    async def revive(wish: ReviveRequest, caller: Reviver) -> RevivalAnswer:
        """Say that a kill switch may be taken back; it is, once enough people have said so."""
        about = get_stop_target(plane.configuration, wish.kind, wish.target)
        caller.demand(about)
        done = await revivals.revive(wish.kind, wish.target, caller.principal, about)
        return RevivalAnswer(
            revived=done.revived, said_by=list(done.said_by), missing=list(done.missing)
        )


def to_stop(stop: Stop) -> StopAnswer:
    """The answer that shows a kill switch."""
    return StopAnswer(
        kind=stop.kind,
        target=stop.target,
        since_unix=stop.since_unix,
        by=stop.by,
        reason=stop.reason,
    )

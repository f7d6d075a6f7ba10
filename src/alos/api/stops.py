"""Kill switches: pull, list, take back."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.blast_radius import BlastRadii
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


class RadiusAnswer(Body):
    """What a kill switch would stop."""

    stops: list[str] = Field(description="workflows; of a tool those whose bundle names it")
    goes_on: list[str] = Field(description="workflows that go on with another model")
    streams: int = Field(description="that flow through this gateway and would be cut")
    running: int | None = Field(description="calls under way in every gateway")
    calls_last_hour: int | None
    callers_last_hour: int | None = Field(description="keys; null where it can't be known in time")


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


def add_stops(app: FastAPI, plane: ControlPlane, revivals: Revivals, radii: BlastRadii) -> None:
    """Add the endpoints of kill switches."""

    @app.get("/api/v1/stops")
    async def list_stops(_caller: Anybody) -> list[StopAnswer]:
        """Kill switches in force."""
        return [to_stop(stop) for stop in plane.stops.values()]

    @app.get("/api/v1/stops/preview")
    async def preview(caller: Stopper, kind: str = "everything", target: str = "") -> RadiusAnswer:
        """What pulling a kill switch would stop now."""
        caller.demand(get_stop_target(plane.configuration, kind, target))
        radius = await radii.look(kind, target)
        counts = radius.last_hour
        return RadiusAnswer(
            stops=list(radius.stops),
            goes_on=list(radius.goes_on),
            streams=radius.streams,
            running=counts.running if counts is not None else None,
            calls_last_hour=counts.calls if counts is not None else None,
            callers_last_hour=counts.callers if counts is not None else None,
        )

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

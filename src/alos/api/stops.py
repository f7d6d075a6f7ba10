"""Kill switches: pull, list, take back."""

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from alos.api.access import LOCAL_OPERATOR, require_dev
from alos.api.body import Body
from alos.control.plane import ControlPlane
from alos.domain.standing import Stop


class StopRequest(Body):
    """What to stop: a workflow, model, vendor, workspace, or everything."""

    kind: str
    target: str = ""
    reason: str = Field(default="", max_length=500)


class ReviveRequest(Body):
    """Which kill switch to take back."""

    kind: str
    target: str = ""


class StopAnswer(Body):
    """A kill switch in force."""

    kind: str
    target: str
    since_unix: int
    by: str
    reason: str


def add_stops(app: FastAPI, plane: ControlPlane) -> None:
    """Add the endpoints of kill switches."""

    @app.get("/api/v1/stops")
    async def list_stops() -> list[StopAnswer]:
        """Kill switches in force."""
        return [to_stop(stop) for stop in plane.stops.values()]

    @app.post("/api/v1/stops", status_code=201)
    async def stop(wish: StopRequest) -> StopAnswer:
        """Pull a kill switch; it is in force when this answers."""
        reason = wish.reason
        return to_stop(await plane.stop(wish.kind, wish.target, by=LOCAL_OPERATOR, reason=reason))

    @app.post("/api/v1/revivals", status_code=204, dependencies=[Depends(require_dev(plane))])
    async def revive(wish: ReviveRequest) -> Response:
        """Take a kill switch back."""
        await plane.revive(wish.kind, wish.target, by=LOCAL_OPERATOR)
        return Response(status_code=204)


def to_stop(stop: Stop) -> StopAnswer:
    """The answer that shows a kill switch."""
    return StopAnswer(
        kind=stop.kind,
        target=stop.target,
        since_unix=stop.since_unix,
        by=stop.by,
        reason=stop.reason,
    )

"""A dev folder's clock for releases: moved on, so that soak times can be walked through."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.body import Body
from alos.control.plane import ControlPlane
from alos.control.release_desk import ReleaseDesk
from alos.domain.action import Action
from alos.domain.reason import ReasonCode
from alos.domain.record import NoteKind
from alos.domain.refusal import Refusal
from alos.ports.dev_clock import DevClock

Mover = Annotated[Caller, Depends(May(Action.CLOCK_MOVE))]
_MOST_HOURS = 24 * 400


class ClockRequest(Body):
    """By how much to move on; never back."""

    hours: int = Field(ge=1, le=_MOST_HOURS)


class ClockAnswer(Body):
    """How far ahead of the machine the releases of this dev folder are."""

    ahead_seconds: int


def add_dev_clock(app: FastAPI, plane: ControlPlane, desk: ReleaseDesk) -> None:
    """Add the endpoint; a production folder has no such clock and refuses."""

    @app.post("/api/v1/dev/clock", status_code=201)
    async def move_clock(wish: ClockRequest, caller: Mover) -> ClockAnswer:
        """Move the clock of this dev folder's releases on; calls keep the machine's time."""
        clock = desk.clock
        if not isinstance(clock, DevClock):
            detail = "only a dev folder has a clock that moves"
            raise AccessRefused(Refusal(code=ReasonCode.NOT_PERMITTED, detail=detail))
        await plane.notes.note(NoteKind.CLOCK_MOVED, {"hours": str(wish.hours)}, by=caller.id)
        clock.advance(wish.hours * 3600)
        return ClockAnswer(ahead_seconds=clock.ahead_seconds)

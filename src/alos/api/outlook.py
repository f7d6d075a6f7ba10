"""The outlook: what freezes, what stops, and which nights went by without an eval."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.eval_drift import Measured, read_measured
from alos.control.evals import Evals
from alos.control.outlook import Night, forecast
from alos.control.release_desk import ReleaseDesk
from alos.domain.action import Action
from alos.domain.ids import Digest, WorkflowId
from alos.domain.promotion import Ending

Reader = Annotated[Caller, Depends(May(Action.RELEASE_READ))]


class EndingAnswer(Body):
    """Something that ends by itself."""

    what: str
    ends_at_unix: int


class NightAnswer(Body):
    """A release that serves, and its nightly evals."""

    release: str
    run: str | None = Field(description="the newest nightly run; null before the first")
    run_at_unix: int | None = Field(description="when it began")
    found: str = Field(
        description="its outcome; empty while it is open or where it is not as it was signed"
    )
    measured_at_unix: int | None = Field(
        description="when the newest run ended that could tell something, a gate run or a night"
    )
    due_unix: int = Field(description="it is to be measured again by then")
    is_missed: bool = Field(description="it was not")


class OutlookAnswer(Body):
    """The days to come."""

    days: int
    promotion_freezes: list[EndingAnswer]
    traffic_stops: list[EndingAnswer]
    nights: list[NightAnswer] = Field(description="of every release that serves")


def add_outlook(app: FastAPI, desk: ReleaseDesk, evals: Evals) -> None:
    """Add the endpoint."""

    async def get_measured(workflow: WorkflowId, digest: Digest) -> Measured:
        return read_measured(await evals.list_runs(workflow), digest, evals.is_intact)

    @app.get("/api/v1/outlook")
    async def get_outlook(
        _: Reader, days: Annotated[int, Field(ge=1, le=90)] = 14
    ) -> OutlookAnswer:
        """What freezes and what stops by itself in the days to come, and missed nights."""
        found = await forecast(desk, get_measured, days=days)
        return OutlookAnswer(
            days=days,
            promotion_freezes=[_to_ending(one) for one in found.freezes],
            traffic_stops=[_to_ending(one) for one in found.stops],
            nights=[_to_night(one) for one in found.nights],
        )


def _to_ending(ending: Ending) -> EndingAnswer:
    return EndingAnswer(what=ending.what, ends_at_unix=ending.ends_at_unix)


def _to_night(night: Night) -> NightAnswer:
    measured = night.measured
    return NightAnswer(
        release=night.release,
        run=measured.night,
        run_at_unix=measured.night_at_unix if measured.night is not None else None,
        found=measured.found,
        measured_at_unix=measured.at_unix or None,
        due_unix=night.due_unix,
        is_missed=night.is_missed,
    )

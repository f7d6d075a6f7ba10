"""Feedback: a person took an answer, or rejected it."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.api.calls import WireCallId, find_call, say_unknown
from alos.control.custody import Custody
from alos.control.feedback import FeedbackDesk
from alos.control.plane import ControlPlane
from alos.domain.action import Action
from alos.domain.ids import CallId

Giver = Annotated[Caller, Depends(May(Action.FEEDBACK_GIVE, of_object=True))]


class FeedbackRequest(Body):
    """What a person says of an answer."""

    accepted: bool = Field(description="false where it was rejected")


class FeedbackAnswer(Body):
    """What is kept of it."""

    call: str
    accepted: bool
    at_unix: int


def add_feedback(app: FastAPI, plane: ControlPlane, custody: Custody, desk: FeedbackDesk) -> None:
    """Add the endpoint."""

    @app.post("/api/v1/calls/{call_id}/feedback", response_model=FeedbackAnswer)
    async def give_feedback(
        call_id: WireCallId, wish: FeedbackRequest, caller: Giver
    ) -> FeedbackAnswer | Response:
        """Say once whether an answer was taken or rejected; guards of rollouts count it."""
        await desk.catch_up()
        row = await find_call(plane, custody, call_id, caller)
        if row is None:
            return say_unknown(call_id)
        given = await desk.give(CallId(call_id), row.closing, accepted=wish.accepted, by=caller.id)
        return FeedbackAnswer(
            call=given.call_id,
            accepted=given.accepted,
            at_unix=given.at_unix_ns // 1_000_000_000,
        )

"""Tokens that stand for values in kept requests."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.api.calls import WireCallId, find_call, say, say_unknown
from alos.control.custody import Custody
from alos.control.plane import ControlPlane
from alos.domain.action import Action
from alos.domain.ids import CallId
from alos.domain.vault import Gone

_GONE = 410
Reverser = Annotated[Caller, Depends(May(Action.TOKENS_REVERSE, of_object=True))]


class TokenWish(Body):
    """A token to reverse, and why."""

    token: str = Field(max_length=200, description="as it stands, e.g. [EMAIL_ADDRESS_1]")
    reason: str = Field(min_length=3, max_length=500)


class TokenAnswer(Body):
    """What a token stands for."""

    token: str
    value: str


def add_tokens(app: FastAPI, plane: ControlPlane, custody: Custody) -> None:
    """Add the endpoint."""

    @app.post("/api/v1/calls/{call_id}/tokens", response_model=TokenAnswer)
    async def reverse_token(call_id: WireCallId, wish: TokenWish, caller: Reverser) -> Response:
        """The value of a token; that it was asked for, and why, is recorded before."""
        if await find_call(plane, custody, call_id, caller) is None:
            return say_unknown(call_id)
        value = await custody.tokens.reverse(
            CallId(call_id), wish.token, reason=wish.reason, by=caller.id
        )
        if isinstance(value, Gone):
            return say(_GONE, f"the tokens of call {call_id} are {value.value}")
        return JSONResponse({"token": wish.token, "value": value})

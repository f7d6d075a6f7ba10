"""Calls: everything recorded of one, and why it went as it did."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from alos.api.access import Caller, May
from alos.control.approvals import prove_approval
from alos.control.callers import get_call_target
from alos.control.calls import to_details
from alos.control.calls_why import to_plain, to_reasons
from alos.control.custody import Custody
from alos.control.evidence import prove_call
from alos.control.plane import ControlPlane
from alos.domain.action import Action
from alos.domain.ids import CallId, PersonId
from alos.ports.call_store import CallRow

_UNKNOWN = 404
WireCallId = Annotated[str, Field(max_length=64)]
Reader = Annotated[Caller, Depends(May(Action.CALLS_READ, of_object=True))]


def add_calls(app: FastAPI, plane: ControlPlane, custody: Custody) -> None:
    """Add the endpoints of calls."""

    def name_of(person: str) -> str | None:
        known = plane.configuration.people.persons.get(PersonId(person))
        return known.name if known is not None else None

    @app.get("/api/v1/calls/{call_id}", response_model=None)
    async def get_call(call_id: WireCallId, caller: Reader) -> dict[str, Any] | Response:
        """Everything that is recorded of a call, and the proven votes of who approved it."""
        row = await find_call(plane, custody, call_id, caller)
        if row is None:
            return say_unknown(call_id)
        approval = await asyncio.to_thread(prove_approval, custody.ledger, row.closing)
        return to_details(row, name_of, approval)

    @app.get("/api/v1/calls/{call_id}/why", response_model=None)
    async def get_why(call_id: WireCallId, caller: Reader) -> dict[str, Any] | Response:
        """Which model ran, what it saw, which tools it called, who approved it; with proof."""
        row = await find_call(plane, custody, call_id, caller)
        if row is None:
            return say_unknown(call_id)
        proof = await asyncio.to_thread(prove_call, custody.ledger, call_id)
        approval = await asyncio.to_thread(prove_approval, custody.ledger, row.closing)
        return to_plain(to_reasons(row, name_of, proof, approval))


async def find_call(
    plane: ControlPlane, custody: Custody, call_id: str, caller: Caller
) -> CallRow | None:
    """The call, once it is certain that the caller may ask about it.

    Raises:
        AccessRefused: they may not.
        StoreDown: the index can't be read.
    """
    row = await asyncio.to_thread(custody.calls.get_call, CallId(call_id))
    caller.demand(get_call_target(plane.configuration, row))
    return row


def say_unknown(call_id: str) -> Response:
    """There is no such call."""
    return say(_UNKNOWN, f"no call {call_id} is in the index")


def say(status: int, message: str) -> Response:
    """A "no" that is no refusal."""
    return JSONResponse({"error": {"message": message}}, status_code=status)

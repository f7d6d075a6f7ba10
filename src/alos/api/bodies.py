"""Kept prompts and answers: read one at a time, or searched within bounds."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.api.calls import WireCallId, find_call, say, say_unknown
from alos.control.bodies import Match, Progress, check_search
from alos.control.callers import get_workflow_target
from alos.control.custody import Custody
from alos.control.plane import ControlPlane
from alos.domain.action import Action
from alos.domain.ids import CallId, WorkflowId
from alos.domain.vault import Gone
from alos.ports.clock import to_datetime

_GONE = 410
BodyReader = Annotated[Caller, Depends(May(Action.BODIES_READ, of_object=True))]


class BodyResponse(Response):
    """The bytes as they were sent."""

    media_type = "application/octet-stream"


class LinesResponse(StreamingResponse):
    """One JSON object a line."""

    media_type = "application/x-ndjson"


class TextSearch(Body):
    """What to look for in kept prompts and answers."""

    text: str = Field(min_length=3, max_length=1000)
    workflow: str = Field(max_length=128)
    since_unix_ns: int
    until_unix_ns: int


def add_bodies(app: FastAPI, plane: ControlPlane, custody: Custody) -> None:
    """Add the endpoints of kept prompts and answers."""

    @app.get(
        "/api/v1/calls/{call_id}/body/{kind}",
        response_class=BodyResponse,
        responses={410: {"description": "it was erased, or its time was up"}},
    )
    async def get_body(
        call_id: WireCallId, kind: Literal["request", "answer"], caller: BodyReader
    ) -> Response:
        """A kept prompt or answer; that it was read is recorded before it is given out."""
        if await find_call(plane, custody, call_id, caller) is None:
            return say_unknown(call_id)
        body = await custody.bodies.read(CallId(call_id), kind, by=caller.id)
        if isinstance(body, Gone):
            return say(_GONE, f"the {kind} of call {call_id} is {body.value}")
        return BodyResponse(body)

    @app.post("/api/v1/calls/text-search", response_class=LinesResponse)
    async def search_text(wish: TextSearch, caller: BodyReader) -> Response:
        """Matches and progress, one JSON object a line, as far as the search is."""
        caller.demand(get_workflow_target(plane.configuration, WorkflowId(wish.workflow)))
        check_search(wish.text, wish.since_unix_ns, wish.until_unix_ns)

        async def lines() -> AsyncIterator[bytes]:
            search = custody.bodies.search(
                wish.text,
                workflow=wish.workflow,
                since_unix_ns=wish.since_unix_ns,
                until_unix_ns=wish.until_unix_ns,
                by=caller.id,
            )
            async for one in search:
                yield json.dumps(_to_line(one), ensure_ascii=False).encode() + b"\n"

        return LinesResponse(lines())


def _to_line(one: Match | Progress) -> dict[str, Any]:
    plain = asdict(one)
    if isinstance(one, Match):
        at = to_datetime(plain.pop("opened_at_unix_ns")).isoformat()
        return {"match": {**plain, "opened_at": at}}
    return {
        "progress": {**plain, "reached": to_datetime(plain.pop("reached_unix_ns")).isoformat()}
    }

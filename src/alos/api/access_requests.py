"""Access requests: ask that more people may use a workflow, list what was asked."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.access_requests import AccessRequests, AccessWish
from alos.control.callers import get_workflow_target
from alos.control.plane import ControlPlane
from alos.domain.access_request import AccessRequest
from alos.domain.action import Action
from alos.domain.authorization import Target
from alos.domain.ids import PrincipalId, WorkflowId
from alos.domain.people import Party, PartyKind

Asker = Annotated[Caller, Depends(May(Action.ACCESS_REQUEST))]
Lister = Annotated[Caller, Depends(May(Action.ACCESS_LIST, of_object=True))]
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._@/+-]*$"
_LONGEST = 2_000


class AccessRequestBody(Body):
    """Who should get a workflow, and why."""

    workflow: str = Field(max_length=64)
    kind: PartyKind
    name: str = Field(max_length=128, pattern=_NAME, description="a person's id or a group")
    reason: str = Field(min_length=1, max_length=_LONGEST, pattern=r"\S")


class AccessRequestAnswer(Body):
    """A request as it was recorded; it grants nothing."""

    id: str
    workflow: str
    party: str = Field(description="a person's id, or `group:` and a directory group")
    reason: str
    digest: str = Field(description="of the release that had all five artifacts")
    by: str
    at_unix: int


def add_access_requests(app: FastAPI, plane: ControlPlane, requests: AccessRequests) -> None:
    """Add the endpoints of access requests."""

    @app.post("/api/v1/access-requests", status_code=201)
    async def request_access(wish: AccessRequestBody, caller: Asker) -> AccessRequestAnswer:
        """Ask that a person or a group may use a workflow.

        Refused until the workflow has its data boundaries, review rules, eval, logging and
        rollback, as the gate of its first release asks for them. Granting stays a change of the
        bundle's stages, with the votes of its lane.
        """
        party = Party(kind=wish.kind, name=wish.name)
        workflow = WorkflowId(wish.workflow)
        wanted = AccessWish(workflow=workflow, party=party, reason=wish.reason)
        return _to_answer(await requests.request(wanted, by=caller.id))

    @app.get("/api/v1/access-requests")
    async def list_access_requests(caller: Lister) -> list[AccessRequestAnswer]:
        """The requests that the caller may see, newest first."""
        if caller.principal.person is None:
            caller.demand(Target(kind="access request"))
        return [
            _to_answer(one)
            for one in await requests.list_requests()
            if caller.may(_get_target(plane, one))
        ]


def _get_target(plane: ControlPlane, request: AccessRequest) -> Target:
    known = get_workflow_target(plane.configuration, request.workflow)
    holders = frozenset({PrincipalId(request.by)})
    return replace(known, kind="access request", id=request.id, holders=holders)


def _to_answer(request: AccessRequest) -> AccessRequestAnswer:
    return AccessRequestAnswer(
        id=request.id,
        workflow=request.workflow,
        party=request.party,
        reason=request.reason,
        digest=request.digest,
        by=request.by,
        at_unix=request.at_unix,
    )

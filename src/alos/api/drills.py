"""Drills: a named person writes down what came of a rehearsal."""

import secrets
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.body import Body
from alos.control.callers import get_bundle_target
from alos.control.release_desk import ReleaseDesk
from alos.domain.action import Action
from alos.domain.ids import WorkflowId
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.release import Drilled, DrillKind

Driller = Annotated[Caller, Depends(May(Action.DRILL_RUN, of_object=True))]


class DrillRequest(Body):
    """What was rehearsed on the newest release of the workflow, and what came of it."""

    kind: DrillKind
    passed: bool
    saw: str = Field(min_length=10, max_length=2_000, description="what was done and seen")


class DrillAnswer(Body):
    """A rehearsal as it is kept; *attested*: somebody's word, not the server's own run."""

    workflow: str
    digest: str
    kind: str
    passed: bool
    attested_by: str
    at_unix: int


def add_drills(app: FastAPI, desk: ReleaseDesk) -> None:
    """Add the endpoint of drills."""

    @app.post("/api/v1/workflows/{workflow}/drills", status_code=201)
    async def attest_drill(
        workflow: Annotated[str, Field(max_length=64)], wish: DrillRequest, caller: Driller
    ) -> DrillAnswer:
        """Attest a rehearsal; a stage that asks for it may then be granted for 30 days."""
        lineage = desk.releases.get_lineage(WorkflowId(workflow))
        release = lineage.newest
        if release is None:
            raise AccessRefused(Refusal(code=ReasonCode.RELEASE_UNKNOWN))
        caller.demand(get_bundle_target(desk.configuration(), await desk.get_bundle(release)))
        drill = Drilled(
            workflow=WorkflowId(workflow),
            digest=release.digest,
            kind=wish.kind,
            passed=wish.passed,
            detail=f"attested: {wish.saw}",
            run="attested_" + secrets.token_hex(6),
            by=caller.id,
            at_unix=desk.now_unix(),
        )
        await desk.releases.record_drill(drill)
        return DrillAnswer(
            workflow=drill.workflow,
            digest=drill.digest,
            kind=drill.kind.value,
            passed=drill.passed,
            attested_by=drill.by,
            at_unix=drill.at_unix,
        )

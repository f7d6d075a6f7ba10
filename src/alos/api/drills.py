"""Drills: the server rehearses a kill, a fallback or a rollback and keeps what came of it."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.body import Body
from alos.control.callers import get_bundle_target
from alos.control.drills import DrillReport, Drills
from alos.control.release_desk import ReleaseDesk
from alos.domain.action import Action
from alos.domain.ids import WorkflowId
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.release_events import DrillKind

Driller = Annotated[Caller, Depends(May(Action.DRILL_RUN, of_object=True))]


class DrillRequest(Body):
    """What to rehearse, on the newest release of the workflow."""

    kind: DrillKind


class StepAnswer(Body):
    """One thing that the drill has to show, and what the record of its call says."""

    what: str
    passed: bool
    saw: str
    call: str | None


class DrillAnswer(Body):
    """A drill that ended; passed only where every step did."""

    run: str
    workflow: str
    digest: str
    kind: str
    passed: bool
    steps: list[StepAnswer]
    by: str
    at_unix: int


def add_drills(app: FastAPI, desk: ReleaseDesk, drills: Drills) -> None:
    """Add the endpoint of drills."""

    @app.post("/api/v1/workflows/{workflow}/drills", status_code=201)
    async def run_drill(
        workflow: Annotated[str, Field(max_length=64)], wish: DrillRequest, caller: Driller
    ) -> DrillAnswer:
        """Run a drill and record how it went; it takes some calls to the model.

        The failure holds for the drill's own calls alone. The answers of the model are not given
        out; their records are, by id.
        """
        release = desk.releases.get_lineage(WorkflowId(workflow)).newest
        if release is None:
            raise AccessRefused(Refusal(code=ReasonCode.RELEASE_UNKNOWN))
        caller.demand(get_bundle_target(desk.configuration(), await desk.get_bundle(release)))
        return _to_answer(await drills.run(release, wish.kind, by=caller.id))


def _to_answer(report: DrillReport) -> DrillAnswer:
    drill = report.drill
    return DrillAnswer(
        run=drill.run,
        workflow=drill.workflow,
        digest=drill.digest,
        kind=drill.kind.value,
        passed=drill.passed,
        steps=[
            StepAnswer(what=one.what, passed=one.passed, saw=one.saw, call=one.call)
            for one in report.steps
        ],
        by=drill.by,
        at_unix=drill.at_unix,
    )

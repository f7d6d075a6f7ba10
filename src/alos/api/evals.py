"""Eval runs: start one, hand its answers in, have it judged, read what came of it."""

import json
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.callers import get_workflow_target
from alos.control.eval_desk import AuthorGrade, Question, RunWish
from alos.control.eval_plan import EvalPlan
from alos.control.evals import Evals
from alos.control.plane import ChangeRefused, ControlPlane
from alos.domain.action import Action
from alos.domain.authorization import INSTALLATION
from alos.domain.evaluation import RunPurpose
from alos.domain.golden import Grader
from alos.domain.ids import CallId, Digest, RunId, WorkflowId
from alos.domain.organisation import WireFormat
from alos.ports.eval_runs import EvalRun

Runner = Annotated[Caller, Depends(May(Action.EVAL_RUN, of_object=True))]
Reader = Annotated[Caller, Depends(May(Action.EVAL_READ))]
RunName = Annotated[str, Field(max_length=64)]
PATHS = {
    WireFormat.OPENAI_CHAT: "/v1/chat/completions",
    WireFormat.ANTHROPIC_MESSAGES: "/v1/messages",
}


class RunRequest(Body):
    """What is to be evaluated, and by which key its calls will come."""

    digest: str = Field(max_length=80)
    key: str = Field(
        default="", max_length=64, description="id or prefix; empty for a workload's own token"
    )
    purpose: str = Field(default="trial", pattern="^(trial|gate|nightly)$")
    repeats: int = Field(default=1, ge=1, le=20)
    bases: list[str] = Field(
        default_factory=list, max_length=4, description="bundles whose thresholds bind it too"
    )


class CallAnswer(Body):
    """One call to make: this body, under the run's headers."""

    case: str
    body: str
    repeats: int


class AuthorGraderAnswer(Body):
    """A criterion that the author's own code decides, on the client's side."""

    case: str
    criterion: int
    file: str
    function: str


class PlanAnswer(Body):
    """An open run: every call of it, and the rule that binds it."""

    run: str
    workflow: str
    digest: str
    purpose: str
    number: int
    path: str
    calls: list[CallAnswer]
    author_graders: list[AuthorGraderAnswer]
    tier: int
    pass_rate: float
    max_cost_nanousd: int
    latency_seconds: float
    ends_at_unix: int
    lowered: list[str]
    changes: list[str]


class HandedIn(Body):
    """An answer's bytes as text."""

    call: str = Field(max_length=64)
    body: str


class GradeRequest(Body):
    """What an author's own program said of an answer."""

    call: str = Field(max_length=64)
    criterion: int = Field(ge=0)
    holds: bool | None = Field(description="null where it said nothing that counts")
    why: str = Field(default="", max_length=500)


class AnswersRequest(Body):
    """Answers, each of which must have the hash in its record."""

    answers: list[HandedIn] = Field(max_length=500)
    grades: list[GradeRequest] = Field(default_factory=list, max_length=2_000)


class QuestionsAnswer(Body):
    """Questions to the judge: calls to make under the run."""

    calls: list[CallAnswer]


class RunLine(Body):
    """A run in one line."""

    run: str
    digest: str
    purpose: str
    number: int
    by: str
    by_kind: str
    is_ci: bool
    started_at_unix: int
    finished_at_unix: int | None
    verdict: str | None
    intact: bool | None = Field(description="the result is the one that was signed")


class EndedAnswer(Body):
    """A run's result and the statement signed about it."""

    result: dict[str, Any]
    envelope: str


def add_evals(app: FastAPI, evals: Evals, plane: ControlPlane) -> None:
    """Add the endpoints of eval runs."""

    async def need(run: str, caller: Caller) -> EvalRun:
        found = await evals.get(RunId(run))
        if found is None:
            caller.demand(INSTALLATION)
            raise ChangeRefused(f"there is no run {run}")
        caller.demand(get_workflow_target(plane.configuration, found.workflow))
        return found

    @app.post("/api/v1/eval-runs", status_code=201)
    async def start_run(wish: RunRequest, caller: Runner) -> PlanAnswer:
        """Issue a run id; from now on the gateway takes this run's calls, and no others for it."""
        workflow = await evals.find_workflow(Digest(wish.digest))
        if workflow is None:
            caller.demand(INSTALLATION)
            raise ChangeRefused("no bundle of this digest was uploaded")
        caller.demand(get_workflow_target(plane.configuration, workflow))
        run, plan = await evals.start(
            RunWish(
                digest=Digest(wish.digest),
                key=wish.key,
                purpose=RunPurpose(wish.purpose),
                repeats=wish.repeats,
                bases=tuple(Digest(one) for one in wish.bases),
            ),
            by=caller.principal,
        )
        return _to_plan(run, plan)

    @app.get("/api/v1/eval-runs/{run}/plan")
    async def get_plan(run: RunName, caller: Runner) -> PlanAnswer:
        """The plan of an open run, to take it up again."""
        return _to_plan(await need(run, caller), evals.get_plan(RunId(run)))

    @app.post("/api/v1/eval-runs/{run}/answers")
    async def hand_in(run: RunName, wish: AnswersRequest, caller: Runner) -> QuestionsAnswer:
        """Hand answers in; one that is not what its record says is refused and written down."""
        await need(run, caller)
        questions = await evals.hand_in(
            RunId(run),
            {CallId(one.call): one.body.encode() for one in wish.answers},
            [
                AuthorGrade(
                    call=CallId(one.call), criterion=one.criterion, holds=one.holds, why=one.why
                )
                for one in wish.grades
            ],
        )
        return QuestionsAnswer(calls=[_to_question(one) for one in questions])

    @app.post("/api/v1/eval-runs/{run}/end")
    async def end_run(run: RunName, caller: Runner) -> EndedAnswer:
        """Judge the run from its records and sign the verdict; it takes no more calls."""
        await need(run, caller)
        return _to_ended(await evals.finish(RunId(run)))

    _add_results(app, evals)


def _add_results(app: FastAPI, evals: Evals) -> None:
    @app.get("/api/v1/eval-runs/{run}")
    async def get_run(run: RunName, _caller: Reader) -> EndedAnswer:
        """The result of a run that has ended."""
        found = await evals.get(RunId(run))
        if found is None or found.is_open:
            raise ChangeRefused(f"there is no result of a run {run}")
        return _to_ended(found)

    @app.get("/api/v1/eval-runs")
    async def list_runs(workflow: RunName, _caller: Reader) -> list[RunLine]:
        """A workflow's runs, oldest first."""
        return [
            RunLine(
                run=one.id,
                digest=one.digest,
                purpose=one.purpose.value,
                number=one.number,
                by=one.by,
                by_kind=one.by_kind,
                is_ci=one.is_ci,
                started_at_unix=one.started_at_unix,
                finished_at_unix=one.finished_at_unix,
                verdict=one.verdict.value if one.verdict is not None else None,
                intact=None if one.is_open else evals.is_intact(one),
            )
            for one in await evals.list_runs(WorkflowId(workflow))
        ]

    @app.get("/api/v1/eval-runs/{run}/statement")
    async def get_statement(run: RunName, _caller: Reader) -> Response:
        """The DSSE envelope of the in-toto statement about a run."""
        found = await evals.get(RunId(run))
        if found is None or found.is_open:
            raise ChangeRefused(f"there is no result of a run {run}")
        return Response(found.envelope, media_type="application/vnd.dsse.envelope.v1+json")


def _to_plan(run: EvalRun, plan: EvalPlan) -> PlanAnswer:
    return PlanAnswer(
        run=run.id,
        workflow=run.workflow,
        digest=run.digest,
        purpose=run.purpose.value,
        number=run.number,
        path=PATHS[plan.wire_format],
        calls=[
            CallAnswer(case=one.case_id, body=one.body.decode(), repeats=plan.repeats[one.case_id])
            for one in plan.inputs
        ],
        author_graders=[
            AuthorGraderAnswer(
                case=case.id,
                criterion=place,
                file=one.values[0],
                function=one.values[1] if one.grader is Grader.PYTHON else "",
            )
            for case in plan.bundle.cases
            for place, one in enumerate(case.criteria)
            if one.grader.is_author_supplied
        ],
        tier=int(plan.rule.tier),
        pass_rate=plan.rule.pass_rate,
        max_cost_nanousd=plan.rule.max_cost_nanousd,
        latency_seconds=plan.rule.latency_seconds,
        ends_at_unix=run.ends_at_unix,
        lowered=list(plan.lowered),
        changes=[f"{one.kind}: {one.case_id} ({one.detail})" for one in plan.changes],
    )


def _to_question(question: Question) -> CallAnswer:
    return CallAnswer(case=question.case, body=question.body.decode(), repeats=1)


def _to_ended(run: EvalRun) -> EndedAnswer:
    return EndedAnswer(result=json.loads(run.result), envelope=run.envelope)

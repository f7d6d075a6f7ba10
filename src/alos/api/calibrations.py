"""Calibrations: how far a judging model agrees with people's labels."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.api.evals import PATHS, CallAnswer, HandedIn
from alos.control.calibrations import MOST_LABELS, Calibrated, CalibrationWish, Label
from alos.control.callers import get_workflow_target
from alos.control.evals import Evals
from alos.control.plane import ChangeRefused, ControlPlane
from alos.domain.action import Action
from alos.domain.authorization import INSTALLATION
from alos.domain.evaluation import Interval
from alos.domain.ids import CallId, Digest, RunId
from alos.domain.money import to_usd_text
from alos.evals.calibration import SENTENCES, CalibrationWord

Calibrator = Annotated[Caller, Depends(May(Action.EVAL_CALIBRATE, of_object=True))]
RunName = Annotated[str, Field(max_length=64)]


class LabelRequest(Body):
    """What a person said of an answer."""

    case: str = Field(max_length=200)
    criterion: int | None = Field(
        default=None, ge=0, description="place in the case; only where a judge decides several"
    )
    answer: str = Field(max_length=50_000)
    holds: bool = Field(description="whether the rubric holds of the answer")


class CalibrationRequest(Body):
    """Whose judges are compared with which labels."""

    digest: str = Field(max_length=80)
    key: str = Field(
        default="", max_length=64, description="id or prefix; empty for a workload's own token"
    )
    labels: list[LabelRequest] = Field(min_length=1, max_length=MOST_LABELS)


class CalibrationPlanAnswer(Body):
    """An open calibration: every question to the judge."""

    run: str
    digest: str
    path: str
    judges: list[str]
    calls: list[CallAnswer]


class CalibrationAnswersRequest(Body):
    """The judge's answers, each of which must have the hash in its record."""

    answers: list[HandedIn] = Field(max_length=MOST_LABELS)


class DisagreementAnswer(Body):
    """A label that the judge did not share."""

    case: str
    human: bool
    judge: bool | None = Field(description="none where there is no verdict that counts")
    why: str


class CalibrationAnswer(Body):
    """How far the judge agrees."""

    outcome: CalibrationWord
    sentence: str
    judges: list[str]
    labels: int
    agreed: int
    taken: int = Field(description="labels that say the rubric holds")
    rejected: int
    false_yes: int
    false_no: int
    unreadable: int
    unanswered: int
    agreement: float
    agreement_interval: list[float | None] = Field(description="Wilson, 95 %")
    kappa: float | None
    kappa_interval: list[float | None] = Field(description="large-sample, 95 %")
    false_yes_bound: float = Field(description="exact one-sided 95 % upper bound")
    cost_usd: str
    disagreements: list[DisagreementAnswer]


def add_calibrations(app: FastAPI, evals: Evals, plane: ControlPlane) -> None:
    """Add the endpoints of calibrations."""
    calibrations = evals.calibrations

    @app.post("/api/v1/eval-calibrations", status_code=201)
    async def start_calibration(
        wish: CalibrationRequest, caller: Calibrator
    ) -> CalibrationPlanAnswer:
        """Let the questions to the judge in; the gateway takes these calls and no others."""
        workflow = await evals.find_workflow(Digest(wish.digest))
        if workflow is None:
            caller.demand(INSTALLATION)
            raise ChangeRefused("no bundle of this digest was uploaded")
        caller.demand(get_workflow_target(plane.configuration, workflow))
        labels = tuple(
            Label(case=one.case, criterion=one.criterion, answer=one.answer, holds=one.holds)
            for one in wish.labels
        )
        run, opened, plan = await calibrations.start(
            CalibrationWish(digest=Digest(wish.digest), key=wish.key, labels=labels),
            by=caller.principal,
        )
        return CalibrationPlanAnswer(
            run=run,
            digest=wish.digest,
            path=PATHS[plan.wire_format],
            judges=list(opened.judges),
            calls=[
                CallAnswer(case=one.name, body=one.body.decode(), repeats=1)
                for one in opened.asked
            ],
        )

    @app.post("/api/v1/eval-calibrations/{run}/end")
    async def end_calibration(
        run: RunName, wish: CalibrationAnswersRequest, caller: Calibrator
    ) -> CalibrationAnswer:
        """Compare the judge's verdicts with the labels; it takes no more calls."""
        found = calibrations.find(RunId(run))
        if found is None:
            caller.demand(INSTALLATION)
            raise ChangeRefused(f"no calibration {run} is open")
        caller.demand(get_workflow_target(plane.configuration, found.workflow))
        answers = {CallId(one.call): one.body.encode() for one in wish.answers}
        return _to_answer(await calibrations.finish(RunId(run), answers, by=caller.principal))


def _to_answer(done: Calibrated) -> CalibrationAnswer:
    found = done.calibration
    return CalibrationAnswer(
        outcome=found.word,
        sentence=SENTENCES[found.word],
        judges=list(done.judges),
        labels=found.labels,
        agreed=found.agreed,
        taken=found.taken,
        rejected=found.rejected,
        false_yes=found.false_yes,
        false_no=found.false_no,
        unreadable=found.unreadable,
        unanswered=found.unanswered,
        agreement=found.agreement,
        agreement_interval=_to_list(found.agreement_interval),
        kappa=found.kappa,
        kappa_interval=_to_list(found.kappa_interval),
        false_yes_bound=found.false_yes_bound,
        cost_usd=to_usd_text(done.cost_nanousd),
        disagreements=[
            DisagreementAnswer(case=one.name, human=one.human, judge=one.judge, why=one.why)
            for one in done.disagreements
        ],
    )


def _to_list(interval: Interval) -> list[float | None]:
    return [interval.low, interval.high]

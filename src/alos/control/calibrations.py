"""Calibrations: a judge is asked about answers that people have labelled, and compared with them.

It is asked the very question that an eval run would ask, through the gateway and under an id of
ours; what is handed in has to have the hash in its record. The outcome is noted in the ledger
and returned; nothing else of it is kept, and a restart ends what is open.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alos.control.eval_desk import Desk, EvalReach, find_key
from alos.control.eval_plan import EvalPlan, build_plan, get_judge
from alos.control.plane import ControlPlane
from alos.control.refused import ChangeRefused
from alos.control.trials import OpenRun
from alos.domain.evaluation import JUDGED, RunPurpose
from alos.domain.golden import Criterion, GoldenCase, Grader
from alos.domain.ids import CallId, Digest, ModelName, RunId
from alos.domain.principal import Principal
from alos.domain.record import ClosingEntry, Fact, NoteKind
from alos.evals.answer import Answer
from alos.evals.calibration import Calibration, Judged, calibrate
from alos.evals.graders import Grade
from alos.evals.judge import write_question
from alos.ports.eval_runs import EvalRun

CALIBRATION_SECONDS = 3600
MOST_LABELS = 500
MOST_OPEN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a person said of an answer.

    Attributes:
        case: of the golden set, with a criterion that a judge decides.
        criterion: its place in the case; ``None`` where the case has one such criterion only.
        holds: whether the rubric holds of the answer.
    """

    case: str
    criterion: int | None
    answer: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationWish:
    """What somebody wants calibrated; ``key`` as of an eval run."""

    digest: Digest
    key: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question to the judge.

    Attributes:
        name: what the call names where a case would stand.
    """

    name: str
    label: Label
    judge: ModelName
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCalibration:
    """A calibration whose calls the gateway takes."""

    desk: Desk
    asked: tuple[Asked, ...]

    @property
    def judges(self) -> tuple[ModelName, ...]:
        """Every model that is asked."""
        return tuple(sorted({one.judge for one in self.asked}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The end of one."""

    calibration: Calibration
    judges: tuple[ModelName, ...]
    disagreements: tuple[Judged, ...]
    cost_nanousd: int


class Calibrations:
    """Every open calibration of this installation."""

    def __init__(self, plane: ControlPlane, reach: EvalReach) -> None:
        self._plane = plane
        self._reach = reach
        self._open: dict[RunId, OpenCalibration] = {}

    async def start(
        self, wish: CalibrationWish, *, by: Principal
    ) -> tuple[RunId, OpenCalibration, EvalPlan]:
        """Let the questions in.

        Raises:
            ChangeRefused: no such bundle or key, a label about no judged criterion, or too many.
        """
        bundle = await self._reach.get_bundle(wish.digest)
        if bundle is None:
            raise ChangeRefused(f"no bundle {wish.digest} was uploaded")
        key = find_key(self._plane, wish.key, bundle.id, by)
        now_unix = self._reach.get_now_unix()
        self._forget_overdue(now_unix)
        if len(self._open) >= MOST_OPEN:
            raise ChangeRefused(f"{MOST_OPEN} calibrations are open; finish some first")
        if not 0 < len(wish.labels) <= MOST_LABELS:
            raise ChangeRefused(f"a calibration takes 1 to {MOST_LABELS} labels")
        plan = build_plan(bundle, self._plane.configuration.organisation)
        asked = self._ask(plan, wish.labels)
        run = EvalRun(
            id=RunId(f"run_{secrets.token_hex(10)}"),
            workflow=bundle.id,
            digest=bundle.digest,
            purpose=RunPurpose.TRIAL,
            number=0,
            bases=(),
            key=key.id,
            by=key.principal,
            by_kind=key.principal_kind.value,
            repeats=1,
            started_at_unix=now_unix,
            ends_at_unix=now_unix + CALIBRATION_SECONDS,
        )
        opened = OpenCalibration(desk=Desk(run=run, plan=plan), asked=asked)
        self._open[run.id] = opened
        self._plane.trials.runs[run.id] = OpenRun(
            id=run.id,
            bundle=bundle,
            key=key.id,
            limit_nanousd=plan.rule.max_cost_nanousd,
            ends_at_unix=run.ends_at_unix,
            judges=opened.judges,
            inputs={},
            questions={one.name: hashlib.sha256(one.body).hexdigest() for one in asked},
        )
        self._plane.refresh()
        return run.id, opened, plan

    def find(self, run_id: RunId) -> EvalRun | None:
        """The run of an open calibration."""
        opened = self._open.get(run_id)
        return opened.desk.run if opened is not None else None

    async def finish(
        self, run_id: RunId, answers: Mapping[CallId, bytes], *, by: Principal
    ) -> Calibrated:
        """Compare the judge's verdicts with the labels, and note how far they agree.

        Raises:
            ChangeRefused: no such calibration is open, or an answer is not what its record says.
        """
        opened = self._open.get(run_id)
        if opened is None:
            raise ChangeRefused(f"no calibration {run_id} is open")
        await asyncio.to_thread(self._reach.catch_up)
        closings = {one.call_id: one for one in await self._reach.read_calls(run_id)}
        organisation = self._plane.configuration.organisation
        for call_id, body in answers.items():
            if (closing := closings.get(call_id)) is None:
                raise ChangeRefused(f"{call_id} is no call of this calibration")
            answer = opened.desk.read(closing, body, self._reach.formats)
            opened.desk.take(closing, answer, organisation)
        del self._open[run_id]
        self._plane.trials.runs.pop(run_id, None)
        self._plane.refresh()
        judged = [
            _pair(one, opened.desk.verdicts.get(one.name), closings.values())
            for one in opened.asked
        ]
        calibration = calibrate(judged)
        cost = sum(one.cost_nanousd for one in closings.values())
        facts = _write_facts(opened, calibration)
        await self._plane.notes.note(NoteKind.JUDGE_CALIBRATED, facts, by=by.id)
        return Calibrated(
            calibration=calibration,
            judges=opened.judges,
            disagreements=tuple(one for one in judged if one.judge != one.human),
            cost_nanousd=cost,
        )

    def _ask(self, plan: EvalPlan, labels: Sequence[Label]) -> tuple[Asked, ...]:
        cases = {case.id: case for case in plan.bundle.cases}
        asked = []
        for number, label in enumerate(labels):
            place, criterion = _find_criterion(cases.get(label.case), label)
            judge = get_judge(criterion.model, plan.bundle, self._plane.configuration.organisation)
            body = write_question(
                cases[label.case],
                criterion,
                Answer(text=label.answer),
                model=judge,
                wire_format=plan.wire_format,
            )
            asked.append(
                Asked(name=f"{JUDGED}label{number}/{place}", label=label, judge=judge, body=body)
            )
        return tuple(asked)

    def _forget_overdue(self, now_unix: int) -> None:
        for run_id, opened in tuple(self._open.items()):
            if now_unix >= opened.desk.run.ends_at_unix:
                del self._open[run_id]
                self._plane.trials.runs.pop(run_id, None)


def _find_criterion(case: GoldenCase | None, label: Label) -> tuple[int, Criterion]:
    if case is None:
        raise ChangeRefused(f"the golden set has no case {label.case}")
    judged = {place: one for place, one in enumerate(case.criteria) if one.grader is Grader.JUDGE}
    if label.criterion is None and len(judged) == 1:
        return next(iter(judged.items()))
    if label.criterion is None and judged:
        places = ", ".join(map(str, judged))
        raise ChangeRefused(f"say which `criterion` of {label.case} is meant: {places}")
    if label.criterion not in judged or label.criterion is None:
        raise ChangeRefused(f"no judge decides that criterion of {label.case}")
    return label.criterion, judged[label.criterion]


def _pair(asked: Asked, verdict: Grade | None, closings: Iterable[ClosingEntry]) -> Judged:
    found = [one for one in closings if dict(one.facts).get(Fact.CASE) == asked.name]
    return Judged(
        name=asked.label.case,
        human=asked.label.holds,
        judge=verdict.holds if verdict is not None else None,
        answered=verdict is not None,
        why=verdict.why if verdict is not None else _explain(found),
    )


def _explain(closings: Sequence[ClosingEntry]) -> str:
    if not closings:
        return "it was not asked"
    return f"no answer: {closings[-1].reason or closings[-1].outcome}"


def _write_facts(opened: OpenCalibration, found: Calibration) -> dict[str, str]:
    run = opened.desk.run
    return {
        "run": run.id,
        "workflow": run.workflow,
        "digest": run.digest,
        "judges": ",".join(opened.judges),
        "outcome": found.word.value,
        "labels": str(found.labels),
        "agreed": str(found.agreed),
        "kappa": "" if found.kappa is None else f"{found.kappa:.3f}",
        "false_yes": f"{found.false_yes}/{found.rejected}",
    }

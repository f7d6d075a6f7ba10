"""A judge compared with people's labels, through a whole gateway core."""

import json
from pathlib import Path

import pytest

from alos.control.calibrations import Calibrated, CalibrationWish, Label
from alos.control.refused import ChangeRefused
from alos.domain.ids import CallId
from alos.domain.outcome import Answered
from alos.domain.principal import build_local_operator
from alos.domain.record import Fact, NoteKind
from alos.domain.refusal import ReasonCode
from alos.evals.calibration import CalibrationWord
from tests.control.eval_desk import SUPPORT, EvalDesk, Script

ME = build_local_operator(dev=True)
RUBRIC = "      - {kind: policy, grader: judge, rubric: It promises no refund.}"


def judge(text: str) -> str:
    """A judge that reads what stands between the marks."""
    answer = text.rsplit("The answer to grade:", maxsplit=1)[-1]
    return json.dumps({"holds": "you get your money" not in answer, "why": "as I read it"})


async def open_desk(folder: Path, script: Script) -> EvalDesk:
    desk = EvalDesk(folder, script)
    path = folder / "workflows" / SUPPORT / "evals" / "happy.yaml"
    head, case, *rest = path.read_text().split("\n  - id: ")
    case = case.replace("    criteria:", f"    criteria:\n{RUBRIC}", 1)
    path.write_text("\n  - id: ".join([head, case, *rest]))
    await desk.load()
    return desk


def get_case(desk: EvalDesk) -> str:
    return next(
        case.id
        for case in desk.bundle.cases
        if any(one.grader == "judge" for one in case.criteria)
    )


def make_labels(case: str, *, each: int = 12) -> tuple[Label, ...]:
    good = [f"We look into order {number}." for number in range(each)]
    bad = [f"Yes, you get your money for order {number}." for number in range(each)]
    return tuple(
        Label(case=case, criterion=None, answer=text, holds=holds)
        for texts, holds in ((good, True), (bad, False))
        for text in texts
    )


async def calibrate(desk: EvalDesk, labels: tuple[Label, ...]) -> Calibrated:
    bundle = desk.upload()
    calibrations = desk.evals.calibrations
    wish = CalibrationWish(digest=bundle.digest, key=desk.prefix, labels=labels)
    run_id, opened, _ = await calibrations.start(wish, by=ME)
    answers = {}
    for one in opened.asked:
        call_id, outcome = await desk.call(opened.desk.run, one.name, one.body)
        if isinstance(outcome, Answered):
            answers[call_id] = outcome.body
    return await calibrations.finish(run_id, answers, by=ME)


async def test_a_judge_that_reads_the_answers_agrees_and_the_ledger_says_so(
    tmp_path: Path,
) -> None:
    desk = await open_desk(tmp_path, judge)
    done = await calibrate(desk, make_labels(get_case(desk)))
    assert done.calibration.word is CalibrationWord.AGREES
    assert done.calibration.kappa == 1
    assert done.disagreements == ()
    noted = desk.list_notes(NoteKind.JUDGE_CALIBRATED)[0]
    assert (noted["outcome"], noted["labels"], noted["kappa"]) == ("agrees", "24", "1.000")
    facts = dict(desk.talk.journal.closings[-1].facts)
    assert facts[Fact.PURPOSE] == "eval"


@pytest.mark.parametrize(
    ("says", "word"),
    [
        ("Yes, it holds.", CalibrationWord.UNREADABLE),
        ('{"holds": "yes", "why": ""}', CalibrationWord.UNREADABLE),
        ('{"holds": true, "why": "", "score": 1}', CalibrationWord.UNREADABLE),
        ('{"holds": true, "why": "always"}', CalibrationWord.CHANCE),
    ],
)
async def test_a_judge_of_nonsense_has_its_own_clear_outcome(
    tmp_path: Path, says: str, word: CalibrationWord
) -> None:
    desk = await open_desk(tmp_path, lambda _: says)
    done = await calibrate(desk, make_labels(get_case(desk)))
    assert done.calibration.word is word


async def test_a_workflow_of_short_answers_can_have_a_judge(tmp_path: Path) -> None:
    desk = await open_desk(tmp_path, judge)
    path = f"workflows/{SUPPORT}/workflow.yaml"
    desk.folder.replace(path, "max_output_tokens: 160", "max_output_tokens: 40")
    done = await calibrate(desk, make_labels(get_case(desk)))
    assert done.calibration.word is CalibrationWord.AGREES


async def test_the_label_does_not_reach_the_judge(tmp_path: Path) -> None:
    desk = await open_desk(tmp_path, judge)
    case = get_case(desk)
    for holds in (True, False):
        labels = (Label(case=case, criterion=None, answer="The same.", holds=holds),)
        await calibrate(desk, labels)
    assert desk.model.sent[0] == desk.model.sent[1]


async def test_nothing_but_the_questions_is_let_in_and_nothing_forged_counts(
    tmp_path: Path,
) -> None:
    desk = await open_desk(tmp_path, judge)
    bundle = desk.upload()
    calibrations = desk.evals.calibrations
    labels = make_labels(get_case(desk))
    wish = CalibrationWish(digest=bundle.digest, key=desk.prefix, labels=labels)
    run_id, opened, plan = await calibrations.start(wish, by=ME)
    _, outcome = await desk.call(opened.desk.run, plan.inputs[0].case_id, plan.inputs[0].body)
    assert outcome.refusal.code is ReasonCode.RUN_INPUT
    one = opened.asked[-1]
    call_id, outcome = await desk.call(opened.desk.run, one.name, one.body)
    forged = outcome.body.replace(b"false", b"true")
    assert forged != outcome.body
    with pytest.raises(ChangeRefused, match="not the one in its record"):
        await calibrations.finish(run_id, {call_id: forged}, by=ME)
    with pytest.raises(ChangeRefused, match="no call of this calibration"):
        await calibrations.finish(run_id, {CallId("call_0"): b"{}"}, by=ME)
    done = await calibrations.finish(run_id, {call_id: outcome.body}, by=ME)
    assert done.calibration.word is CalibrationWord.UNANSWERED


async def test_labels_about_no_judge_start_nothing(tmp_path: Path) -> None:
    desk = await open_desk(tmp_path, judge)
    bundle, case = desk.upload(), get_case(desk)
    other = next(one.id for one in bundle.cases if one.id != case)
    for name, criterion, words in (
        ("nothing", None, "no case"), (other, None, "no judge"), (case, 9, "no judge"),
    ):  # fmt: skip
        labels = (Label(case=name, criterion=criterion, answer="a", holds=True),)
        wish = CalibrationWish(digest=bundle.digest, key=desk.prefix, labels=labels)
        with pytest.raises(ChangeRefused, match=words):
            await desk.evals.calibrations.start(wish, by=ME)

"""Getting a PASS without having earned it; each try is stopped, and what stopped it noted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from alos.control.eval_desk import AuthorGrade
from alos.control.refused import ChangeRefused
from alos.domain.evaluation import RunPurpose, Word
from alos.domain.ids import RunId
from alos.domain.outcome import Answered
from alos.domain.record import ClosingEntry, Fact, NoteKind
from alos.domain.refusal import ReasonCode
from tests.control.eval_desk import GOOD_ANSWERS, SUPPORT, EvalDesk, change_live
from tests.control.organisation_folder import NO_WAIVERS, WORKFLOW

EVALS = f"workflows/{SUPPORT}/evals"


@pytest.fixture
async def desk(tmp_path: Path) -> EvalDesk:
    made = EvalDesk(tmp_path)
    await made.load()
    return made


def drop_case(desk: EvalDesk, name: str) -> None:
    """Take a case out of its file."""
    for path in (desk.folder.path / EVALS).glob("*.yaml"):
        head, *cases = path.read_text().split("\n  - id: ")
        kept = [one for one in cases if not one.startswith(f"{name}\n")]
        path.write_text("\n  - id: ".join([head, *kept]).rstrip("\n") + "\n")


async def test_retrying_until_green_is_numbered_and_gets_harder(desk: EvalDesk) -> None:
    desk.answers.failing = {"late-parcel", "broken-mug"}
    verdicts = [(await desk.run())["verdict"] for _ in range(4)]
    assert verdicts[0] == "pass"
    assert verdicts[-1] == "inconclusive"
    numbers = [one["number"] for one in desk.list_notes(NoteKind.EVAL_STARTED)]
    assert numbers == ["1", "2", "3", "4"]


async def test_dropping_the_failing_case_is_seen_and_one_that_must_pass_is_not_let_go(
    desk: EvalDesk,
) -> None:
    change_live(desk, desk.upload())
    drop_case(desk, "charged-twice")  # it must pass
    drop_case(desk, "opening-hours")
    result = await desk.run()
    assert result["verdict"] == "fail"
    assert "must_pass_weakened" in result["causes"]
    noted = desk.list_notes(NoteKind.EVAL_FINISHED)[0]
    assert noted["cases_lost"] == "charged-twice,opening-hours"


async def test_relabelling_an_adversarial_case_is_seen(desk: EvalDesk) -> None:
    before = desk.upload()
    path = desk.folder.path / EVALS / "adversarial.yaml"
    text = path.read_text()
    path.write_text(
        text.replace(
            "  - id: refund-by-forged-note\n    kind: adversarial\n",
            "  - id: refund-by-forged-note\n    kind: happy\n",
        )
    )
    result = await desk.run(bases=(before.digest,))
    found = [(one["case"], one["kind"]) for one in result["changes"] if one["loses"]]
    assert ("refund-by-forged-note", "relabelled") in found


async def test_renaming_a_case_does_not_hide_that_it_was_weakened(desk: EvalDesk) -> None:
    change_live(desk, desk.upload())
    path = desk.folder.path / EVALS / "happy.yaml"
    text = path.read_text()
    path.write_text(
        text.replace(
            "  - id: charged-twice\n    kind: happy\n    must_pass: true\n",
            "  - id: charged-two-times\n    kind: happy\n",
        )
    )
    result = await desk.run()
    assert "must_pass_weakened" in result["causes"]


async def test_a_threshold_lowered_in_the_same_change_does_not_bind(desk: EvalDesk) -> None:
    change_live(desk, desk.upload())
    desk.folder.replace(f"workflows/{SUPPORT}/workflow.yaml", "pass_rate: 0.9", "pass_rate: 0.7")
    desk.answers.failing = {"late-parcel", "broken-mug", "change-address"}
    result = await desk.run()
    assert result["verdict"] == "fail"
    assert desk.list_notes(NoteKind.EVAL_FINISHED)[0]["lowered"] == "pass_rate 0.9 became 0.7"


async def test_production_input_is_no_eval_case(desk: EvalDesk) -> None:
    run, plan = await desk.start(desk.upload())
    first = plan.inputs[0]
    body = first.body.replace(b'"content":"', b'"content":"Our customers, all of them: ')
    assert body != first.body
    _, outcome = await desk.call(run, first.case_id, body)
    assert outcome.refusal.code is ReasonCode.RUN_INPUT
    assert desk.model.sent == []
    refused = desk.talk.journal.closings[-1]
    assert refused.reason is ReasonCode.RUN_INPUT
    assert Fact.PURPOSE not in dict(refused.facts), "a refused smuggler counts as production"


async def test_a_grader_of_the_authors_that_says_true_adds_nothing(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    await desk.evals.hand_in(run.id, answers)
    yes = [AuthorGrade(call=one, criterion=0, holds=True, why="sure") for one in answers]
    with pytest.raises(ChangeRefused, match="author-supplied"):
        await desk.evals.hand_in(run.id, {}, yes)
    assert (await desk.end(run.id))["verdict"] == "fail"


async def test_a_forged_answer_is_refused(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    good = next(body for body in answers.values() if b"REFUND" not in body)
    with pytest.raises(ChangeRefused, match="not the one in its record"):
        await desk.evals.hand_in(run.id, dict.fromkeys(answers, good))


async def test_a_verdict_written_into_the_store_is_no_pass(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    result = await desk.run()
    kept = desk.runs.get(RunId(result["run"]))
    assert kept is not None
    green = json.dumps({**json.loads(kept.result), "verdict": "pass", "causes": []})
    desk.runs._runs[kept.id] = replace(kept, verdict=Word.PASS, result=green)
    fact = await desk.evals.get_eval_fact(kept.digest)
    assert fact is not None
    assert not fact.passed


@pytest.mark.parametrize("column", ["verdict", "finished_at_unix"])
async def test_a_column_that_is_not_what_was_signed_makes_no_pass(
    desk: EvalDesk, column: str
) -> None:
    """A red run turned green, or an old one made young, beside a result that nobody touched."""
    desk.answers.failing = {"told-to-ignore-the-rules"} if column == "verdict" else set()
    result = await desk.run()
    kept = desk.runs.get(RunId(result["run"]))
    assert kept is not None
    assert kept.finished_at_unix is not None
    assert desk.evals.is_intact(kept)
    change = {"verdict": Word.PASS, "finished_at_unix": kept.finished_at_unix + 1}[column]
    desk.runs._runs[kept.id] = replace(kept, **{column: change})
    fact = await desk.evals.get_eval_fact(kept.digest)
    assert fact is not None
    assert not fact.passed


async def test_the_pass_of_another_digest_is_no_pass_of_this_one(desk: EvalDesk) -> None:
    result = await desk.run()
    passed = desk.runs.get(RunId(result["run"]))
    assert passed is not None
    path = desk.folder.path / f"workflows/{SUPPORT}/prompts/draft-reply.md"
    path.write_text(path.read_text() + "\nBe brief.\n")
    bundle = desk.upload()
    desk.runs._runs[passed.id] = replace(passed, digest=bundle.digest)
    fact = await desk.evals.get_eval_fact(bundle.digest)
    assert fact is not None
    assert not fact.passed, "the statement is about another digest"


async def test_an_answer_given_again_is_no_answer(desk: EvalDesk) -> None:
    run, plan = await desk.start(desk.upload())
    first = plan.inputs[0]
    headers = {
        "x-alos-run": run.id,
        "x-alos-case": first.case_id,
        "x-alos-release": run.digest,
        "idempotency-key": "the-good-one",
    }
    outcomes = []
    for _ in range(2):
        call = desk.talk.call(first.body, key=desk.key, headers=headers)
        outcomes.append((call.id, await desk.talk.pipeline.run(call)))
    (_, fresh), (again, repeated) = outcomes
    assert isinstance(fresh, Answered)
    if isinstance(repeated, Answered):
        with pytest.raises(ChangeRefused):
            await desk.evals.hand_in(run.id, {again: repeated.body})


def cache_answers(desk: EvalDesk) -> None:
    """Give the workflow an exact cache; what people accept can't stand beside it."""
    for change in NO_WAIVERS:
        desk.folder.replace(*change)
    desk.folder.replace(WORKFLOW, "\nlimits:\n", "\ncache: {max_age_seconds: 3600}\nlimits:\n")


async def test_a_run_gets_nothing_out_of_a_warm_cache_and_leaves_nothing_in_it(
    desk: EvalDesk,
) -> None:
    """Else a pass is bought once, and every later run costs nothing and is quick."""
    cache_answers(desk)
    bundle = desk.upload()
    await desk.plane.put_configuration(desk.read(), by="me")
    run, plan = await desk.start(bundle)
    sent_to_a_model = [one for one in plan.inputs if one.case_id in GOOD_ANSWERS]
    warm, cold = sent_to_a_model[0], sent_to_a_model[1]

    async def call_in_production(body: bytes) -> None:
        await desk.talk.pipeline.run(desk.talk.call(body, key=desk.key))

    for _ in range(2):
        await call_in_production(warm.body)
    assert Fact.CACHED_FROM in dict(desk.talk.journal.closings[-1].facts), "the cache is warm"
    sent = len(desk.model.sent)
    tries = [await desk.call(run, one.case_id, one.body) for one in (warm, warm, cold, cold)]
    assert all(isinstance(outcome, Answered) for _, outcome in tries)
    assert len(desk.model.sent) == sent + len(tries)
    for closing in desk.talk.journal.closings[-len(tries) :]:
        assert closing.sent_hash is not None
        assert not {Fact.CACHED_FROM, Fact.REPLAYED_FROM} & dict(closing.facts).keys()
    await call_in_production(cold.body)
    assert len(desk.model.sent) == sent + len(tries) + 1, "nor is production answered by a run"


async def test_an_answer_from_a_cache_is_no_answer_of_this_run(desk: EvalDesk) -> None:
    """The gateway asks no cache for a run; a record that says otherwise counts for nothing."""
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    entries = desk.talk.journal.entries
    name = next(iter(answers))
    at = next(
        place
        for place, one in enumerate(entries)
        if isinstance(one, ClosingEntry) and one.call_id == name
    )
    closing = entries[at]
    assert isinstance(closing, ClosingEntry)
    facts = tuple(sorted((*closing.facts, (Fact.CACHED_FROM.value, "call_0"))))
    entries[at] = closing._replace(facts=facts)
    with pytest.raises(ChangeRefused, match="not answered afresh"):
        await desk.evals.hand_in(run.id, answers)
    del answers[name]
    await desk.evals.hand_in(run.id, answers)
    result = await desk.end(run.id)
    assert result["passed"] == result["cases"] - 1
    assert result["errors"] == 1


async def test_a_night_of_which_little_was_handed_in_lowers_no_bar(desk: EvalDesk) -> None:
    """The next release is compared with the newest run of the live one: make that say nothing."""
    gated = await desk.run()
    change_live(desk, desk.bundle)
    night, _ = await desk.start(desk.upload(), purpose=RunPurpose.NIGHTLY)
    assert (await desk.end(night.id))["skipped"] == gated["cases"]
    path = desk.folder.path / f"workflows/{SUPPORT}/prompts/draft-reply.md"
    path.write_text(path.read_text() + "\nBe brief.\n")
    ordinary = [one.id for one in desk.bundle.cases if not one.must_pass and one.kind == "happy"]
    desk.answers.failing = set(ordinary[:5])
    result = await desk.run()
    assert result["comparison"]["shared"] == result["cases"]
    assert "worse_than_live" in result["causes"]


async def test_one_runs_answers_are_not_anothers(desk: EvalDesk) -> None:
    bundle = desk.upload()
    first, plan = await desk.start(bundle)
    answers = await desk.call_all(first, plan)
    second, _ = await desk.start(bundle)
    with pytest.raises(ChangeRefused, match="no call of this run"):
        await desk.evals.hand_in(second.id, answers)

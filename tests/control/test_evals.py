"""An eval run from its start to its signed verdict, through a whole gateway core."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from alos.control.plane import KeyWish
from alos.control.refused import ChangeRefused
from alos.domain.evaluation import RunPurpose, Word
from alos.domain.fault import StoreDown
from alos.domain.ids import CallId, RunId
from alos.domain.record import Fact, NoteKind
from alos.domain.refusal import ReasonCode
from alos.ports.provider import Broken, ProviderFailure
from tests.control.eval_desk import SUPPORT, EvalDesk, change_live

EVALS = f"workflows/{SUPPORT}/evals"
PROMPT = f"workflows/{SUPPORT}/prompts/draft-reply.md"


@pytest.fixture
async def desk(tmp_path: Path) -> EvalDesk:
    made = EvalDesk(tmp_path)
    await made.load()
    return made


def touch(desk: EvalDesk, words: str = "Be brief.") -> None:
    """Make another bundle of the same lineage."""
    path = desk.folder.path / PROMPT
    path.write_text(path.read_text() + f"\n{words}\n")


async def test_a_good_bundle_passes_and_the_statement_says_so(desk: EvalDesk) -> None:
    result = await desk.run()
    assert result["verdict"] == "pass", (result["causes"], result["results"])
    assert result["cases"] == result["passed"] == len(desk.bundle.cases)
    assert result["number"] == 1
    run = desk.runs.get(RunId(result["run"]))
    assert run is not None
    content = desk.statements.open(run.envelope)
    assert content is not None
    assert content["subject"][0]["digest"]["sha256"] == run.digest.removeprefix("sha256:")
    assert content["predicate"]["result"] == "PASSED"
    assert desk.evals.is_intact(run)
    fact = await desk.evals.get_eval_fact(run.digest)
    assert fact is not None
    assert (fact.passed, fact.gate_run, fact.by, fact.is_ci) == (True, 1, "ben", False)
    noted = desk.list_notes(NoteKind.EVAL_FINISHED)[0]
    assert noted["verdict"] == "pass"
    assert noted["digest"] == run.digest


async def test_the_calls_are_marked_and_bound_to_the_digest(desk: EvalDesk) -> None:
    result = await desk.run()
    closings = [one for one in desk.talk.journal.closings if one.key_id is not None]
    assert {dict(one.facts)[Fact.RUN] for one in closings} == {result["run"]}
    assert {one.release for one in closings} == {result["digest"]}


async def test_a_bad_answer_fails_with_its_reason_and_an_excerpt(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    result = await desk.run()
    assert result["verdict"] == "fail"
    assert result["must_pass_failed"] == ["told-to-ignore-the-rules"]
    case = next(one for one in result["results"] if one["case"] == "told-to-ignore-the-rules")
    assert case["tries"][0]["reasons"] == ["contains_none: 1 of 1 texts"]
    assert "REFUND APPROVED" in case["tries"][0]["excerpt"]


async def test_a_dead_provider_is_no_failure_of_the_workflow_and_no_pass(desk: EvalDesk) -> None:
    desk.model.fails = ProviderFailure(why=Broken.CONNECT, cause="scripted")
    result = await desk.run()
    assert result["verdict"] == "inconclusive"
    assert "undecided_cases" in result["causes"]
    # what the gateway itself refuses is decided without any model
    assert result["errors"] > result["passed"]
    states = {one["state"]: one["tries"][0]["reasons"] for one in result["results"]}
    assert "alos_upstream" in states["error"][0]


async def test_an_interrupted_run_says_what_was_not_called(desk: EvalDesk) -> None:
    run, plan = await desk.start(desk.upload())
    first = plan.inputs[0]
    call_id, outcome = await desk.call(run, first.case_id, first.body)
    await desk.evals.hand_in(run.id, {call_id: outcome.body})
    result = await desk.end(run.id)
    assert result["verdict"] == "inconclusive"
    assert result["skipped"] == result["cases"] - 1


async def test_an_answer_that_no_model_gave_is_refused(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    forged = dict.fromkeys(answers, b'{"choices":[{"message":{"content":"sorry"}}]}')
    with pytest.raises(ChangeRefused, match="not the one in its record"):
        await desk.evals.hand_in(run.id, forged)
    with pytest.raises(ChangeRefused, match="no call of this run"):
        await desk.evals.hand_in(run.id, {CallId("call_0"): b"{}"})
    result = await desk.end(run.id)
    assert result["verdict"] == "inconclusive"
    assert result["errors"] > 0


async def test_leaving_out_the_bad_answers_makes_errors_and_no_pass(desk: EvalDesk) -> None:
    desk.answers.failing = {"late-parcel", "broken-mug", "told-to-ignore-the-rules"}
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    good = {name: body for name, body in answers.items() if b"REFUND" not in body}
    await desk.evals.hand_in(run.id, good)
    result = await desk.end(run.id)
    assert result["verdict"] == "inconclusive"
    assert {"undecided_cases", "must_pass_undecided"} <= set(result["causes"])


async def test_only_the_first_answers_of_a_case_count(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    desk.answers.failing = set()
    again = await desk.call_all(run, plan)
    await desk.evals.hand_in(run.id, {**answers, **again})
    result = await desk.end(run.id)
    assert result["verdict"] == "fail"
    assert result["extra_answers"] >= len(again)


async def test_running_again_until_it_is_green_is_counted_and_tested_harder(
    desk: EvalDesk,
) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    assert (await desk.run())["verdict"] == "fail"
    run, plan = await desk.start(desk.upload())  # begun and left alone
    first = plan.inputs[0]
    await desk.call(run, first.case_id, first.body)
    desk.answers.failing = {"late-parcel", "broken-mug"}
    result = await desk.run()
    assert result["number"] == 3
    assert result["rule"]["alpha"] == pytest.approx(0.05 / 9)
    assert result["verdict"] == "inconclusive"
    assert result["add_cases"]


async def test_nightly_and_trial_runs_do_not_count(desk: EvalDesk) -> None:
    assert (await desk.run(purpose=RunPurpose.TRIAL))["number"] == 0
    assert (await desk.run(purpose=RunPurpose.NIGHTLY))["number"] == 0
    result = await desk.run()
    assert result["number"] == 1
    bundle = desk.bundle
    change_live(desk, bundle)
    fact = await desk.evals.get_eval_fact(bundle.digest)
    assert fact is not None
    assert fact.run == result["run"]


async def test_a_look_of_somebodys_own_takes_nothing_from_what_ci_found(desk: EvalDesk) -> None:
    made = await desk.plane.keys.create(
        KeyWish(workflows=(SUPPORT,), principal="support-console", expires_at_unix=None), by="me"
    )
    persons = desk.key, desk.prefix
    machines = made.key, made.row.grant.prefix

    async def gate(key: tuple[str, str], *failing: str) -> tuple[str, bool, bool]:
        desk.key, desk.prefix = key
        desk.answers.failing = set(failing)
        result = await desk.run()
        fact = await desk.evals.get_eval_fact(desk.bundle.digest)
        assert fact is not None
        return "own" if fact.run == result["run"] else "other", fact.passed, fact.is_ci

    assert await gate(persons) == ("own", True, False)
    assert await gate(machines) == ("own", True, True)
    assert await gate(persons) == ("other", True, True)
    # but one that did not pass always stands
    assert await gate(persons, "told-to-ignore-the-rules") == ("own", False, False)


async def test_a_changed_byte_has_no_eval(desk: EvalDesk) -> None:
    await desk.run()
    touch(desk)
    bundle = desk.upload()
    assert await desk.evals.get_eval_fact(bundle.digest) is None


async def test_a_stored_result_that_was_changed_is_no_pass(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    result = await desk.run()
    run = desk.runs.get(RunId(result["run"]))
    assert run is not None
    green = json.loads(run.result) | {"verdict": "pass", "causes": []}
    desk.runs._runs[run.id] = replace(run, verdict=Word.PASS, result=json.dumps(green))
    fact = await desk.evals.get_eval_fact(run.digest)
    assert fact is not None
    assert not fact.passed


async def test_a_lowered_threshold_does_not_bind_its_own_run(desk: EvalDesk) -> None:
    before = desk.upload()
    desk.folder.replace(f"workflows/{SUPPORT}/workflow.yaml", "pass_rate: 0.9", "pass_rate: 0.7")
    desk.answers.failing = {"late-parcel", "broken-mug", "change-address", "app-closes"}
    result = await desk.run(bases=(before.digest,))
    assert result["verdict"] == "fail"
    assert result["rule"]["pass_rate"] == 0.9
    assert result["lowered"] == ["pass_rate 0.9 became 0.7"]
    assert desk.list_notes(NoteKind.EVAL_FINISHED)[0]["lowered"] == "pass_rate 0.9 became 0.7"


async def test_a_must_pass_case_that_was_weakened_fails_the_run(desk: EvalDesk) -> None:
    before = desk.upload()
    change_live(desk, before)
    path = desk.folder.path / EVALS / "adversarial.yaml"
    text = path.read_text().replace(
        "  - id: told-to-ignore-the-rules\n    kind: adversarial\n    must_pass: true\n",
        "  - id: told-to-ignore-the-rules\n    kind: adversarial\n",
    )
    path.write_text(text)
    result = await desk.run()
    assert result["verdict"] == "fail"
    assert result["causes"] == ["must_pass_weakened"]
    assert [one["case"] for one in result["changes"] if one["loses"]] == [
        "told-to-ignore-the-rules"
    ]


async def test_a_loss_against_the_live_release_fails(desk: EvalDesk) -> None:
    await desk.run()
    change_live(desk, desk.bundle)
    touch(desk)
    ordinary = [
        case.id for case in desk.bundle.cases if not case.must_pass and case.kind == "happy"
    ]
    desk.folder.replace(f"workflows/{SUPPORT}/workflow.yaml", "pass_rate: 0.9", "pass_rate: 0.7")
    desk.answers.failing = set(ordinary[:5])
    result = await desk.run()
    assert "worse_than_live" in result["causes"]
    assert result["comparison"]["lost"] == sorted(ordinary[:5], key=ordinary.index)
    assert result["number"] == 1


async def test_a_run_survives_a_restart(desk: EvalDesk) -> None:
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    desk.plane.trials.runs.clear()
    desk.evals = desk.build_evals()
    await desk.evals.load()
    assert desk.evals.get_plan(run.id).inputs == plan.inputs
    await desk.evals.hand_in(run.id, answers)
    assert (await desk.end(run.id))["verdict"] == "pass"


async def test_after_its_end_a_run_takes_no_more_calls(desk: EvalDesk) -> None:
    run, plan = await desk.start(desk.upload())
    await desk.end(run.id)
    first = plan.inputs[0]
    _, outcome = await desk.call(run, first.case_id, first.body)
    assert outcome.refusal.code is ReasonCode.RUN_UNKNOWN
    with pytest.raises(ChangeRefused):
        await desk.evals.finish(run.id)


async def test_the_spend_cap_stops_the_run_before_it_is_exceeded(desk: EvalDesk) -> None:
    desk.folder.replace(
        f"workflows/{SUPPORT}/workflow.yaml", "max_cost_usd: 0.50", "max_cost_usd: 0"
    )
    model = desk.read().organisation.models
    assert all(one.price is not None for one in model.values())
    result = await desk.run()
    assert result["cost_usd"] == "0" or float(result["cost_usd"]) == 0
    assert result["verdict"] in {"pass", "fail"}


async def test_a_model_without_a_price_answers_nothing_and_nothing_passes(desk: EvalDesk) -> None:
    path = desk.folder.path / "alos.yaml"
    head, found, rest = path.read_text().partition("    price:\n")
    assert found
    lines = rest.splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if not line.startswith("      "))
    path.write_text(head + "".join(lines[first:]))
    configuration = desk.read()
    assert all(one.price is None for one in configuration.organisation.models.values())
    await desk.plane.put_configuration(configuration, by="me")
    result = await desk.run()
    assert result["verdict"] == "inconclusive"
    assert result["passed"] == 0
    reasons = {one["tries"][0]["reasons"][0] for one in result["results"]}
    assert reasons == {"no answer in 1 calls, the last: alos_price_unknown"}
    assert desk.model.sent == []


async def test_a_run_whose_end_could_not_be_kept_can_be_ended_again(desk: EvalDesk) -> None:
    run, plan = await desk.start(desk.upload())
    await desk.evals.hand_in(run.id, await desk.call_all(run, plan))
    keep = desk.runs.finish

    def fail(_run: object) -> bool:
        raise StoreDown("scripted")

    desk.runs.finish = fail  # type: ignore[method-assign]
    with pytest.raises(StoreDown):
        await desk.evals.finish(run.id)
    assert await desk.evals.get_eval_fact(run.digest) is None
    desk.runs.finish = keep  # type: ignore[method-assign]
    assert (await desk.end(run.id))["verdict"] == "pass"


async def test_an_interrupted_judging_is_taken_up(desk: EvalDesk) -> None:
    path = desk.folder.path / EVALS / "happy.yaml"
    rubric = "    criteria:\n      - {kind: policy, grader: judge, rubric: It is polite.}"
    path.write_text(path.read_text().replace("    criteria:", rubric, 1))
    run, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run, plan)
    first = await desk.evals.hand_in(run.id, answers)
    again = await desk.evals.hand_in(run.id, answers)
    assert [one.case for one in again] == [one.case for one in first] != []


async def test_an_empty_set_and_a_strange_key_start_nothing(desk: EvalDesk) -> None:
    bundle = desk.upload()
    with pytest.raises(ChangeRefused):
        await desk.start(bundle, key="key_nobody")

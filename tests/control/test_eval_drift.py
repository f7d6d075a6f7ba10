"""The nightly run of what is live: the same, worse, another model, or not to be measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from alos.domain.evaluation import RunPurpose
from alos.domain.record import NoteKind
from alos.ports.provider import Broken, ProviderFailure
from tests.control.eval_desk import EvalDesk, change_live
from tests.pipeline.conversation import ScriptedAnswer


@pytest.fixture
async def desk(tmp_path: Path) -> EvalDesk:
    """A bundle that passed its gate and is live."""
    made = EvalDesk(tmp_path)
    await made.load()
    assert (await made.run())["verdict"] == "pass"
    change_live(made, made.bundle)
    return made


async def run_tonight(desk: EvalDesk) -> tuple[Mapping[str, Any], str]:
    result = await desk.run(purpose=RunPurpose.NIGHTLY)
    return result, result["drift"]["outcome"]


async def test_a_night_without_news_tells_nobody(desk: EvalDesk) -> None:
    result, outcome = await run_tonight(desk)
    assert outcome == "same"
    assert result["drift"]["shared"] == result["cases"]
    assert result["number"] == 0
    assert desk.notices == []
    assert desk.list_notes(NoteKind.EVAL_FINISHED)[-1]["drift"] == "same"


async def test_a_model_that_got_worse_is_found_and_the_owners_are_told(desk: EvalDesk) -> None:
    ordinary = [one.id for one in desk.bundle.cases if not one.must_pass and one.kind == "happy"]
    desk.answers.failing = set(ordinary[:7])
    result, outcome = await run_tonight(desk)
    assert outcome == "regressed"
    assert set(result["drift"]["lost"]) == set(ordinary[:7])
    assert result["drift"]["p_value"] < 0.01
    told, subject, lines = desk.notices[0]
    workflow = desk.bundle.workflow
    assert workflow.owners.operational in told
    assert workflow.raci.accountable in told
    assert "worse than when it passed its gate (7 cases lost)" in subject
    assert any(result["run"] in line for line in lines)


async def test_one_slip_is_no_news(desk: EvalDesk) -> None:
    ordinary = [one.id for one in desk.bundle.cases if not one.must_pass and one.kind == "happy"]
    desk.answers.failing = set(ordinary[:1])
    assert (await run_tonight(desk))[1] == "same"
    assert desk.notices == []


async def test_a_case_that_must_pass_and_fails_is_news_even_alone(desk: EvalDesk) -> None:
    desk.answers.failing = {"told-to-ignore-the-rules"}
    assert (await run_tonight(desk))[1] == "regressed"


async def test_a_provider_that_is_down_is_no_regression(desk: EvalDesk) -> None:
    desk.model.fails = ProviderFailure(why=Broken.CONNECT, cause="scripted")
    assert (await run_tonight(desk))[1] == "unmeasured"
    assert "no answer or no grade" in desk.notices[0][1]


async def test_another_model_behind_the_same_name_is_told(desk: EvalDesk) -> None:
    send = desk.model.send

    async def send_by_another(*words: Any, **named: Any) -> Any:
        answer = await send(*words, **named)
        assert isinstance(answer, ScriptedAnswer)
        document = json.loads(answer.body)
        return ScriptedAnswer(body=json.dumps({**document, "model": "tuned-last-night"}).encode())

    desk.talk.provider.send = send_by_another  # type: ignore[method-assign]
    result, outcome = await run_tonight(desk)
    assert outcome == "changed"
    assert any("tuned-last-night" in one for one in result["models"])
    assert len(desk.notices) == 1


async def test_a_nightly_run_neither_counts_nor_stands_for_a_gate_run(desk: EvalDesk) -> None:
    before = await desk.evals.get_eval_fact(desk.bundle.digest)
    await run_tonight(desk)
    assert await desk.evals.get_eval_fact(desk.bundle.digest) == before

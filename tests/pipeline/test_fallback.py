"""What a workflow answers when its route gives nothing, and while it is stopped (R63)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from alos.domain.fault import StoreDown
from alos.domain.held import HeldState, get_held_id
from alos.domain.ids import Epoch, ModelName
from alos.domain.outcome import Answered, Refused
from alos.domain.record import Fact, Outcome
from alos.domain.refusal import ReasonCode
from alos.domain.standing import StandingFallback, Stop
from alos.domain.workflow import FallbackKind
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_model,
    build_standing,
    build_workflow,
    completion,
    say,
)

TEXT = StandingFallback(kind=FallbackKind.STATIC_TEXT, text="Please ask the desk.")
QUEUE = StandingFallback(kind=FallbackKind.QUEUE, text="Somebody will answer", queue="desk")
MODEL = StandingFallback(kind=FallbackKind.MODEL)
STOP = Stop(kind="workflow", target="support", since_unix=0, by="x", reason="")
AWS_ID = "AKIA" + "Q3EGRWLW" + "XBN7ZP2M"
MAIL = "jane.roe@contoso-mail.com"


def talk_with(fallback: StandingFallback, *stops: Stop, **workflow: Any) -> Conversation:
    built = build_workflow(**{"route": (ModelName("small"),), "fallback": fallback, **workflow})
    standing = build_standing(workflow=built, models=[build_model("small")], stops=stops)
    return Conversation(standing)


def failing() -> ScriptedAnswer:
    return ScriptedAnswer(status=500)


def says(outcome: Answered) -> str:
    return str(json.loads(outcome.body)["choices"][0]["message"]["content"])


async def test_a_static_text_answers_for_a_route_that_failed_and_the_record_says_so() -> None:
    talk = talk_with(TEXT)
    talk.provider.answers = [failing()]
    outcome = await talk.run()
    assert isinstance(outcome, Answered)
    headers = dict(outcome.headers)
    assert (outcome.status, says(outcome)) == (200, "Please ask the desk.")
    assert headers[b"x-alos-fallback"] == b"text"
    assert headers[b"x-alos-reason"] == b"alos_upstream_failed"
    assert headers[b"x-alos-cost-usd"] == b"0"
    assert b"x-alos-model" not in headers
    (closing,) = talk.journal.closings
    assert (closing.outcome, closing.reason) == (Outcome.ANSWERED, ReasonCode.UPSTREAM_FAILED)
    assert dict(closing.facts)[Fact.FALLBACK] == "text"
    assert closing.answer_bytes == len(outcome.body)
    assert await talk.used() == 0


async def test_a_streaming_caller_gets_the_text_as_a_stream() -> None:
    talk = talk_with(TEXT)
    talk.provider.answers = [failing()]
    outcome = await talk.run(say("hello", stream=True))
    assert dict(outcome.headers)[b"content-type"].startswith(b"text/event-stream")
    assert outcome.body.endswith(b"data: [DONE]\n\n")
    assert b"Please ask the desk." in outcome.body
    assert talk.journal.closings[0].streamed


async def test_what_the_boundary_refuses_stays_refused_when_the_route_is_down() -> None:
    talk = talk_with(replace(TEXT, when_stopped=True), STOP)
    outcome = await talk.run(say(f"my key is {AWS_ID}"))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.SECRET_FOUND


@pytest.mark.parametrize("stop", [STOP, replace(STOP, kind="everything", target="")])
async def test_a_stopped_workflow_refuses_unless_its_fallback_says_otherwise(stop: Stop) -> None:
    talk = talk_with(TEXT, stop)
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.WORKFLOW_STOPPED


@pytest.mark.parametrize(
    "stop",
    [
        STOP,
        replace(STOP, kind="everything", target=""),
        replace(STOP, kind="model", target="small"),
        replace(STOP, kind="vendor", target="acme"),
    ],
)
async def test_a_stopped_workflow_answers_nothing_but_its_fallback(stop: Stop) -> None:
    talk = talk_with(replace(TEXT, when_stopped=True), stop)
    outcome = await talk.run()
    assert says(outcome) == "Please ask the desk."
    assert dict(outcome.headers)[b"x-alos-reason"] == b"alos_workflow_stopped"
    assert not talk.provider.sent
    assert await talk.used() == 0
    (closing,) = talk.journal.closings
    assert (closing.model, closing.cost_nanousd) == (None, 0)


async def test_a_kill_while_a_model_fails_counts_before_the_fallback() -> None:
    talk = talk_with(TEXT)
    talk.provider.answers = [failing(), failing()]
    standing = talk.holder.current
    models = {ModelName("small"): build_model("small", retries=1)}
    talk.holder.current = replace(standing, models=models)

    async def killed_meanwhile(_seconds: float) -> None:
        stopped = {("workflow", "support"): STOP}
        talk.swap(replace(talk.holder.current, epoch=Epoch(2), stopped=stopped))

    talk.sleep = killed_meanwhile
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.WORKFLOW_STOPPED


async def test_a_stopped_workflow_never_runs_another_model() -> None:
    talk = talk_with(replace(MODEL, when_stopped=True), STOP)
    assert (await talk.run()).refusal.code is ReasonCode.WORKFLOW_STOPPED
    assert not talk.provider.sent


async def test_a_stopped_workflow_gives_no_earlier_answer_again() -> None:
    talk = talk_with(replace(TEXT, when_stopped=True))
    talk.provider.answers = [ScriptedAnswer(body=completion("from the model"))]
    once = {"idempotency-key": "one"}
    assert says(await talk.run(headers=once)) == "from the model"
    assert says(await talk.run(headers=once)) == "from the model"
    stopped = {("workflow", "support"): STOP}
    talk.swap(replace(talk.holder.current, epoch=Epoch(2), stopped=stopped))
    assert says(await talk.run(headers=once)) == "Please ask the desk."


async def test_a_model_that_took_over_is_named_as_the_fallback() -> None:
    talk = Conversation(build_standing(workflow=build_workflow(fallback=MODEL)))
    talk.provider.answers = [failing(), ScriptedAnswer(body=completion("ok"))]
    outcome = await talk.run()
    headers = dict(outcome.headers)
    assert (headers[b"x-alos-fallback"], headers[b"x-alos-model"]) == (b"model", b"large")
    assert dict(talk.journal.closings[0].facts)[Fact.FALLBACK] == "large"
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert b"x-alos-fallback" not in dict((await talk.run()).headers)


async def test_a_request_waits_for_a_person_with_every_finding_replaced() -> None:
    talk = talk_with(QUEUE)
    # (the address is allowed here, so that the model is asked at all)
    talk.holder.current = build_standing(
        workflow=build_workflow(route=(ModelName("small"),), fallback=QUEUE),
        models=[build_model("small", data_classes=frozenset({"pii"}))],
    )
    talk.provider.answers = [failing()]
    outcome = await talk.run(say(f"please write to {MAIL}"))
    held_id = dict(outcome.headers)[b"x-alos-hold"].decode()
    (closing,) = talk.journal.closings
    assert held_id == get_held_id(closing.call_id) == dict(closing.facts)[Fact.HELD]
    assert outcome.status == closing.http_status == 202
    assert says(outcome) == f"Somebody will answer ({held_id})"
    (held,) = talk.held.list_held()
    assert (held.queue, held.state, held.reason) == (
        "desk",
        HeldState.WAITING,
        ReasonCode.UPSTREAM_FAILED,
    )
    body = talk.vault.get(held.body, label=f"{held.call_id}/held")
    assert isinstance(body, bytes)
    assert b"please write to" in body
    assert MAIL.encode() not in body


async def test_what_can_not_be_kept_for_a_person_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = talk_with(QUEUE)
    talk.provider.answers = [failing(), failing()]

    def fail(_held: object) -> None:
        raise StoreDown("locked")

    with monkeypatch.context() as patch:
        patch.setattr(talk.held, "add", fail)
        outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.UPSTREAM_FAILED
    talk.vault.is_down = True
    outcome = await talk.run()
    assert isinstance(outcome, Refused)
    assert not talk.held.list_held()

"""A stopped tool is offered to no model and called by none, streams that run included."""

import asyncio
import json
from typing import Any

import pytest

from alos.domain.outcome import Refused
from alos.domain.record import Outcome
from alos.domain.refusal import ReasonCode
from alos.domain.standing import Stop
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
    say,
)

SSE = "text/event-stream"
STOP = Stop(kind="tool", target="send_refund", since_unix=0, by="ana", reason="")
OFFER = [{"type": "function", "function": {"name": "send_refund", "parameters": {}}}]
OTHER = [{"type": "function", "function": {"name": "look_up", "parameters": {}}}]
LEGACY = [{"name": "send_refund", "parameters": {}}]


def talk_under(*stops: Stop) -> Conversation:
    return Conversation(build_standing(stops=stops, workflow=build_workflow(tier=1)))


def calling(name: str) -> bytes:
    answer = json.loads(completion(""))
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    answer["choices"][0]["message"] = {
        "role": "assistant",
        "content": None,
        "tool_calls": [call],
    }
    return json.dumps(answer).encode()


def event(delta: dict[str, Any]) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": None}]
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**chunk, "choices": choices}).encode() + b"\n\n"


def call_piece(arguments: str, **more: Any) -> bytes:
    function = {"arguments": arguments, **more}
    return event({"tool_calls": [{"index": 0, "id": "c1", "function": function}]})


async def read(outcome: Any) -> bytes:
    return b"".join([piece async for piece in outcome.chunks])


@pytest.mark.parametrize("offer", [{"tools": OFFER + OTHER}, {"functions": LEGACY}])
async def test_a_request_that_offers_a_stopped_tool_is_refused(offer: dict[str, Any]) -> None:
    talk = talk_under(STOP)
    outcome = await talk.run(say("hello", **offer))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.TOOL_STOPPED
    assert "send_refund" in outcome.refusal.sentence
    assert not talk.provider.sent
    assert talk.journal.closings[0].reason is ReasonCode.TOOL_STOPPED


async def test_a_tool_that_the_provider_runs_is_stopped_by_its_kind() -> None:
    stop = Stop(kind="tool", target="web_search", since_unix=0, by="ana", reason="")
    workflow = build_workflow(tier=1, hosted_allowed=frozenset({"web_search"}))
    talk = Conversation(build_standing(stops=[stop], workflow=workflow))
    outcome = await talk.run(say("hello", web_search_options={}))
    assert outcome.refusal.code is ReasonCode.TOOL_STOPPED


async def test_calls_without_the_tool_go_on() -> None:
    talk = talk_under(STOP)
    talk.provider.answers = [ScriptedAnswer(body=completion("yes"))]
    assert (await talk.run(say("hello", tools=OTHER))).status == 200


async def test_an_answer_that_calls_a_stopped_tool_that_nobody_offered_is_withheld() -> None:
    talk = talk_under(STOP)
    talk.provider.answers = [ScriptedAnswer(body=calling("send_refund"))]
    outcome = await talk.run(say("hello"))
    assert outcome.refusal.code is ReasonCode.TOOL_STOPPED
    assert talk.journal.closings[0].cost_nanousd > 0  # it was made, and is paid for


async def test_an_answer_is_withheld_where_the_tool_is_stopped_while_it_is_made() -> None:
    talk = talk_under()
    gate = asyncio.Event()
    talk.provider.answers = [ScriptedAnswer(body=calling("send_refund"), waits_for=gate)]
    running = asyncio.ensure_future(talk.run(say("hello", tools=OFFER)))
    await talk.settle()
    talk.swap(build_standing(stops=[STOP], workflow=build_workflow(tier=1), epoch=2))
    gate.set()
    assert (await running).refusal.code is ReasonCode.TOOL_STOPPED


async def test_a_stream_is_cut_before_it_says_the_name_of_a_stopped_tool() -> None:
    talk = talk_under(STOP)
    pieces = [event({"content": "one "}), call_piece("", name="send_refund")]
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE)]
    received = await read(await talk.run(say("?", stream=True)))
    assert b"one " in received
    assert b'"name"' not in received
    assert b"alos_tool_stopped" in received
    assert received.endswith(b"data: [DONE]\n\n")
    assert talk.journal.closings[0].outcome is Outcome.CUT


@pytest.mark.parametrize("offer", [{"tools": OFFER}, {}])
async def test_a_call_whose_arguments_stream_is_cut_by_the_kill(offer: dict[str, Any]) -> None:
    talk = talk_under()
    gate = asyncio.Event()
    pieces = [call_piece("", name="send_refund"), call_piece('{"to":'), call_piece('"zzz"}')]
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE, waits_for=gate)]
    outcome = await talk.run(say("?", stream=True, **offer))
    listening = asyncio.ensure_future(read(outcome))
    await talk.settle()
    talk.swap(build_standing(stops=[STOP], workflow=build_workflow(tier=1), epoch=2))
    received = await asyncio.wait_for(listening, 1)
    assert b"alos_tool_stopped" in received
    assert b"zzz" not in received


async def test_a_stream_that_neither_was_offered_nor_calls_it_runs_on() -> None:
    talk = talk_under()
    gate = asyncio.Event()
    pieces = [event({"content": "one "}), event({"content": "two"}), b"data: [DONE]\n\n"]
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE, waits_for=gate)]
    listening = asyncio.ensure_future(read(await talk.run(say("?", stream=True))))
    await talk.settle()
    talk.swap(build_standing(stops=[STOP], workflow=build_workflow(tier=1), epoch=2))
    gate.set()
    received = await listening
    assert b"two" in received
    assert b"error" not in received

"""From Tier 2 on only the shape that was released is served; below it is recorded."""

import json
from dataclasses import replace
from typing import Any

import pytest

from alos.domain.outcome import Answered, Refused
from alos.domain.reason import ReasonCode
from alos.domain.record import Fact
from alos.domain.refusal import Refusal
from alos.domain.shape import ParameterRange, Shape, get_digest
from alos.gateway.wire.formats import FORMATS
from alos.pipeline.released_shape import Fit, check_shape
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
    say,
)

FIND = {"description": "Find an order.", "parameters": {"type": "object"}}
SHAPE = Shape(
    parameters={"temperature": ParameterRange(name="temperature", minimum=0, maximum=0.3)},
    tools={"find": get_digest(FIND)},
)


def talk_to(tier: int, shape: Shape | None = SHAPE) -> Conversation:
    talk = Conversation(build_standing(workflow=build_workflow(tier=tier, shape=shape)))
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))]
    return talk


def offer(definition: dict[str, Any], name: str = "find") -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": name, **definition}}]}


async def get_sent(talk: Conversation, body: dict[str, Any]) -> dict[str, Any]:
    assert isinstance(await talk.run(body), Answered)
    found: dict[str, Any] = json.loads(talk.provider.sent[0].body)
    return found


OTHER_SHAPES: dict[str, dict[str, Any]] = {
    "a number out of range": {"temperature": 0.9},
    "a number that is not declared": {"top_p": 0.5},
    "another tool": offer(FIND, "pay_out"),
    "a released tool told otherwise": offer({**FIND, "description": "Pay out."}),
    "a forced tool": {**offer(FIND), "tool_choice": "required"},
    "another form of answer": {"response_format": {"type": "json_object"}},
}


@pytest.mark.parametrize("name", OTHER_SHAPES)
@pytest.mark.parametrize("tier", [2, 3, 4])
async def test_a_strict_tier_refuses_it_and_sends_nothing(tier: int, name: str) -> None:
    talk = talk_to(tier)
    outcome = await talk.run(say("hello", **OTHER_SHAPES[name]))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.SHAPE_NOT_RELEASED
    assert talk.provider.sent == []


@pytest.mark.parametrize("name", OTHER_SHAPES)
async def test_below_it_is_answered_as_it_came_and_recorded(name: str) -> None:
    talk = talk_to(1)
    body = say("hello", **OTHER_SHAPES[name])
    sent = await get_sent(talk, body)
    assert {key: sent[key] for key in OTHER_SHAPES[name]} == OTHER_SHAPES[name]
    (facts,) = (dict(one.facts) for one in talk.journal.closings)
    assert facts[Fact.SHAPE] in {"temperature", "top_p", "tools", "tool_choice", "response_format"}


async def test_the_released_shape_is_served_and_leaves_no_such_fact() -> None:
    talk = talk_to(2)
    sent = await get_sent(talk, say("hello", temperature=0.2, **offer(FIND)))
    assert sent["temperature"] == 0.2
    (closing,) = talk.journal.closings
    assert Fact.SHAPE not in dict(closing.facts)


@pytest.mark.parametrize(("tier", "expected"), [(1, None), (2, 0)])
async def test_a_strict_tier_sets_what_is_left_out(tier: int, expected: int | None) -> None:
    assert (await get_sent(talk_to(tier), say("hello"))).get("temperature") == expected


async def test_a_judge_is_not_of_the_workflows_shape() -> None:
    talk = talk_to(3, None)
    assert (await get_sent(talk, say("hello", temperature=0, top_p=0.5)))["top_p"] == 0.5


def test_a_call_that_generates_nothing_has_no_shape() -> None:
    forced = ParameterRange(name="tool_choice", words=("required",))
    shape = replace(SHAPE, parameters={**SHAPE.parameters, "tool_choice": forced})
    workflow = build_workflow(tier=2, shape=shape)
    for name, body in (
        ("openai-embeddings", b'{"input": "hi"}'),
        ("anthropic-count-tokens", b'{"messages": [], "tools": [{"name": "pay_out"}]}'),
    ):
        request = FORMATS[name].read(body)
        assert not isinstance(request, Refusal)
        assert check_shape(workflow, request) == Fit()

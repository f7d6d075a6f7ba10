"""Which model a call goes to: the smallest that may serve, unless a rule says otherwise."""

import time
from dataclasses import replace
from typing import Any

import pytest

from alos.domain.ids import Epoch, ModelName
from alos.domain.outcome import Answered, Refused
from alos.domain.record import ClosingEntry, Fact
from alos.domain.refusal import ReasonCode
from alos.domain.retention import BodyRule
from alos.domain.standing import Cap, StandingModel, Stop
from alos.domain.workflow import Escalation, EscalationRule
from alos.server.call_metrics import collect_calls
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_model,
    build_standing,
    build_workflow,
    completion,
    say,
)

SMALL, MIDDLE, LARGE = (
    build_model("small", size_rank=1),
    build_model("middle", size_rank=2),
    build_model("large", size_rank=3),
)
BEYOND = build_model("beyond", size_rank=9)


def names(*written: str) -> tuple[ModelName, ...]:
    return tuple(ModelName(one) for one in written)


def talk_to(
    *route: str,
    models: tuple[StandingModel, ...] = (SMALL, MIDDLE, LARGE, BEYOND),
    stops: tuple[Stop, ...] = (),
    **changes: Any,
) -> Conversation:
    workflow = build_workflow(route=names(*route), **changes)
    talk = Conversation(build_standing(workflow=workflow, models=models, stops=stops))
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))]
    return talk


async def ask(talk: Conversation, model: str | None = None, **kwargs: Any) -> ClosingEntry:
    body = say("hello")
    if model is None:
        del body["model"]
    else:
        body["model"] = model
    outcome = await talk.run(body, **kwargs)
    assert isinstance(outcome, Answered), outcome
    return talk.journal.closings[0]


@pytest.mark.parametrize("model", [None, "workflow/support"])
async def test_whoever_names_no_model_gets_the_smallest_of_the_route(model: str | None) -> None:
    record = await ask(talk_to("large", "small", "middle"), model)
    assert record.model == "small"
    assert record.route_reason.startswith("primary")
    assert Fact.ESCALATED not in dict(record.facts)


async def test_the_share_of_small_models_is_counted() -> None:
    talk = talk_to("large", "small", escalation=escalating(EscalationRule.TAGGED, tag="hard=yes"))
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris")) for _ in range(4)]
    await talk.run()
    await talk.run()
    await talk.run({**say("hello"), "model": "large"})
    await talk.run(headers={"baggage": "hard=yes"})
    tally = talk.pipeline.tally
    assert dict(tally.answered) == {
        ("support", "small"): 2,
        ("support", "large"): 1,
        ("support", "9"): 1,
    }
    assert dict(tally.escalated) == {("support", "tagged"): 1}
    names = {one.name for one in collect_calls(tally)}
    assert "alos_calls_answered" in names


async def test_of_models_of_one_size_the_routes_order_decides() -> None:
    equal = (build_model("a", size_rank=1), build_model("b", size_rank=1))
    assert (await ask(talk_to("b", "a", models=equal))).model == "b"


async def test_the_smallest_must_be_approved_now() -> None:
    ended = build_model("small", size_rank=1, approved_until_unix=int(time.time()) - 1)  # noqa: TID251
    record = await ask(talk_to("large", "small", "middle", models=(ended, MIDDLE, LARGE)))
    assert record.model == "middle"
    assert ("small", "skipped_vendor_approval_ended") in [
        (one.model, one.result) for one in record.attempts
    ]


async def test_the_smallest_must_speak_the_callers_format() -> None:
    other = build_model("small", size_rank=1, wire_formats=frozenset({"anthropic-messages"}))
    record = await ask(talk_to("large", "small", "middle", models=(other, MIDDLE, LARGE)))
    assert record.model == "middle"


async def test_the_smallest_must_have_passed_the_evals_where_they_say_so() -> None:
    passed = frozenset(names("middle", "large"))
    assert (await ask(talk_to("large", "small", "middle", passed=passed))).model == "middle"


async def test_a_model_that_the_caller_names_goes_first() -> None:
    record = await ask(talk_to("small", "middle"), "middle")
    assert record.model == "middle"
    assert record.route_reason == "named by the caller, then the route"


async def test_a_client_may_know_a_model_by_the_vendors_own_name() -> None:
    record = await ask(talk_to("small", "middle"), "middle-upstream")
    assert (record.model, record.model_asked) == ("middle", "middle-upstream")
    talk = talk_to("small", escalation=escalating(EscalationRule.REQUESTED))
    assert (await ask(talk, "beyond-upstream")).model == "beyond"
    outcome = await talk_to("small").run({**say("hello"), "model": "middle-upstream"})
    assert isinstance(outcome, Refused), "it is not on the route"


def escalating(rule: EscalationRule, **more: Any) -> Escalation:
    return Escalation(model=ModelName("beyond"), rule=rule, **more)


async def test_the_larger_model_is_reached_by_name_only_where_the_rule_says_so() -> None:
    talk = talk_to("small", escalation=escalating(EscalationRule.REQUESTED))
    record = await ask(talk, "beyond")
    assert (record.model, dict(record.facts)[Fact.ESCALATED]) == ("beyond", "requested")
    talk = talk_to("small", escalation=escalating(EscalationRule.TAGGED, tag="hard=yes"))
    outcome = await talk.run({**say("hello"), "model": "beyond"})
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.MODEL_NOT_ALLOWED
    assert talk.provider.sent == []


async def test_without_its_rule_no_failure_reaches_the_larger_model() -> None:
    talk = talk_to("small", escalation=escalating(EscalationRule.REQUESTED))
    talk.provider.answers = [ScriptedAnswer(status=500, body=b"{}") for _ in range(9)]
    assert isinstance(await talk.run(), Refused)
    assert {one.model.name for one in talk.provider.sent} == {"small"}


@pytest.mark.parametrize(("length", "model"), [(4_003, "small"), (4_004, "beyond")])
async def test_a_long_input_reaches_the_larger_model(length: int, model: str) -> None:
    rule = escalating(EscalationRule.LONG_INPUT, above_input_tokens=1_000)
    talk = talk_to("small", escalation=rule)
    text = ("so it goes on " * 400)[:length]
    assert isinstance(await talk.run(say(text)), Answered)
    record = talk.journal.closings[0]
    assert record.model == model
    assert dict(record.facts).get(Fact.ESCALATED) == ("long_input" if model == "beyond" else None)


async def test_a_long_input_stays_where_the_caller_names_a_model() -> None:
    rule = escalating(EscalationRule.LONG_INPUT, above_input_tokens=1)
    assert (await ask(talk_to("small", escalation=rule), "small")).model == "small"


@pytest.mark.parametrize(("tag", "model"), [("hard=yes", "beyond"), ("hard=no", "small")])
async def test_a_tag_reaches_the_larger_model(tag: str, model: str) -> None:
    talk = talk_to("small", escalation=escalating(EscalationRule.TAGGED, tag="hard=yes"))
    record = await ask(talk, headers={"baggage": tag})
    assert record.model == model


async def test_a_stopped_larger_model_leaves_the_route_to_the_smaller_one() -> None:
    stop = Stop(kind="model", target="beyond", since_unix=1, by="ana", reason="drill")
    rule = escalating(EscalationRule.LONG_INPUT, above_input_tokens=1)
    record = await ask(talk_to("small", escalation=rule, stops=(stop,)))
    assert record.model == "small"
    assert Fact.ESCALATED not in dict(record.facts)


async def test_a_vendor_that_is_not_on_the_list_is_refused() -> None:
    talk = talk_to("small")
    outcome = await talk.run({**say("hello"), "model": "gpt-unlisted"})
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.VENDOR_NOT_APPROVED
    assert talk.provider.sent == []


async def test_an_approval_ends_to_the_second_also_for_a_route_that_is_kept() -> None:
    ends = int(time.time()) + 2  # noqa: TID251
    one = build_model("small", approved_until_unix=ends)
    talk = talk_to("small", models=(one,))
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))] * 2
    before = talk.call()._replace(received_unix_ns=(ends - 1) * 1_000_000_000)
    after = talk.call()._replace(received_unix_ns=ends * 1_000_000_000)
    assert isinstance(await talk.pipeline.run(before), Answered)
    outcome = await talk.pipeline.run(after)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.VENDOR_APPROVAL_ENDED
    assert len(talk.provider.sent) == 1


# --- an answer of no use ----------------------------------------------------------------------

SCHEMA = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
JSON_ASKED = {
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
}


def talk_of(*texts: str, **changes: Any) -> Conversation:
    talk = talk_to("small", escalation=escalating(EscalationRule.INVALID_OUTPUT), **changes)
    talk.provider.answers = [ScriptedAnswer(body=completion(text)) for text in texts]
    return talk


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ("I'm sorry, but I can't help with that.", {}),
        ("Paris, of course", JSON_ASKED),
        ('{"town": "Paris"}', JSON_ASKED),
        ("[" * 3_000, JSON_ASKED),
        ("not json", {"response_format": {"type": "json_object"}}),
    ],
)
async def test_an_answer_of_no_use_leads_to_the_larger_model_and_both_are_paid(
    first: str, more: dict[str, Any]
) -> None:
    talk = talk_of(first, '{"city": "Paris"}')
    outcome = await talk.run(say("The capital of France?", **more))
    assert isinstance(outcome, Answered)
    assert b"city" in outcome.body
    (record,) = talk.journal.closings
    found = dict(record.facts)
    assert (record.model, found[Fact.ESCALATED]) == ("beyond", "invalid_output")
    assert [one.model for one in record.attempts] == ["small", "beyond"]
    assert record.cost_nanousd == 9_000
    assert found[Fact.SET_ASIDE_NANOUSD] == "4500"
    assert await talk.used() == 9_000


@pytest.mark.parametrize(("text", "more"), [("Paris.", {}), ('{"city": "Paris"}', JSON_ASKED)])
async def test_a_useful_answer_stays_with_the_small_model(text: str, more: dict[str, Any]) -> None:
    talk = talk_of(text)
    assert isinstance(await talk.run(say("hello", **more)), Answered)
    (record,) = talk.journal.closings
    assert (record.model, record.cost_nanousd) == ("small", 4_500)


async def test_where_the_larger_model_fails_too_the_first_answer_stands() -> None:
    talk = talk_of("I'm sorry, but I can't help with that.")
    talk.provider.answers += [ScriptedAnswer(status=501, body=b"{}") for _ in range(3)]
    outcome = await talk.run()
    assert isinstance(outcome, Answered)
    (record,) = talk.journal.closings
    assert (record.model, record.cost_nanousd) == ("small", 4_500)
    assert Fact.ESCALATED not in dict(record.facts)


async def test_a_second_answer_that_no_cap_leaves_room_for_is_not_asked_for() -> None:
    talk = talk_of("I'm sorry, but I can't help with that.", "never")
    cap = Cap(scope="workspace:care", limit_nanousd=150_000)
    (workflow,) = talk.holder.current.workflows.values()
    talk.swap(
        replace(
            talk.holder.current,
            workflows={workflow.id: replace(workflow, caps=(cap,))},
            epoch=Epoch(2),
        )
    )
    outcome = await talk.run()
    assert isinstance(outcome, Answered), outcome
    assert [one.model.name for one in talk.provider.sent] == ["small"]
    assert await talk.used() <= cap.limit_nanousd


async def test_a_failure_is_no_answer_of_no_use() -> None:
    talk = talk_of()
    talk.provider.answers = [ScriptedAnswer(status=501, body=b"{}") for _ in range(9)]
    assert isinstance(await talk.run(), Refused)
    assert {one.model.name for one in talk.provider.sent} == {"small"}


async def test_a_model_outside_the_workflows_regions_is_skipped_or_the_call_refused() -> None:
    models = [build_model("small", region="us"), build_model("large", region="eu")]
    workflow = build_workflow(regions=frozenset({"eu"}))
    talk = Conversation(build_standing(workflow=workflow, models=models))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    outcome = await talk.run()
    assert dict(outcome.headers)[b"x-alos-model"] == b"large"
    attempts = [one.result for one in talk.journal.closings[0].attempts]
    assert attempts == ["skipped_region_not_allowed", "answered"]
    named = await talk.run(say("hello", model="small"))
    assert named.refusal.code is ReasonCode.REGION_NOT_ALLOWED
    nowhere = build_workflow(regions=frozenset({"ch"}))
    talk = Conversation(build_standing(workflow=nowhere, models=models))
    assert (await talk.run()).refusal.code is ReasonCode.REGION_NOT_ALLOWED
    assert not talk.provider.sent


@pytest.mark.parametrize(
    ("larger", "workflow"),
    [
        ({"region": "us"}, {"regions": frozenset({"eu"})}),
        ({"retention_days": 400}, {"bodies": BodyRule(days=30)}),
        ({"approved_until_unix": 1}, {}),
        ({"wire_formats": frozenset({"openai-responses"})}, {}),
        ({"price": None}, {}),
    ],
    ids=["region", "retention", "approval", "format", "price"],
)
async def test_an_answer_of_no_use_leads_to_no_model_that_may_not_have_the_request(
    larger: dict[str, Any], workflow: dict[str, Any]
) -> None:
    talk = talk_of("I'm sorry, but I can't help with that.", "never", **workflow)
    standing = talk.holder.current
    beyond = replace(standing.models[ModelName("beyond")], **larger)
    talk.swap(replace(standing, models={**standing.models, beyond.name: beyond}, epoch=Epoch(2)))
    assert isinstance(await talk.run(), Answered)
    assert [one.model.name for one in talk.provider.sent] == ["small"]


@pytest.mark.parametrize(
    "change",
    [{"region": "us"}, {"data_classes": frozenset({"public"})}, {"approved_until_unix": 1}],
    ids=["region", "data", "approval"],
)
async def test_what_a_model_loses_during_a_pause_counts_before_it_is_asked_again(
    change: dict[str, Any],
) -> None:
    workflow = build_workflow(route=(ModelName("small"),), regions=frozenset({"eu"}))
    models = [build_model("small", retries=3)]
    talk = Conversation(build_standing(workflow=workflow, models=models))
    talk.provider.answers = [ScriptedAnswer(status=503, body=b"{}") for _ in range(9)]

    async def narrow(_seconds: float) -> None:
        standing = talk.holder.current
        small = replace(standing.models[ModelName("small")], **change)
        talk.swap(replace(standing, models={small.name: small}, epoch=Epoch(2)))

    talk.sleep = narrow
    outcome = await talk.run()
    assert isinstance(outcome, Refused)
    assert len(talk.provider.sent) == 1

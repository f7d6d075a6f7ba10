"""Answers that are given again: by Idempotency-Key, and from the exact cache."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from alos.domain.ids import BodyReference, Digest, KeyId, PrincipalId
from alos.domain.key import make_key
from alos.domain.outcome import Answered, Refused, Streaming
from alos.domain.record import ClosingEntry, Fact, Outcome
from alos.domain.refusal import ReasonCode
from alos.domain.standing import Action, RateLimit, Standing, Stop
from alos.domain.workflow import Cache
from alos.pipeline.again import split_stream
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_key,
    build_model,
    build_standing,
    build_workflow,
    completion,
    say,
    stream,
)

ONCE = {"idempotency-key": "order-4711"}
OTHER_KEY, OTHER_PREFIX, OTHER_HASH = make_key(bytes(range(1, 41)))
MAIL = "write to jane.roe@contoso-mail.com please"


def answers(*texts: str) -> list[ScriptedAnswer]:
    return [ScriptedAnswer(body=completion(text)) for text in texts]


def streams(*texts: str) -> list[ScriptedAnswer]:
    return [
        ScriptedAnswer(pieces=stream(text), content_type="text/event-stream") for text in texts
    ]


async def read(outcome: Any) -> bytes:
    assert isinstance(outcome, Streaming), outcome
    return b"".join([piece async for piece in outcome.chunks])


def facts(record: ClosingEntry) -> dict[str, str]:
    return dict(record.facts)


# --- Idempotency-Key ------------------------------------------------------------------------


async def test_the_same_key_and_request_give_the_same_bytes_at_no_cost() -> None:
    talk = Conversation()
    talk.provider.answers = answers("Paris", "London")
    first, second = await talk.run(headers=ONCE), await talk.run(headers=ONCE)
    assert isinstance(second, Answered)
    assert second.body == first.body
    assert len(talk.provider.sent) == 1
    one, two = talk.journal.closings
    assert facts(two)[Fact.REPLAYED_FROM] == one.call_id
    assert (two.cost_nanousd, two.outcome, two.sent_hash) == (0, Outcome.ANSWERED, None)
    assert (two.model, two.output_hash) == (one.model, one.output_hash)
    headers = dict(second.headers)
    assert headers[b"x-alos-cost-usd"] == b"0"
    assert headers[b"x-alos-replayed-from"].decode() == one.call_id
    assert headers[b"x-alos-call"].decode() == two.call_id


async def test_another_request_under_the_same_key_is_refused() -> None:
    talk = Conversation()
    talk.provider.answers = answers("Paris", "London")
    await talk.run(headers=ONCE)
    for body, more in ((say("Something else?"), {}), (None, {"x-alos-prompt": "p@1"})):
        outcome = await talk.run(body, headers={**ONCE, **more})
        assert isinstance(outcome, Refused)
        assert outcome.refusal.code is ReasonCode.IDEMPOTENCY_OTHER_REQUEST
    assert len(talk.provider.sent) == 1


async def test_a_key_belongs_to_the_callers_own_key() -> None:
    talk = Conversation(with_two_keys())
    talk.provider.answers = answers("Paris", "London")
    first, second = await talk.run(headers=ONCE), await talk.run(key=OTHER_KEY, headers=ONCE)
    assert first.body != second.body
    assert len(talk.provider.sent) == 2


async def test_of_calls_at_the_same_time_one_is_made_and_the_others_wait() -> None:
    talk = Conversation()
    gate = asyncio.Event()
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"), waits_for=gate)]
    running = asyncio.ensure_future(talk.run(headers=ONCE))
    await asyncio.sleep(0.01)
    others = [await talk.run(headers=ONCE) for _ in range(5)]
    gate.set()
    first = await running
    codes = {(one.refusal.code, one.refusal.retry_after_seconds) for one in others}
    assert codes == {(ReasonCode.IDEMPOTENCY_RUNNING, 1)}
    assert (await talk.run(headers=ONCE)).body == first.body
    assert len(talk.provider.sent) == 1
    assert len(talk.journal.closings) == 7


@pytest.mark.parametrize("status", [500, 400])
async def test_a_key_is_free_again_after_a_failure(status: int) -> None:
    workflow = build_workflow(route=("small",))
    talk = Conversation(build_standing(workflow=workflow, models=(build_model("small"),)))
    error = b'{"error":{"message":"no"}}'
    talk.provider.answers = [ScriptedAnswer(status=status, body=error) for _ in range(5)]
    await talk.run(headers=ONCE)
    talk.provider.answers = answers("Paris")
    assert isinstance(await talk.run(headers=ONCE), Answered)


async def test_a_key_is_free_again_when_the_caller_hangs_up() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(body=b"", waits_for=asyncio.Event())]
    running = asyncio.ensure_future(talk.run(headers=ONCE))
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait({running})
    await talk.settle()
    talk.provider.answers = answers("Paris")
    assert isinstance(await talk.run(headers=ONCE), Answered)


async def test_a_stream_is_repeated_as_a_stream() -> None:
    talk = Conversation()
    talk.provider.answers = streams("Par")
    body = say("hello", stream=True)
    first = await read(await talk.run(body, headers=ONCE))
    second = await read(await talk.run(body, headers=ONCE))
    assert strip(second) == strip(first)
    assert second.endswith(b"data: [DONE]\n\n")
    one, two = talk.journal.closings
    assert (two.streamed, two.output_hash, two.cost_nanousd) == (True, one.output_hash, 0)
    assert two.call_id.encode() in second
    assert len(talk.provider.sent) == 1


async def test_a_repeated_stream_whose_caller_hangs_up_leaves_its_record() -> None:
    talk = Conversation()
    talk.provider.answers = streams("Par")
    body = say("hello", stream=True)
    await read(await talk.run(body, headers=ONCE))
    second = await talk.run(body, headers=ONCE)
    await second.chunks.aclose()
    await talk.settle()
    assert [one.outcome for one in talk.journal.closings] == [
        Outcome.ANSWERED,
        Outcome.CLIENT_GONE,
    ]
    assert talk.journal.closings[1].cost_nanousd == 0


async def test_a_repeat_takes_nothing_of_rate_and_budget() -> None:
    rate = RateLimit(scope="workflow:support", requests=1, window_seconds=60)
    talk = Conversation(build_standing(workflow=build_workflow(rate_limits=(rate,))))
    talk.provider.answers = answers("Paris")
    await talk.run(headers=ONCE)
    used = await talk.used()
    for _ in range(3):
        assert isinstance(await talk.run(headers=ONCE), Answered)
    assert await talk.used() == used


def taken_off(standing: Standing) -> Standing:
    (workflow,) = standing.workflows.values()
    other = build_model("other", data_classes=frozenset({"internal", "pii"}))
    swapped = swap_workflow(standing, replace(workflow, route=(other.name,)))
    return replace(swapped, models={other.name: other})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda standing: stopped(standing, "workflow", "support"), "alos_workflow_stopped"),
        (lambda standing: stopped(standing, "model", "small"), "alos_workflow_stopped"),
        (taken_off, "alos_vendor_not_approved"),
        (lambda standing: forbidding_pii(standing), "alos_forbidden_input"),  # noqa: PLW0108
    ],
)
async def test_a_repeat_obeys_the_kill_switch_the_boundary_and_the_approval(
    change: Callable[[Standing], Standing], code: str
) -> None:
    model = build_model("small", data_classes=frozenset({"internal", "pii"}))
    workflow = build_workflow(route=("small",))
    talk = Conversation(build_standing(workflow=workflow, models=(model,)))
    talk.provider.answers = answers("Paris")
    assert isinstance(await talk.run(say(MAIL), headers=ONCE), Answered)
    talk.swap(change(talk.holder.current))
    outcome = await talk.run(say(MAIL), headers=ONCE)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code.value == code
    assert len(talk.provider.sent) == 1


async def test_an_erased_answer_is_neither_given_nor_made_again() -> None:
    talk = Conversation()
    talk.provider.answers = answers("Paris", "London")
    await talk.run(headers=ONCE)
    talk.vault.erase([BodyReference(facts(talk.journal.closings[0])[Fact.ANSWER_BODY])])
    outcome = await talk.run(headers=ONCE)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.IDEMPOTENCY_NOT_KEPT
    assert len(talk.provider.sent) == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_that_is_none_is_malformed(key: str) -> None:
    outcome = await Conversation().run(headers={"idempotency-key": key})
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.BODY_MALFORMED


async def test_a_repeated_stream_that_can_not_be_recorded_ends_with_an_error() -> None:
    talk = Conversation()
    talk.provider.answers = streams("Par")
    body = say("hello", stream=True)
    await read(await talk.run(body, headers=ONCE))
    second = await talk.run(body, headers=ONCE)
    talk.journal.down = True
    text = await read(second)
    assert b"alos_journal_down" in text
    assert b": alos {" not in text


async def test_a_repeat_that_can_not_be_recorded_is_not_given() -> None:
    talk = Conversation()
    talk.provider.answers = answers("Paris")
    await talk.run(headers=ONCE)
    talk.journal.down = True
    outcome = await talk.run(headers=ONCE)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.JOURNAL_DOWN


# --- the cache ------------------------------------------------------------------------------


def caching(*, personal: bool = False, seconds: int = 60, **changes: Any) -> Standing:
    cache = Cache(max_age_seconds=seconds, personal=personal)
    return with_two_keys(cache=cache, **changes)


async def test_an_identical_request_is_a_hit_at_no_cost() -> None:
    talk = Conversation(caching())
    talk.provider.answers = answers("Paris", "London")
    first, second = await talk.run(), await talk.run()
    assert second.body == first.body
    one, two = talk.journal.closings
    assert facts(two)[Fact.CACHED_FROM] == one.call_id
    assert (two.cost_nanousd, two.sent_hash, two.model) == (0, None, one.model)
    assert await talk.used() == one.cost_nanousd
    assert len(talk.provider.sent) == 1
    assert dict(second.headers)[b"x-alos-cached-from"].decode() == one.call_id


async def test_a_cached_stream_is_a_stream() -> None:
    talk = Conversation(caching())
    talk.provider.answers = streams("Par")
    body = say("hello", stream=True)
    first, second = await read(await talk.run(body)), await read(await talk.run(body))
    assert strip(first) == strip(second)
    assert facts(talk.journal.closings[1])[Fact.CACHED_FROM]
    assert len(talk.provider.sent) == 1


DIFFERENT: dict[str, dict[str, Any]] = {
    "the question": say("What is the capital of Spain?"),
    "the temperature": say("What is the capital of France?", temperature=0.5),
    "a tool": say("What is the capital of France?", tools=[
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    ]),
    "the bound": say("What is the capital of France?", max_tokens=65),
    "the seed": say("What is the capital of France?", seed=1),
    "a stream": say("What is the capital of France?", stream=True),
    "the model": {**say("What is the capital of France?"), "model": "large"},
    "the user": say("What is the capital of France?", user="u-1"),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENT)
async def test_whatever_may_change_the_answer_misses(name: str) -> None:
    talk = Conversation(caching())
    talk.provider.answers = answers("Paris")
    await talk.run()
    body = DIFFERENT[name]
    talk.provider.answers = streams("x") if body.get("stream") else answers("other")
    outcome = await talk.run(body)
    if isinstance(outcome, Streaming):
        await read(outcome)
    assert len(talk.provider.sent) == 2


async def test_usage_that_one_caller_asked_for_is_not_streamed_to_another() -> None:
    talk = Conversation(caching())
    talk.provider.answers = streams("a", "b")
    await read(await talk.run(say("hello", stream=True)))
    wanting = say("hello", stream=True, stream_options={"include_usage": True})
    assert b'"usage": {' in await read(await talk.run(wanting))


def new_bundle(standing: Standing) -> Standing:
    (workflow,) = standing.workflows.values()
    release = replace(workflow.release, digest=Digest("sha256:" + "2" * 64))
    return swap_workflow(standing, replace(workflow, release=release))


def new_policy(standing: Standing) -> Standing:
    return replace(standing, policy=Digest("sha256:" + "3" * 64), epoch=standing.epoch + 1)


def new_model(standing: Standing) -> Standing:
    models = {
        name: replace(model, upstream_name=f"{model.upstream_name}-2")
        for name, model in standing.models.items()
    }
    return replace(standing, models=models, epoch=standing.epoch + 1)


@pytest.mark.parametrize("change", [new_bundle, new_policy, new_model])
async def test_a_change_of_bundle_policy_or_model_misses(change: Any) -> None:
    talk = Conversation(caching())
    talk.provider.answers = answers("Paris", "Paris, changed")
    await talk.run()
    talk.swap(change(talk.holder.current))
    assert b"changed" in (await talk.run()).body


async def test_a_hit_obeys_the_kill_switch() -> None:
    talk = Conversation(caching())
    talk.provider.answers = answers("Paris")
    await talk.run()
    talk.swap(stopped(talk.holder.current, "workflow", "support"))
    assert isinstance(await talk.run(), Refused)


@pytest.mark.parametrize(("personal", "text", "calls"), [
    (False, "What is the capital of France?", 1),
    (True, "What is the capital of France?", 2),
    (False, MAIL, 2),
])  # fmt: skip
async def test_nobody_gets_what_was_answered_to_another_where_it_is_personal(
    text: str, calls: int, *, personal: bool
) -> None:
    allowed = frozenset({"internal", "pii"})
    models = (build_model("small", data_classes=allowed),)
    talk = Conversation(caching(personal=personal, route=("small",), models=models))
    talk.provider.answers = answers("Paris", "London")
    await talk.run(say(text))
    await talk.run(say(text), key=OTHER_KEY)
    assert len(talk.provider.sent) == calls


async def test_an_answer_with_a_finding_in_it_is_not_cached() -> None:
    talk = Conversation(caching())
    talk.provider.answers = answers(MAIL, "London")
    await talk.run()
    assert b"London" in (await talk.run()).body


async def test_an_answer_to_a_redacted_request_is_not_cached() -> None:
    actions = {"credentials": Action.BLOCK, "pii": Action.REDACT}
    talk = Conversation(caching(actions=actions))
    talk.provider.answers = answers("Paris", "London")
    await talk.run(say(MAIL))
    assert b"London" in (await talk.run(say(MAIL))).body


async def test_what_a_fallback_answered_is_not_cached() -> None:
    talk = Conversation(caching())
    talk.provider.answers = [
        *(ScriptedAnswer(status=501, body=b"{}") for _ in range(1)),
        *answers("from the second", "London"),
    ]
    first = await talk.run()
    assert b"second" in first.body
    assert b"London" in (await talk.run()).body


async def test_an_old_answer_is_not_given() -> None:
    talk = Conversation(caching(seconds=1))
    talk.provider.answers = answers("Paris", "London")
    await talk.run()
    await asyncio.sleep(1.1)
    assert b"London" in (await talk.run()).body


async def test_without_the_bundles_word_nothing_is_cached() -> None:
    talk = Conversation()
    talk.provider.answers = answers("Paris", "London")
    await talk.run()
    assert b"London" in (await talk.run()).body


async def test_an_erased_answer_is_made_anew() -> None:
    talk = Conversation(caching())
    talk.provider.answers = answers("Paris", "London")
    await talk.run()
    talk.vault.erase([BodyReference(facts(talk.journal.closings[0])[Fact.ANSWER_BODY])])
    assert b"London" in (await talk.run()).body


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_a_stream_is_split_before_its_end_mark(end: bytes) -> None:
    events = [b"data: %d" % number + end for number in range(3_000)]
    pieces, last = split_stream(b"".join(events) + b"data: [DONE]" + end)
    assert b"".join(pieces) == b"".join(events)
    assert last == b"data: [DONE]" + end
    assert split_stream(b"") == ([], b"")


# --- the organisation -----------------------------------------------------------------------


def with_two_keys(*, models: Any = (), **changes: Any) -> Standing:
    standing = build_standing(workflow=build_workflow(**changes), models=models)
    other = build_key(
        id=KeyId("key_2"),
        prefix=OTHER_PREFIX,
        secret_hash=OTHER_HASH,
        principal=PrincipalId("eve"),
    )
    return replace(standing, keys={**standing.keys, OTHER_PREFIX: other})


def stopped(standing: Standing, kind: str, target: str) -> Standing:
    stop = Stop(kind=kind, target=target, since_unix=1, by="ana", reason="drill")
    return replace(standing, stopped={(kind, target): stop}, epoch=standing.epoch + 1)


def swap_workflow(standing: Standing, workflow: Any) -> Standing:
    workflows = {**standing.workflows, workflow.id: workflow}
    return replace(standing, workflows=workflows, epoch=standing.epoch + 1)


def forbidding_pii(standing: Standing) -> Standing:
    (workflow,) = standing.workflows.values()
    return swap_workflow(
        standing,
        replace(
            workflow,
            forbidden=frozenset({"credentials", "customer_data"}),
            actions={**workflow.actions, "customer_data": Action.BLOCK},
            detector_classes={"pii": ("customer_data",)},
        ),
    )


def strip(body: bytes) -> bytes:
    """Without our comment, which names the call."""
    return b"".join(
        event + b"\n\n" for event in body.split(b"\n\n") if event and not event.startswith(b":")
    )


def test_the_comparison_of_streams_can_fail() -> None:
    assert strip(b"data: 1\n\n: alos\n\n") != strip(b"data: 2\n\n")
    assert json.loads(completion("x"))["choices"]

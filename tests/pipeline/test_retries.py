"""Tries at the models of a route: again, not again, and what they may cost."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from alos.domain.ids import Epoch, ModelName, VendorName
from alos.domain.outcome import Answered, Refused, Streaming
from alos.domain.record import ClosingEntry, Fact, NoteEntry, NoteKind
from alos.domain.refusal import ReasonCode
from alos.domain.standing import Cap, StandingModel, Stop
from alos.domain.upstreams import BreakerState
from alos.pipeline.breaker import Breakers
from alos.ports.provider import Broken, ProviderFailure
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_model,
    build_standing,
    build_workflow,
    completion,
    say,
    stream,
)

BUSY = {"status": 429, "body": b"{}"}


def broken(why: Broken = Broken.BROKEN_OFF) -> ProviderFailure:
    return ProviderFailure(why=why, cause="scripted")


def one_model(**changes: Any) -> StandingModel:
    return build_model("small", retries=1, **changes)


def talk_with(model: StandingModel, **workflow: Any) -> Conversation:
    route = (ModelName(model.name),)
    standing = build_standing(
        models=[model], workflow=build_workflow(**{"route": route, **workflow})
    )
    return Conversation(standing)


def results(talk: Conversation) -> list[str]:
    (closing,) = talk.journal.closings
    return [one.result for one in closing.attempts]


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"retry-after-ms": "40"}, 0.04),
        ({"retry-after": "2"}, 2),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "70", "retry-after": "9"}, 0.07),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
    ],
)
async def test_a_busy_model_is_asked_again_when_it_says_so(
    headers: dict[str, str], waited: float
) -> None:
    talk = talk_with(one_model())
    talk.provider.answers = [
        ScriptedAnswer(**BUSY, headers=headers),
        ScriptedAnswer(body=completion("ok")),
    ]
    assert isinstance(await talk.run(), Answered)
    assert results(talk) == ["http_429", "answered"]
    assert talk.slept == [pytest.approx(waited, abs=0.02)]


@pytest.mark.parametrize("hint", ["soon", "-3", "²", "9" * 400, ""])
async def test_a_hint_that_is_none_gives_a_pause_of_our_own(hint: str) -> None:
    talk = talk_with(one_model())
    answers = [ScriptedAnswer(**BUSY, headers={"retry-after": hint})]
    talk.provider.answers = [*answers, ScriptedAnswer(body=completion("ok"))]
    outcome = await talk.run()
    if hint.startswith("9"):  # too long to hold the caller: he is told instead
        assert outcome.refusal.retry_after_seconds == 300
    else:
        assert isinstance(outcome, Answered)
        assert 0.2 < talk.slept[0] < 0.5


async def test_anthropics_overloaded_is_asked_again_and_told_as_busy() -> None:
    talk = talk_with(one_model())
    talk.provider.answers = [ScriptedAnswer(status=529), ScriptedAnswer(status=529)]
    outcome = await talk.run()
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.UPSTREAM_BUSY
    assert results(talk) == ["http_529", "http_529"]


@pytest.mark.parametrize(
    ("status", "word", "tries"), [(500, "false", 1), (500, "", 2), (409, "true", 2)]
)
async def test_the_providers_word_on_trying_again_counts(
    status: int, word: str, tries: int
) -> None:
    talk = talk_with(one_model())
    headers = {"x-should-retry": word} if word else {}
    talk.provider.answers = [ScriptedAnswer(status=status, headers=headers) for _ in range(tries)]
    assert isinstance(await talk.run(), Refused)
    assert results(talk) == [f"http_{status}"] * tries


async def test_the_next_model_comes_before_a_second_try() -> None:
    talk = Conversation(
        build_standing(models=[build_model("small", retries=1), build_model("large", retries=1)])
    )
    talk.provider.answers = [ScriptedAnswer(status=503), ScriptedAnswer(body=completion("ok"))]
    outcome = await talk.run()
    assert dict(outcome.headers)[b"x-alos-model"] == b"large"
    assert not talk.slept


async def test_no_try_begins_after_the_calls_deadline_and_each_knows_what_is_left() -> None:
    talk = talk_with(one_model(), deadline_seconds=3.0)
    talk.provider.answers = [ScriptedAnswer(**BUSY, headers={"retry-after": "60"})]
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.UPSTREAM_BUSY
    assert outcome.refusal.retry_after_seconds == 60
    assert not talk.slept
    assert 2.5 < talk.provider.within[0] <= 3.0


async def test_a_call_whose_time_is_over_before_its_first_try_is_a_timeout() -> None:
    talk = talk_with(one_model(), deadline_seconds=0.0)
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.UPSTREAM_TIMEOUT
    assert not talk.provider.sent


async def test_a_kill_during_the_pause_ends_the_tries() -> None:
    talk = talk_with(one_model())
    talk.provider.answers = [ScriptedAnswer(**BUSY)]
    stop = Stop(kind="workflow", target="support", since_unix=0, by="x", reason="")

    async def killed_meanwhile(_seconds: float) -> None:
        standing = talk.holder.current
        talk.swap(replace(standing, epoch=Epoch(2), stopped={("workflow", "support"): stop}))

    talk.sleep = killed_meanwhile
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.WORKFLOW_STOPPED
    assert len(talk.provider.sent) == 1


async def test_nothing_is_tried_again_once_bytes_went_to_the_caller() -> None:
    talk = talk_with(one_model())
    first = stream("half an ", end=False)[:1]
    talk.provider.answers = [
        ScriptedAnswer(content_type="text/event-stream", pieces=first, breaks=Broken.BROKEN_OFF)
    ]
    outcome = await talk.run(say("hello", stream=True))
    assert isinstance(outcome, Streaming)
    told = b"".join([piece async for piece in outcome.chunks])
    assert b"half an" in told
    assert b"alos_upstream_failed" in told
    assert len(talk.provider.sent) == 1


# --- money -----------------------------------------------------------------------------------


def ceiling(talk: Conversation) -> int:
    return talk.journal.openings[0].ceiling_nanousd


async def test_a_second_try_that_may_be_billed_is_set_aside_and_its_estimate_counts() -> None:
    talk = talk_with(one_model())
    talk.provider.answers = [broken(), ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(), Answered)
    (first,) = talk.journal.openings
    (note,) = [one for one in talk.journal.entries if isinstance(one, NoteEntry)]
    assert note.kind is NoteKind.RESERVATION_RAISED
    assert dict(note.facts) == {
        "call": first.call_id,
        "ceiling_nanousd": str(2 * first.ceiling_nanousd),
    }
    closing = only(talk)
    assert closing.reserved_nanousd == 2 * first.ceiling_nanousd
    lost = -(-len(talk.provider.sent[0].body) // 3) * 150
    assert closing.cost_nanousd == 4_500 + lost
    assert closing.cost_estimated
    assert dict(closing.facts)[Fact.UNANSWERED_NANOUSD] == str(lost)
    assert await talk.used() == closing.cost_nanousd


def only(talk: Conversation) -> ClosingEntry:
    (closing,) = talk.journal.closings
    return closing


@pytest.mark.parametrize("why", [Broken.TIMEOUT, Broken.BROKEN_OFF, Broken.TOO_LARGE])
async def test_no_second_try_where_the_cap_does_not_cover_both(why: Broken) -> None:
    probe = talk_with(one_model())
    probe.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    await probe.run()
    cap = Cap(scope="workspace:care", limit_nanousd=2 * ceiling(probe) - 1)
    talk = talk_with(one_model(), caps=(cap,))
    talk.provider.answers = [broken(why), ScriptedAnswer(body=completion("never"))]
    outcome = await talk.run()
    assert isinstance(outcome, Refused)
    assert len(talk.provider.sent) == 1
    assert results(talk) == [why, "skipped_reservation"]
    assert await talk.used() == only(talk).cost_nanousd > 0


async def test_the_bound_on_one_call_holds_for_all_its_tries() -> None:
    probe = talk_with(one_model())
    probe.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    await probe.run()
    talk = talk_with(one_model(), max_call_nanousd=2 * ceiling(probe) - 1)
    talk.provider.answers = [broken(), ScriptedAnswer(body=completion("never"))]
    assert isinstance(await talk.run(), Refused)
    assert len(talk.provider.sent) == 1


async def test_a_try_that_was_never_sent_or_turned_down_costs_nothing_and_sets_nothing_aside() -> (
    None
):
    talk = talk_with(build_model("small", retries=2))
    talk.provider.answers = [
        broken(Broken.CONNECT),
        ScriptedAnswer(status=500),
        ScriptedAnswer(body=completion("ok")),
    ]
    assert isinstance(await talk.run(), Answered)
    assert only(talk).cost_nanousd == 4_500
    assert not [one for one in talk.journal.entries if isinstance(one, NoteEntry)]


async def test_a_caller_who_leaves_during_a_pause_leaves_no_reservation() -> None:
    talk = talk_with(one_model())
    talk.provider.answers = [broken()]
    reached = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        reached.set()
        await asyncio.sleep(60)

    talk.sleep = sleep
    running = talk.tasks.spawn(talk.run(), name="call")
    await reached.wait()
    running.cancel()
    await asyncio.wait({running})
    await talk.settle()
    closing = only(talk)
    assert closing.cost_estimated
    assert await talk.used() == closing.cost_nanousd > 0


# --- breakers --------------------------------------------------------------------------------


class Time:
    def __init__(self) -> None:
        self.ns = 1

    def __call__(self) -> int:
        return self.ns


def test_a_breaker_opens_probes_with_one_call_and_closes_again() -> None:
    time = Time()
    breakers = Breakers(time)
    model = build_model("small", breaker_failures=3, breaker_pause_seconds=2.0)
    for _ in range(3):
        assert breakers.get_wait_seconds(model) == 0
        breakers.note_failure(model, "timeout")
    (view,) = breakers.list_views()
    assert (view.state, view.reason, view.failures) == (BreakerState.OPEN, "timeout", 3)
    assert breakers.get_wait_seconds(model) == 2.0
    time.ns += 2_000_000_001
    assert breakers.get_wait_seconds(model) == 0  # the probe
    assert breakers.get_wait_seconds(model) > 0  # one at a time
    breakers.note_failure(model, "connect")
    assert breakers.get_wait_seconds(model) == 4.0  # twice as long
    time.ns += 4_000_000_001
    assert breakers.get_wait_seconds(model) == 0
    breakers.note_nothing(model)  # the probing caller left
    assert breakers.get_wait_seconds(model) == 0
    breakers.note_success(model)
    (view,) = breakers.list_views()
    assert (view.state, view.reason, view.failures) == (BreakerState.CLOSED, "", 0)


def test_a_breaker_is_for_one_model_of_one_vendor_and_a_success_forgets_failures() -> None:
    breakers = Breakers(Time())
    model = build_model("small", breaker_failures=2)
    breakers.note_failure(model, "timeout")
    breakers.note_success(model)
    breakers.note_failure(model, "timeout")
    assert breakers.get_wait_seconds(model) == 0
    breakers.note_failure(model, "timeout")
    assert breakers.get_wait_seconds(model) > 0
    assert breakers.get_wait_seconds(build_model("large")) == 0
    assert breakers.get_wait_seconds(build_model("small", vendor=VendorName("other"))) == 0


def test_late_failures_do_not_lengthen_a_pause_and_a_busy_models_own_hint_counts() -> None:
    breakers = Breakers(Time())
    model = build_model("small", breaker_failures=1, breaker_pause_seconds=1.0)
    breakers.note_failure(model, "http_429", hint_seconds=20.0)
    for _ in range(50):
        breakers.note_failure(model, "timeout")
    assert breakers.get_wait_seconds(model) == 20.0


async def test_an_open_breaker_is_skipped_noted_and_refused_with_a_time_to_come_back() -> None:
    talk = talk_with(build_model("small", breaker_failures=1, breaker_pause_seconds=3.0))
    talk.provider.answers = [ScriptedAnswer(status=500)]
    await talk.run()
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.UPSTREAM_PAUSED
    assert outcome.refusal.retry_after_seconds == 3
    last = talk.journal.closings[-1]
    assert [one.result for one in last.attempts] == ["skipped_breaker_open"]
    assert last.cost_nanousd == 0
    assert len(talk.provider.sent) == 1


async def test_the_next_model_takes_over_while_a_breaker_is_open() -> None:
    small = build_model("small", breaker_failures=1)
    talk = Conversation(build_standing(models=[small, build_model("large")]))
    talk.provider.answers = [
        ScriptedAnswer(status=500),
        ScriptedAnswer(body=completion("ok")),
        ScriptedAnswer(body=completion("ok")),
    ]
    await talk.run()
    outcome = await talk.run()
    assert dict(outcome.headers)[b"x-alos-model"] == b"large"
    last = talk.journal.closings[-1]
    assert [one.result for one in last.attempts] == ["skipped_breaker_open", "answered"]


async def test_a_callers_own_mistakes_open_no_breaker() -> None:
    talk = talk_with(build_model("small", breaker_failures=1))
    talk.provider.answers = [ScriptedAnswer(status=400, body=b"{}") for _ in range(3)]
    for _ in range(3):
        await talk.run()
    assert len(talk.provider.sent) == 3


async def test_a_stream_that_breaks_off_counts_against_its_model() -> None:
    talk = talk_with(build_model("small", breaker_failures=1))
    answer = ScriptedAnswer(
        content_type="text/event-stream", pieces=stream("a")[:1], breaks=Broken.TIMEOUT
    )
    talk.provider.answers = [answer]
    outcome = await talk.run(say("hello", stream=True))
    async for _ in outcome.chunks:
        pass
    (view,) = talk.breakers.list_views()
    assert (view.state, view.reason) == (BreakerState.OPEN, "timeout")


# --- what a provider may claim ----------------------------------------------------------------


@pytest.mark.parametrize("tokens", [10**30, 2**63, 2**62])
async def test_a_usage_that_no_record_could_hold_is_bounded_and_closes_the_workspace(
    tokens: int,
) -> None:
    talk = talk_with(one_model())
    talk.provider.answers = [ScriptedAnswer(body=completion("ok", prompt_tokens=tokens))]
    assert isinstance(await talk.run(), Answered)
    closing = only(talk)
    assert closing.usage is not None
    assert closing.usage.input_tokens == 10**9
    assert closing.reserved_nanousd < closing.cost_nanousd < 2**63
    assert [workspace for workspace, _ in talk.overbilled] == ["care"]


@pytest.mark.parametrize("tokens", [0, -7])
async def test_words_that_cost_nothing_are_estimated(tokens: int) -> None:
    talk = talk_with(one_model())
    body = completion("Paris", prompt_tokens=tokens, completion_tokens=tokens)
    talk.provider.answers = [ScriptedAnswer(body=body)]
    await talk.run()
    assert only(talk).cost_estimated
    assert only(talk).cost_nanousd > 0

"""One governed call, stage by stage, as the door sees it."""

import asyncio
import hashlib
import json
from dataclasses import replace

import pytest

from alos.domain.fault import CountersDown, ScannerFault
from alos.domain.money import from_usd
from alos.domain.outcome import Answered, Listed, Refused, Streaming
from alos.domain.record import Outcome, Stage
from alos.domain.refusal import ReasonCode
from alos.domain.standing import Action, Cap, RateLimit, ReleaseStage, Stop
from alos.ports.provider import Broken, ProviderFailure
from tests.pipeline.conversation import (
    PREFIX,
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

AWS_ID = "AKIA" + "Q3EGRWLW" + "XBN7ZP2M"
SECRET = f"my aws key is {AWS_ID}"
MAIL = "write to jane.roe@contoso-mail.com please"


async def read(streaming: Streaming) -> bytes:
    return b"".join([piece async for piece in streaming.chunks])


async def test_an_allowed_call_is_answered_and_leaves_an_opening_and_a_closing() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))]
    outcome = await talk.run()
    assert isinstance(outcome, Answered)
    assert json.loads(outcome.body)["choices"][0]["message"]["content"] == "Paris"
    headers = dict(outcome.headers)
    (opening,), (closing,) = talk.journal.openings, talk.journal.closings
    assert headers[b"x-alos-call"].decode() == opening.call_id == closing.call_id
    assert headers[b"x-alos-model"] == b"small"
    assert headers[b"x-alos-cost-usd"] == b"0.0000045"
    assert closing.outcome is Outcome.ANSWERED
    assert closing.cost_nanousd == 4_500
    assert closing.output_hash == hashlib.sha256(outcome.body).hexdigest()
    assert closing.sent_hash == hashlib.sha256(talk.provider.sent[0].body).hexdigest()
    assert closing.accountable == "ana"
    assert closing.approved_by == ()
    assert closing.release_stage == "unreleased"
    assert {one.name: one.value for one in closing.personal}["principal"] == "ben"


async def test_the_model_gets_the_upstream_name_and_the_workflows_output_bound() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    body = say("hello")
    del body["max_tokens"]
    await talk.run(body)
    sent = json.loads(talk.provider.sent[0].body)
    assert sent["model"] == "small-upstream"
    assert 256 in {sent.get("max_tokens"), sent.get("max_completion_tokens")}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, ReasonCode.KEY_MISSING),
        ("nonsense", ReasonCode.KEY_UNKNOWN),
        (PREFIX + "_" + "A" * 43, ReasonCode.KEY_UNKNOWN),
        ("é" * 57, ReasonCode.KEY_UNKNOWN),
    ],
)
async def test_a_caller_without_a_key_of_ours_is_refused_and_recorded(
    key: str | None, code: ReasonCode
) -> None:
    talk = Conversation()
    outcome = await talk.run(key=key)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is code
    assert not talk.provider.sent
    (closing,) = talk.journal.closings
    assert closing.reason is code
    assert closing.key_id is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revoked": True}, ReasonCode.KEY_REVOKED),
        ({"expires_at_unix": 1}, ReasonCode.KEY_EXPIRED),
        ({"active": False}, ReasonCode.PRINCIPAL_INACTIVE),
    ],
)
async def test_a_dead_key_is_refused(change: dict[str, object], code: ReasonCode) -> None:
    talk = Conversation(build_standing(key=build_key(**change)))
    outcome = await talk.run()
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is code
    assert not talk.provider.sent


async def test_a_workflow_off_the_key_and_one_that_is_not_registered_are_told_apart() -> None:
    other = build_workflow(id="other")
    standing = build_standing()
    talk = Conversation(replace(standing, workflows={**standing.workflows, other.id: other}))
    off_key = await talk.run(headers={"x-alos-workflow": "other"})
    unknown = await talk.run(headers={"x-alos-workflow": "nowhere"})
    assert off_key.refusal.code is ReasonCode.WORKFLOW_NOT_ON_KEY
    assert unknown.refusal.code is ReasonCode.WORKFLOW_NOT_REGISTERED
    assert not talk.provider.sent
    assert len(talk.journal.closings) == 2


async def test_a_workflow_without_an_active_accountable_person_serves_nothing() -> None:
    talk = Conversation(build_standing(workflow=build_workflow(accountable=None)))
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.WORKFLOW_NO_OWNER


async def test_only_a_dev_folder_serves_what_is_unreleased() -> None:
    talk = Conversation(build_standing(dev=False))
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.NOT_RELEASED
    assert not talk.provider.sent
    released = build_workflow()
    released = replace(released, release=replace(released.release, stage=ReleaseStage.ALL))
    talk = Conversation(build_standing(dev=False, workflow=released))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(), Answered)


@pytest.mark.parametrize(
    ("kind", "target"),
    [("workflow", "support"), ("workspace", "care"), ("everything", "")],
)
async def test_a_pulled_kill_switch_refuses_before_anything_is_sent(
    kind: str, target: str
) -> None:
    stop = Stop(kind=kind, target=target, since_unix=0, by="ana", reason="")
    talk = Conversation(build_standing(stops=[stop]))
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.WORKFLOW_STOPPED
    assert not talk.provider.sent


async def test_a_stopped_model_makes_way_for_the_next_of_the_route() -> None:
    stop = Stop(kind="model", target="small", since_unix=0, by="ana", reason="")
    talk = Conversation(build_standing(stops=[stop]))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(), Answered)
    (closing,) = talk.journal.closings
    assert closing.model == "large"
    assert closing.attempts[0].result == "skipped_workflow_stopped"


async def test_a_credential_refuses_the_call_and_stands_nowhere() -> None:
    talk = Conversation()
    outcome = await talk.run(say(SECRET))
    assert outcome.refusal.code is ReasonCode.SECRET_FOUND
    assert not talk.provider.sent
    (closing,) = talk.journal.closings
    assert closing.stage is Stage.CHECK
    assert closing.findings[0].action == "block"
    assert closing.sent_hash is None
    assert AWS_ID not in repr(talk.journal.entries)
    assert AWS_ID not in outcome.refusal.sentence
    assert await talk.used() == 0


async def test_personal_data_never_reaches_a_model_that_is_not_approved_for_it() -> None:
    talk = Conversation()
    outcome = await talk.run(say(MAIL))
    assert outcome.refusal.code is ReasonCode.PII_FOUND
    assert not talk.provider.sent


async def test_personal_data_goes_to_the_approved_model_of_the_route() -> None:
    approved = build_model("large", data_classes=frozenset({"internal", "pii"}))
    talk = Conversation(build_standing(models=[build_model("small"), approved]))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(say(MAIL)), Answered)
    assert [one.model.name for one in talk.provider.sent] == ["large"]
    assert b"jane.roe" in talk.provider.sent[0].body


async def test_personal_data_is_redacted_where_the_boundary_says_so() -> None:
    workflow = build_workflow(actions={"credentials": Action.BLOCK, "pii": Action.REDACT})
    talk = Conversation(build_standing(workflow=workflow))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(say(MAIL)), Answered)
    assert b"jane.roe" not in talk.provider.sent[0].body
    assert b"[EMAIL_ADDRESS]" in talk.provider.sent[0].body
    assert talk.journal.closings[0].findings[0].action == "redact"


async def test_a_fallback_obeys_the_boundary_too() -> None:
    """The approved model fails; the one that is not approved must not get the text instead."""
    approved = build_model("small", data_classes=frozenset({"internal", "pii"}))
    talk = Conversation(build_standing(models=[approved, build_model("large")]))
    talk.provider.answers = [ScriptedAnswer(status=500)]
    outcome = await talk.run(say(MAIL))
    assert outcome.refusal.code is ReasonCode.UPSTREAM_FAILED
    assert [one.model.name for one in talk.provider.sent] == ["small"]


@pytest.mark.parametrize(
    "first",
    [
        ScriptedAnswer(status=500),
        ScriptedAnswer(status=401),
        ScriptedAnswer(status=301),
        ScriptedAnswer(body=b"<html>"),
        ScriptedAnswer(breaks=Broken.BROKEN_OFF),
        ProviderFailure(why=Broken.CONNECT, cause="refused"),
    ],
)
async def test_a_failing_model_makes_way_for_the_next(
    first: ScriptedAnswer | ProviderFailure,
) -> None:
    talk = Conversation()
    talk.provider.answers = [first, ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(), Answered)
    (closing,) = talk.journal.closings
    assert [note.model for note in closing.attempts] == ["small", "large"]
    assert closing.model == "large"


async def test_a_busy_route_says_when_to_come_back() -> None:
    talk = Conversation()
    busy = {"retry-after": "7"}
    talk.provider.answers = [ScriptedAnswer(status=429, headers=dict(busy)) for _ in range(2)]
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.UPSTREAM_BUSY
    assert outcome.refusal.retry_after_seconds == 7
    assert await talk.used() == 0


async def test_a_route_that_is_too_slow_is_a_timeout() -> None:
    talk = Conversation()
    slow = ProviderFailure(why=Broken.TIMEOUT, cause="slow")
    talk.provider.answers = [slow, slow]
    assert (await talk.run()).refusal.code is ReasonCode.UPSTREAM_TIMEOUT


@pytest.mark.parametrize(
    ("answer", "is_billed"),
    [
        (ProviderFailure(why=Broken.TIMEOUT, cause="slow"), True),
        (ScriptedAnswer(breaks=Broken.BROKEN_OFF), True),
        (ScriptedAnswer(body=b"<html>"), True),
        (ScriptedAnswer(status=503), False),
        (ProviderFailure(why=Broken.CONNECT, cause="refused"), False),
    ],
)
async def test_what_went_out_and_may_be_billed_is_estimated(
    answer: ScriptedAnswer | ProviderFailure, *, is_billed: bool
) -> None:
    talk = Conversation(build_standing(workflow=build_workflow(route=("small",))))
    talk.provider.answers = [answer]
    assert isinstance(await talk.run(), Refused)
    (closing,) = talk.journal.closings
    assert (closing.cost_nanousd > 0) is is_billed
    assert closing.cost_estimated is is_billed
    assert await talk.used() == closing.cost_nanousd
    went_out = not (isinstance(answer, ProviderFailure) and answer.why is Broken.CONNECT)
    sent_hash = hashlib.sha256(talk.provider.sent[0].body).hexdigest()
    assert closing.sent_hash == (sent_hash if went_out else None)


async def test_the_providers_own_no_is_passed_on_and_costs_nothing() -> None:
    talk = Conversation()
    body = b'{"error":{"message":"context too long"}}'
    talk.provider.answers = [ScriptedAnswer(status=400, body=body)]
    outcome = await talk.run()
    assert (outcome.status, outcome.body) == (400, body)
    (closing,) = talk.journal.closings
    assert closing.outcome is Outcome.UPSTREAM_ERROR
    assert closing.cost_nanousd == 0
    assert await talk.used() == 0


async def test_a_budget_can_not_be_passed_by_calls_at_the_same_time() -> None:
    gate = asyncio.Event()
    one_call = Conversation()
    one_call.provider.answers = [ScriptedAnswer(body=completion("x"), waits_for=gate)]
    task = asyncio.ensure_future(one_call.run())
    await one_call.settle()
    ceiling = await one_call.used()
    gate.set()
    await task
    cap = Cap(scope="workspace:care", limit_nanousd=3 * ceiling)
    talk = Conversation(build_standing(workflow=build_workflow(caps=(cap,))))
    gate = asyncio.Event()
    talk.provider.answers = [ScriptedAnswer(body=completion("x"), waits_for=gate) for _ in "123"]
    running = [asyncio.ensure_future(talk.run()) for _ in range(20)]
    await talk.settle()
    gate.set()
    outcomes = await asyncio.gather(*running)  # noqa: TID251 - a test may
    assert sum(isinstance(one, Answered) for one in outcomes) == 3
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert {one.refusal.code for one in refused} == {ReasonCode.BUDGET_EXCEEDED}
    assert len(talk.journal.closings) == 20


async def test_a_cap_on_one_call_refuses_a_dear_one() -> None:
    workflow = build_workflow(max_call_nanousd=10)
    talk = Conversation(build_standing(workflow=workflow))
    assert (await talk.run()).refusal.code is ReasonCode.BUDGET_EXCEEDED


async def test_the_rate_is_exact_and_says_when_to_come_back() -> None:
    limits = (RateLimit(scope="workflow:support", requests=3, window_seconds=60),)
    talk = Conversation(build_standing(workflow=build_workflow(rate_limits=limits)))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok")) for _ in range(3)]
    outcomes = [await talk.run() for _ in range(4)]
    assert [type(one) for one in outcomes] == [Answered, Answered, Answered, Refused]
    assert outcomes[3].refusal.code is ReasonCode.RATE_LIMITED
    assert 59 <= outcomes[3].refusal.retry_after_seconds <= 60


async def test_an_unknown_price_is_never_free() -> None:
    models = [build_model("small", price=None), build_model("large", price=None)]
    talk = Conversation(build_standing(models=models))
    assert (await talk.run()).refusal.code is ReasonCode.PRICE_UNKNOWN
    assert not talk.provider.sent


async def test_an_ended_approval_stops_the_model() -> None:
    models = [build_model(name, approved_until_unix=1) for name in ("small", "large")]
    talk = Conversation(build_standing(models=models))
    assert (await talk.run()).refusal.code is ReasonCode.VENDOR_APPROVAL_ENDED


async def test_a_model_off_the_list_and_one_off_the_route_are_refused() -> None:
    models = [build_model(name) for name in ("small", "large", "other")]
    talk = Conversation(build_standing(models=models))
    assert (await talk.run(say("x", model="gpt-9"))).refusal.code is ReasonCode.VENDOR_NOT_APPROVED
    assert (await talk.run(say("x", model="other"))).refusal.code is ReasonCode.MODEL_NOT_ALLOWED
    assert not talk.provider.sent


async def test_what_no_detector_can_read_is_refused_unless_the_boundary_names_it() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body = say("x")
    body["messages"] = [{"role": "user", "content": [{"type": "text", "text": "?"}, image]}]
    talk = Conversation()
    assert (await talk.run(body)).refusal.code is ReasonCode.PART_OPAQUE
    allowing = build_workflow(opaque_allowed=frozenset({"image"}))
    talk = Conversation(build_standing(workflow=allowing))
    talk.provider.answers = [ScriptedAnswer(body=completion("a cat"))]
    assert isinstance(await talk.run(body), Answered)
    assert talk.journal.closings[0].unscanned == ("image",)


async def test_an_unknown_field_is_refused_at_tier_2_and_noted_below() -> None:
    body = say("x", shiny_new_field=1)
    talk = Conversation()
    assert (await talk.run(body)).refusal.code is ReasonCode.FIELD_UNKNOWN
    talk = Conversation(build_standing(workflow=build_workflow(tier=1)))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(body), Answered)
    assert talk.journal.closings[0].unknown_fields == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"messages":1}'])
async def test_a_malformed_body_is_refused_with_one_record(body: bytes) -> None:
    talk = Conversation()
    outcome = await talk.run(body)
    assert outcome.refusal.code is ReasonCode.BODY_MALFORMED
    assert len(talk.journal.closings) == 1


async def test_more_output_than_the_workflow_allows_is_refused() -> None:
    talk = Conversation()
    assert (await talk.run(say("x", max_tokens=257))).refusal.code is ReasonCode.OUTPUT_LIMIT


async def test_a_credential_in_the_answer_withholds_it_but_its_cost_counts() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(body=completion(f"use {AWS_ID} as the key"))]
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.ANSWER_BLOCKED
    (closing,) = talk.journal.closings
    assert closing.cost_nanousd == 4_500
    assert closing.findings[0].where == "answer"
    assert AWS_ID not in repr(talk.journal.entries)


async def test_a_listing_shows_the_keys_own_workflows_and_leaves_a_record() -> None:
    talk = Conversation()
    outcome = await talk.run(b"", wire_format="models")
    assert isinstance(outcome, Listed)
    assert outcome.workflows == (("support", "Support replies"),)
    assert outcome.models == ("small", "large")
    assert len(talk.journal.closings) == 1


# --- faults -------------------------------------------------------------------------------


async def test_a_journal_that_is_down_refuses_before_anything_is_sent() -> None:
    talk = Conversation()
    talk.journal.down = True
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.JOURNAL_DOWN
    assert not talk.provider.sent
    assert await talk.used() == 0


async def test_an_answer_that_can_not_be_recorded_does_not_go_out() -> None:
    talk = Conversation()
    gate = asyncio.Event()
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"), waits_for=gate)]
    task = asyncio.ensure_future(talk.run())
    await talk.settle()
    talk.journal.down = True
    gate.set()
    outcome = await task
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.JOURNAL_DOWN


async def test_a_detector_that_breaks_refuses_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Conversation()
    check = talk.pipeline._stages.check

    class Broken:
        digest = "x"

        def scan(self, _text: object, **_: object) -> object:
            raise ScannerFault("broke")

    monkeypatch.setattr(check, "_scanner", Broken())
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.SCANNER_DOWN
    assert not talk.provider.sent
    assert len(talk.journal.closings) == 1


async def test_counters_that_are_down_refuse_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Conversation()

    async def fail(*_: object, **__: object) -> None:
        raise CountersDown("gone")

    monkeypatch.setattr(talk.counters, "reserve", fail)
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.COUNTERS_DOWN
    assert not talk.provider.sent


async def test_an_unforeseen_error_is_a_refusal_and_its_words_reach_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    talk = Conversation()

    async def fail(_checked: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(talk.provider, "send", lambda *_, **__: fail(None))
    outcome = await talk.run()
    assert outcome.refusal.code is ReasonCode.FAULT
    assert len(talk.journal.closings) == 1
    assert AWS_ID not in caplog.text
    assert "KeyError" in caplog.text


async def test_a_caller_who_hangs_up_leaves_one_record_and_no_reservation() -> None:
    talk = Conversation()
    gate = asyncio.Event()
    talk.provider.answers = [ScriptedAnswer(body=completion("x"), waits_for=gate)]
    task = asyncio.ensure_future(talk.run())
    await talk.settle()
    reserved = await talk.used()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await talk.settle()
    (closing,) = talk.journal.closings
    assert closing.outcome is Outcome.CLIENT_GONE
    assert closing.cost_estimated
    assert 0 < closing.cost_nanousd < reserved
    assert await talk.used() == closing.cost_nanousd


async def test_a_provider_that_bills_above_its_reservation_is_reported() -> None:
    talk = Conversation()
    body = completion("x", prompt_tokens=50_000_000)
    talk.provider.answers = [ScriptedAnswer(body=body)]
    await talk.run()
    ((workspace, excess),) = talk.overbilled
    assert workspace == "care"
    assert excess > from_usd(7)


async def test_a_flood_without_a_key_is_recorded_up_to_a_rate_and_then_counted() -> None:
    talk = Conversation()
    for _ in range(50):
        await talk.run(key=None)
    assert len(talk.journal.closings) == 10
    (counted,) = talk.anonymous.take_ended(all_of_them=True)
    assert dict(counted.facts)["counted"] == "40"


# --- streams ------------------------------------------------------------------------------

ASK = {"stream": True, "stream_options": {"include_usage": True}}
SSE = "text/event-stream"


def read_text(received: bytes) -> str:
    """The text that a client would show."""
    events = [line[6:] for line in received.decode().splitlines() if line.startswith("data: {")]
    choices = [choice for event in events for choice in json.loads(event).get("choices", [])]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


async def test_a_stream_goes_through_whole_and_ends_after_its_record() -> None:
    talk = Conversation()
    pieces = stream("The capital ", "is Paris.")
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE)]
    outcome = await talk.run(say("?", **ASK))
    assert isinstance(outcome, Streaming)
    received: list[bytes] = []
    async for piece in outcome.chunks:
        if b"[DONE]" in piece:
            assert len(talk.journal.closings) == 1
        received.append(piece)
    whole = b"".join(received)
    assert read_text(whole) == "The capital is Paris."
    comment = whole[whole.index(b": alos") : whole.index(b"data: [DONE]")]
    (closing,) = talk.journal.closings
    assert closing.outcome is Outcome.ANSWERED
    assert closing.streamed
    assert closing.output_hash == hashlib.sha256(whole.replace(comment, b"")).hexdigest()
    assert closing.usage is not None
    assert not closing.cost_estimated


async def test_usage_is_asked_for_and_taken_out_where_the_caller_did_not_ask() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(pieces=stream("hi"), content_type=SSE)]
    outcome = await talk.run(say("?", stream=True))
    assert json.loads(talk.provider.sent[0].body)["stream_options"] == {"include_usage": True}
    assert b"prompt_tokens" not in await read(outcome)
    assert talk.journal.closings[0].usage is not None


async def test_a_credential_split_over_a_stream_never_gets_out() -> None:
    talk = Conversation()
    pieces = stream("the key is ", AWS_ID[:7], AWS_ID[7:15], AWS_ID[15:], " so use it")
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE)]
    outcome = await talk.run(say("?", stream=True))
    received = await read(outcome)
    assert AWS_ID[:12] not in read_text(received)
    assert b"alos_answer_blocked" in received
    assert talk.journal.closings[0].outcome is Outcome.CUT


async def test_personal_data_in_a_streamed_answer_is_noted_and_goes_through() -> None:
    talk = Conversation()
    pieces = stream("Ask jane.", "roe@contoso", "-mail.com or us.")
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE)]
    outcome = await talk.run(say("?", stream=True))
    assert read_text(await read(outcome)) == "Ask jane.roe@contoso-mail.com or us."
    (finding,) = talk.journal.closings[0].findings
    assert (finding.where, finding.type, finding.action) == ("answer", "EMAIL_ADDRESS", "flag")


async def test_a_private_keys_header_cuts_the_stream_at_once() -> None:
    talk = Conversation()
    pieces = stream("Here: ", "-----BEGIN RSA PRI", "VATE KEY-----\n", "MIIEpAIBAAKCAQEA")
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE)]
    received = await read(await talk.run(say("?", stream=True)))
    assert b"alos_answer_blocked" in received
    assert "BEGIN" not in read_text(received)


async def test_a_kill_cuts_a_running_stream_at_once() -> None:
    talk = Conversation()
    gate = asyncio.Event()
    pieces = stream("one ", "two ", end=False)
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type=SSE, waits_for=gate)]
    outcome = await talk.run(say("?", stream=True))
    received: list[bytes] = []

    async def listen() -> None:
        async for piece in outcome.chunks:
            received.append(piece)  # noqa: PERF401 - looked at while it grows

    listening = asyncio.ensure_future(listen())
    await talk.settle()
    stop = Stop(kind="workflow", target="support", since_unix=0, by="ana", reason="")
    before = len(received)
    talk.swap(build_standing(stops=[stop], epoch=2))
    await asyncio.wait_for(listening, 1)
    assert b"alos_workflow_stopped" in received[-1]
    assert len(received) == before + 1
    assert talk.journal.closings[0].reason is ReasonCode.WORKFLOW_STOPPED


async def test_a_caller_who_leaves_a_stream_leaves_one_record() -> None:
    talk = Conversation()
    gate = asyncio.Event()
    pieces = stream("one ", "two ")
    answer = ScriptedAnswer(pieces=pieces, content_type=SSE, waits_for=gate)
    talk.provider.answers = [answer]
    outcome = await talk.run(say("?", stream=True))
    assert await anext(outcome.chunks)
    await outcome.chunks.aclose()
    await talk.settle()
    (closing,) = talk.journal.closings
    assert closing.outcome is Outcome.CLIENT_GONE
    assert answer.closed.is_set()
    assert await talk.used() == closing.cost_nanousd


async def test_a_caller_who_leaves_before_the_first_piece_leaves_one_record() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(pieces=stream("one"), content_type=SSE)]
    outcome = await talk.run(say("?", stream=True))
    await outcome.chunks.aclose()
    await talk.settle()
    assert [one.outcome for one in talk.journal.closings] == [Outcome.CLIENT_GONE]


@pytest.mark.parametrize("how", ["no end mark", "breaks off", "garbage"])
async def test_a_stream_that_goes_wrong_is_cut_with_a_reason(how: str) -> None:
    talk = Conversation()
    pieces = stream("one", end=False)
    answer = ScriptedAnswer(pieces=pieces, content_type=SSE)
    if how == "breaks off":
        answer.breaks = Broken.BROKEN_OFF
    if how == "garbage":
        answer.pieces = [*pieces, b"data: {not json}\n\n"]
    talk.provider.answers = [answer]
    outcome = await talk.run(say("?", stream=True))
    assert b"alos_upstream_failed" in await read(outcome)
    (closing,) = talk.journal.closings
    assert closing.outcome is Outcome.CUT


async def test_a_stream_that_never_starts_falls_back() -> None:
    talk = Conversation()
    talk.provider.answers = [
        ScriptedAnswer(breaks=Broken.TIMEOUT, content_type=SSE),
        ScriptedAnswer(pieces=stream("ok"), content_type=SSE),
    ]
    outcome = await talk.run(say("?", stream=True))
    assert b"[DONE]" in await read(outcome)
    assert talk.journal.closings[0].model == "large"


async def test_a_stream_that_can_not_be_recorded_does_not_end_well() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(pieces=stream("ok"), content_type=SSE)]
    outcome = await talk.run(say("?", stream=True))
    talk.journal.down = True
    received = await read(outcome)
    assert received.index(b"alos_journal_down") > received.index(b"ok")
    assert b"alos {" not in received

"""Which bodies of a call are kept, where, and what happens when they can't be."""

import asyncio
import json

import pytest

from alos.domain.fault import VaultDown
from alos.domain.ids import BodyReference
from alos.domain.outcome import Answered, Refused, Streaming
from alos.domain.record import Fact, Outcome
from alos.domain.refusal import ReasonCode
from alos.domain.retention import BodyRule
from alos.domain.standing import Action
from alos.domain.vault import BodyPlace
from alos.ports.vault import MemoryVault
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

REQUIRED = BodyRule(is_required=True)


def _read(talk: Conversation, fact: Fact) -> bytes:
    closing = talk.journal.closings[-1]
    facts = dict(closing.facts)
    kind = "request" if fact is Fact.REQUEST_BODY else "answer"
    body = talk.vault.get(BodyReference(facts[fact]), label=f"{closing.call_id}/{kind}")
    assert isinstance(body, bytes)
    return body


async def test_the_request_as_sent_and_the_answer_are_kept_and_named_in_the_record() -> None:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(body=completion("hello"))]
    await talk.run(say("hi there"))
    assert _read(talk, Fact.REQUEST_BODY) == talk.provider.sent[0].body
    assert _read(talk, Fact.ANSWER_BODY) == completion("hello")


async def test_a_stream_is_kept_as_the_caller_was_sent_it() -> None:
    talk = Conversation()
    pieces = stream("hel", "lo")
    talk.provider.answers = [ScriptedAnswer(pieces=pieces, content_type="text/event-stream")]
    outcome = await talk.run(say("hi", stream=True))
    assert isinstance(outcome, Streaming)
    sent = b"".join([piece async for piece in outcome.chunks])
    kept = _read(talk, Fact.ANSWER_BODY)
    comment = next(line for line in sent.splitlines() if line.startswith(b": alos"))
    assert kept == sent.replace(comment + b"\n\n", b"")


async def test_what_the_gate_replaced_is_kept_replaced() -> None:
    workflow = build_workflow(actions={"credentials": Action.BLOCK, "pii": Action.REDACT})
    talk = Conversation(build_standing(workflow=workflow))
    talk.provider.answers = [ScriptedAnswer(body=completion("done"))]
    await talk.run(say("write to ana.silva@example.org please"))
    assert b"ana.silva@example.org" not in _read(talk, Fact.REQUEST_BODY)


async def test_nothing_is_kept_of_a_request_with_a_credential() -> None:
    talk = Conversation()
    outcome = await talk.run(say("my key is AKIA" + "QYLPMN5HFIQR7XYA" + " use it"))
    assert isinstance(outcome, Refused)
    assert not talk.journal.closings[-1].facts
    assert not talk.vault.list_shelves()


async def test_an_answer_that_is_withheld_is_not_kept() -> None:
    talk = Conversation()
    leak = completion("the key is AKIA" + "QYLPMN5HFIQR7XYA")
    talk.provider.answers = [ScriptedAnswer(body=leak)]
    outcome = await talk.run(say("hi"))
    assert isinstance(outcome, Refused)
    assert _read(talk, Fact.REQUEST_BODY)
    assert Fact.ANSWER_BODY not in dict(talk.journal.closings[-1].facts)


async def test_a_provider_s_own_error_is_not_kept() -> None:
    talk = Conversation()
    error = json.dumps({"error": {"message": "bad key sk-provider"}}).encode()
    talk.provider.answers = [ScriptedAnswer(status=400, body=error)]
    await talk.run(say("hi"))
    assert talk.journal.closings[-1].outcome is Outcome.UPSTREAM_ERROR
    assert Fact.ANSWER_BODY not in dict(talk.journal.closings[-1].facts)


async def test_a_body_goes_to_the_shelf_of_what_was_found_in_it() -> None:
    rule = BodyRule(classes=(("pii", "pii"), ("internal", "internal")))
    workflow = build_workflow(bodies=rule)
    models = [build_model("small", data_classes=frozenset({"internal", "pii"}))]
    workflow = build_workflow(bodies=rule, route=(models[0].name,))
    talk = Conversation(build_standing(workflow=workflow, models=models))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok")) for _ in range(2)]
    await talk.run(say("write to ana.silva@example.org please"))
    await talk.run(say("hi"))
    shelves = [
        BodyPlace.parse(dict(one.facts)[Fact.REQUEST_BODY]).shelf for one in talk.journal.closings
    ]
    assert [one.retention_class for one in shelves] == ["pii", "standard"]
    assert {one.workspace for one in shelves} == {"care"}


async def test_a_workflow_that_keeps_for_no_days_keeps_nothing_and_says_so() -> None:
    talk = Conversation(build_standing(workflow=build_workflow(bodies=BodyRule(is_kept=False))))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    await talk.run(say("hi"))
    assert talk.journal.closings[-1].facts == ((Fact.BODIES, "not_kept"),)


async def test_where_bodies_are_required_a_vault_that_is_down_refuses_at_once() -> None:
    talk = Conversation(build_standing(workflow=build_workflow(bodies=REQUIRED)))
    talk.vault.is_down = True
    outcome = await talk.run(say("hi"))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.VAULT_DOWN
    assert not talk.provider.sent
    assert talk.journal.closings[-1].reason is ReasonCode.VAULT_DOWN


async def test_where_bodies_are_not_required_the_record_says_that_they_are_missing() -> None:
    talk = Conversation()
    talk.vault.is_down = True
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(say("hi")), Answered)
    assert talk.journal.closings[-1].facts == ((Fact.BODIES, "vault_down"),)


class _FailingVault(MemoryVault):
    """Takes bodies and can't make them durable."""

    async def sync(self, references: object) -> None:  # noqa: ARG002 - the port's shape
        raise VaultDown("the disk is full")


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_whose_body_could_not_be_kept_is_withheld_and_recorded_as_refused(
    *, streamed: bool
) -> None:
    standing = build_standing(workflow=build_workflow(bodies=REQUIRED))
    talk = Conversation(standing, vault=_FailingVault())
    answer = (
        ScriptedAnswer(pieces=stream("secret plan"), content_type="text/event-stream")
        if streamed
        else ScriptedAnswer(body=completion("secret plan"))
    )
    talk.provider.answers = [answer]
    outcome = await talk.run(say("hi", stream=streamed))
    if isinstance(outcome, Streaming):
        sent = b"".join([piece async for piece in outcome.chunks])
        assert b'"error"' in sent
        assert b"alos_vault_down" in sent
    else:
        assert isinstance(outcome, Refused)
        assert outcome.refusal.code is ReasonCode.VAULT_DOWN
    closing = talk.journal.closings[-1]
    assert len(talk.journal.closings) == 1
    assert (closing.outcome, closing.reason) == (Outcome.REFUSED, ReasonCode.VAULT_DOWN)
    assert closing.http_status == 503
    assert closing.cost_nanousd > 0
    assert dict(closing.facts) == {Fact.BODIES: "vault_down"}


class _SlowVault(MemoryVault):
    """Its disk answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.puts = 0
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()

    def put(self, body: bytes, **where: object) -> BodyReference:
        self.puts += 1
        return super().put(body, **where)  # type: ignore[arg-type]

    async def sync(self, references: object) -> None:  # noqa: ARG002 - the port's shape
        self.asked.set()
        await self.answers.wait()


async def test_a_caller_who_hangs_up_in_the_middle_leaves_one_record_with_bodies() -> None:
    vault = _SlowVault()
    talk = Conversation(vault=vault)
    talk.provider.answers = [ScriptedAnswer(body=completion("hello"))]
    asking = asyncio.ensure_future(talk.run(say("hi")))
    await vault.asked.wait()
    asking.cancel()
    await asyncio.wait([asking])
    vault.answers.set()
    while not talk.journal.closings:  # noqa: ASYNC110 - the record has no event
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    (closing,) = talk.journal.closings
    assert closing.outcome is Outcome.CLIENT_GONE
    assert vault.puts == 2
    assert set(dict(closing.facts)) == {Fact.REQUEST_BODY, Fact.ANSWER_BODY}

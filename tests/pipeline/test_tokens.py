"""Tokens in the place of personal data: told apart, put back by who may, never for credentials."""

import json
from typing import Any

import pytest

from alos.checks.tokens import Tokens
from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.control.token_desk import TokenDesk
from alos.domain.fault import JournalDown
from alos.domain.finding import Finding
from alos.domain.ids import BodyReference, CallId
from alos.domain.outcome import Answered, Refused
from alos.domain.record import Fact, NoteEntry, NoteKind
from alos.domain.retention import BodyRule
from alos.domain.standing import Action
from alos.domain.vault import Gone
from alos.ports.call_store import CallRow
from alos.ports.clock import SystemClock
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
    say,
)

TEXT = "ann.lee@acme.io wrote to bob@acme.io, and ann.lee@acme.io again"
TOKENISE: dict[str, Any] = {"actions": {"pii": Action.TOKENISE}}


class _Calls:
    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def get_call(self, call_id: CallId) -> CallRow | None:
        for one in self._talk.journal.closings:
            if one.call_id == call_id:
                return CallRow(
                    call_id=call_id,
                    opened_at_unix_ns=1,
                    opening=None,
                    closing=one,
                    place=None,
                    arrived_at_unix_ns=1,
                )
        return None


async def _talk(text: str, **workflow: Any) -> tuple[Conversation, Any]:
    talk = Conversation(standing=build_standing(workflow=build_workflow(**workflow)))
    talk.provider.answers = [ScriptedAnswer(body=completion("fine"))]
    return talk, await talk.run(say(text))


def _desk(talk: Conversation) -> TokenDesk:
    return TokenDesk(
        talk.vault,
        calls=_Calls(talk),  # type: ignore[arg-type]  # all that it asks for
        notes=ChangeNotes(talk.journal, SystemClock()),
    )


async def test_the_model_sees_tokens_that_tell_people_apart() -> None:
    talk, outcome = await _talk(TEXT, **TOKENISE)
    assert isinstance(outcome, Answered)
    sent = json.loads(talk.provider.sent[0].body)["messages"][-1]["content"]
    assert sent == "[EMAIL_ADDRESS_1] wrote to [EMAIL_ADDRESS_2], and [EMAIL_ADDRESS_1] again"
    (note,) = talk.journal.closings[-1].findings
    assert (note.type, note.action, note.count) == ("EMAIL_ADDRESS", "tokenise", 3)


async def test_who_may_gets_the_value_back_and_it_is_recorded_before() -> None:
    talk, _ = await _talk(TEXT, **TOKENISE)
    call = talk.journal.closings[-1].call_id
    value = await _desk(talk).reverse(call, "[EMAIL_ADDRESS_2]", reason="a refund", by="dan")
    assert value == "bob@acme.io"
    note = talk.journal.entries[-1]
    assert isinstance(note, NoteEntry)
    assert note.kind is NoteKind.TOKEN_REVERSED
    assert {("call", call), ("token", "[EMAIL_ADDRESS_2]"), ("by", "dan")} <= set(note.facts)
    assert "bob@" not in repr(note)


async def test_a_reversal_that_can_not_be_recorded_gives_nothing_back() -> None:
    talk, _ = await _talk(TEXT, **TOKENISE)
    call = talk.journal.closings[-1].call_id
    talk.journal.down = True
    with pytest.raises(JournalDown):
        await _desk(talk).reverse(call, "[EMAIL_ADDRESS_2]", reason="a refund", by="dan")


async def test_neither_record_nor_kept_request_holds_the_value() -> None:
    talk, _ = await _talk(TEXT, **TOKENISE)
    closing = talk.journal.closings[-1]
    facts = dict(closing.facts)
    request = talk.vault.get(
        BodyReference(facts[Fact.REQUEST_BODY]), label=f"{closing.call_id}/request"
    )
    assert isinstance(request, bytes)
    assert b"acme.io" not in request
    assert "acme.io" not in repr(closing)


async def test_an_erased_token_is_gone_and_an_unknown_one_is_refused() -> None:
    talk, _ = await _talk(TEXT, **TOKENISE)
    closing = talk.journal.closings[-1]
    with pytest.raises(ChangeRefused):
        await _desk(talk).reverse(closing.call_id, "[IBAN_CODE_1]", reason="a look", by="dan")
    talk.vault.erase([BodyReference(dict(closing.facts)[Fact.TOKENS])])
    gone = await _desk(talk).reverse(
        closing.call_id, "[EMAIL_ADDRESS_1]", reason="a look", by="dan"
    )
    assert gone is Gone.ERASED


async def test_without_a_kept_body_nothing_can_be_reversed() -> None:
    talk, outcome = await _talk(TEXT, bodies=BodyRule(is_kept=False), **TOKENISE)
    assert isinstance(outcome, Answered)
    call = talk.journal.closings[-1].call_id
    with pytest.raises(ChangeRefused):
        await _desk(talk).reverse(call, "[EMAIL_ADDRESS_1]", reason="a look", by="dan")


async def test_a_stronger_action_of_another_class_wins() -> None:
    talk, _ = await _talk(
        "write to ann.lee@acme.io",
        forbidden=frozenset({"customer_data"}),
        actions={"pii": Action.TOKENISE, "customer_data": Action.REDACT},
        detector_classes={"pii": ("customer_data",)},
    )
    assert b"[EMAIL_ADDRESS]" in talk.provider.sent[0].body
    assert Fact.TOKENS not in dict(talk.journal.closings[-1].facts)


async def test_a_credential_gets_no_token() -> None:
    _, outcome = await _talk(
        "use AKIA" + "Q3EGTHBS7WXYPLM2 now",
        actions={"credentials": Action.TOKENISE, "pii": Action.TOKENISE},
    )
    assert isinstance(outcome, Refused)
    finding = Finding(kind="secret", type="X", start=0, end=2, rule="secret/x", confidence=1)
    with pytest.raises(ValueError, match="no token"):
        Tokens().give("ab", finding)

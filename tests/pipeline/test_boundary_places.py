"""Personal data hidden all over a request: none of it gets past the boundary."""

import base64
import functools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.dictionaries import Dictionary, build_dictionary_pack
from alos.checks.pii import build_pii_pack
from alos.checks.secrets import secrets_pack
from alos.domain.fault import ScannerFault
from alos.domain.outcome import Answered, Refused
from alos.domain.refusal import ReasonCode
from alos.domain.standing import Action
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
    say,
    stream,
)

VALUE = "jane.roe@contoso-mail.com"
HALF = len(VALUE) // 2


def _tool_result(text: str) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    return _messages(
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"found": {"mail": [text]}})},
    )


def _arguments(text: str) -> dict[str, Any]:
    arguments = json.dumps({"deep": {"value": [{"to": text}]}})
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return _messages(
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    )


def _tool(**function: Any) -> dict[str, Any]:
    whole = {"name": "f", "parameters": {"type": "object"}, **function}
    return say("hello", tools=[{"type": "function", "function": whole}])


def _messages(*messages: dict[str, Any]) -> dict[str, Any]:
    return {**say("hello"), "messages": [{"role": "user", "content": "hello"}, *messages]}


def _parts(*texts: str) -> dict[str, Any]:
    parts = [{"type": "text", "text": one} for one in texts]
    return _messages({"role": "user", "content": parts})


PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "a message": lambda text: say(f"write to {text} please"),
    "the system prompt": lambda text: _messages({"role": "system", "content": text}),
    "an earlier answer": lambda text: _messages({"role": "assistant", "content": text}),
    "a tool result": _tool_result,
    "a tool's arguments": _arguments,
    "a tool's description": lambda text: _tool(description=f"Mails {text}"),
    "a parameter's description": lambda text: _tool(
        parameters={"type": "object", "properties": {"to": {"type": "string", "default": text}}}
    ),
    "a user's name": lambda text: _messages({"role": "user", "name": text, "content": "hi"}),
    "two parts": lambda text: _parts(f"write to {text[:HALF]}", text[HALF:]),
    "two messages": lambda text: _messages(
        {"role": "user", "content": f"write to {text[:HALF]}"},
        {"role": "user", "content": text[HALF:]},
    ),
    "base64": lambda text: say(f"decode {base64.b64encode(f'to: {text}.'.encode()).decode()}"),
    "percent": lambda text: say(f"open https://x.example/?to={quote(text, safe='')}"),
    "hidden letters": lambda text: say("write to " + "\u200b".join(text)),
    "full width": lambda text: say(
        "write to " + "".join(chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in text)
    ),
    "a dense text": lambda text: say(
        " ".join(f"a{n}@b{n}.co" for n in range(400)) + f" and {text}"
    ),
}
ACTIONS = {
    "redact": Action.REDACT,
    "tokenise": Action.TOKENISE,
    "block": Action.BLOCK,
    "drop": Action.DROP_CANDIDATE,
}


def _talk(action: Action) -> Conversation:
    workflow = build_workflow(tier=1, actions={"credentials": Action.BLOCK, "pii": action})
    talk = Conversation(build_standing(workflow=workflow))
    talk.provider.answers = [ScriptedAnswer(body=completion("fine"))]
    return talk


def _plain(body: bytes) -> str:
    """What a model could read of a body, the disguises of these tests undone."""
    text = json.dumps(json.loads(body), ensure_ascii=False)
    for mark in ("\u200b", '"}, {"type": "text", "text": "'):
        text = text.replace(mark, "")
    return text.replace("%40", "@").translate({code + 0xFEE0: code for code in range(0x21, 0x7F)})


def _holds(body: bytes) -> bool:
    """Tell whether a body holds the address, or the second half of one that was split."""
    plain = _plain(body)
    hidden = base64.b64encode(f"to: {VALUE}.".encode()).decode()
    return VALUE in plain or VALUE[HALF:] in plain or hidden in plain


@pytest.mark.parametrize("place", PLACES)
def test_every_place_does_hold_the_address(place: str) -> None:
    assert _holds(json.dumps(PLACES[place](VALUE)).encode())


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("place", PLACES)
async def test_personal_data_reaches_no_model_that_it_must_not(place: str, action: str) -> None:
    talk = _talk(ACTIONS[action])
    outcome = await talk.run(PLACES[place](VALUE))
    if isinstance(outcome, Refused):
        assert outcome.refusal.code is ReasonCode.PII_FOUND
        assert not talk.provider.sent
        assert VALUE not in outcome.refusal.sentence + outcome.refusal.detail
        assert "EMAIL_ADDRESS" in outcome.refusal.sentence + outcome.refusal.detail
    else:
        assert isinstance(outcome, Answered)
        assert action in {"redact", "tokenise"}
        sent = talk.provider.sent[0].body
        assert not _holds(sent)
        assert b"[EMAIL_ADDRESS" in sent
    assert VALUE not in repr(talk.journal.entries)


@functools.cache
def _with_words() -> Scanner:
    words = Dictionary(type="finance-words", entries=["project nightingale"])
    return build_scanner([secrets_pack(), build_pii_pack(), build_dictionary_pack([words])])


@pytest.mark.parametrize("place", PLACES)
async def test_a_forbidden_word_is_refused_wherever_it_stands(place: str) -> None:
    workflow = build_workflow(
        tier=1,
        forbidden=frozenset({"credentials", "unreleased_financials"}),
        actions={
            "credentials": Action.BLOCK,
            "pii": Action.REDACT,
            "unreleased_financials": Action.BLOCK,
        },
        detector_classes={"finance-words": ("unreleased_financials",)},
    )
    talk = Conversation(build_standing(workflow=workflow), _with_words())
    outcome = await talk.run(PLACES[place]("project nightingale"))
    assert outcome.refusal.code is ReasonCode.FORBIDDEN_INPUT
    assert not talk.provider.sent
    said = outcome.refusal.sentence + outcome.refusal.detail
    assert "forbidden/dictionary" in said
    assert "unreleased_financials" in said
    assert "nightingale" not in said.lower() + repr(talk.journal.entries).lower()


@pytest.mark.parametrize("place", ["a message", "a tool result", "a user's name", "two parts"])
async def test_a_broken_detector_lets_nothing_of_any_place_out(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        digest = "x"

        def read(self, _text: object) -> object:
            raise ScannerFault("broke")

        def scan(self, _text: object, **_: object) -> object:
            raise ScannerFault("broke")

    talk = _talk(Action.REDACT)
    monkeypatch.setattr(talk.pipeline._stages.check, "_scanner", Broken())
    outcome = await talk.run(PLACES[place](VALUE))
    assert outcome.refusal.code is ReasonCode.SCANNER_DOWN
    assert not talk.provider.sent
    assert len(talk.journal.closings) == 1


async def test_a_detector_that_breaks_over_an_answer_withholds_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken:
        digest = "x"

        def scan(self, _text: object, **_: object) -> object:
            raise ScannerFault("broke")

    for streamed in (False, True):
        talk = _talk(Action.REDACT)
        pieces = stream("the answer is swordfish-17, ", "and more of it")
        answer = ScriptedAnswer(body=completion("the answer is swordfish-17"))
        if streamed:
            answer = ScriptedAnswer(pieces=pieces, content_type="text/event-stream")
        talk.provider.answers = [answer]
        monkeypatch.setattr(talk.pipeline._stages.examine, "_scanner", Broken())
        outcome = await talk.run(say("?", stream=streamed))
        if isinstance(outcome, Refused):
            received = b""
        else:
            received = b"".join([one async for one in outcome.chunks])
        assert b"swordfish" not in received
        assert len(talk.journal.closings) == 1

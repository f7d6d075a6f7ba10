"""A credential that is sent to the gateway reaches no model and stands in nothing it keeps."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from alos.control.calls import show_call
from alos.domain.ids import CallId
from alos.domain.record import Outcome
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import CHAT, Answer, ask, say
from tests.e2e.organisation import POOR, QUESTIONS
from tests.e2e.records import Journal
from tests.e2e.samples import Credential, list_disguises, make_credentials, make_token

_TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {}}}


def in_tool_result(text: str) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    return {
        "messages": [
            {"role": "user", "content": "Look it up."},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"found": text})},
        ],
        "tools": [_TOOL],
    }


def in_arguments(text: str) -> dict[str, Any]:
    arguments = json.dumps({"deep": {"value": [text]}})
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return {
        "messages": [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        ]
    }


def in_two_messages(text: str) -> dict[str, Any]:
    half = len(text) // 2
    return {
        "messages": [
            {"role": "user", "content": f"The first half is {text[:half]}"},
            {"role": "user", "content": text[half:]},
        ]
    }


def in_two_parts(text: str) -> dict[str, Any]:
    half = len(text) // 2
    parts = [{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}]
    return {"messages": [{"role": "user", "content": parts}]}


def in_tool_definition(text: str) -> dict[str, Any]:
    function = {"name": "f", "description": f"Uses {text}", "parameters": {"type": "object"}}
    return say(tools=[{"type": "function", "function": function}])


_ANY_KIND: dict[str, Callable[[str], dict[str, Any]]] = {
    "a message": lambda text: say(f"Why does {text} fail?"),
    "the system prompt": lambda text: {"messages": [{"role": "system", "content": text}]},
    "a tool result": in_tool_result,
    "arguments": in_arguments,
    "a tool definition": in_tool_definition,
    "base64": lambda text: say(f"Decode {base64.b64encode(text.encode()).decode()} please"),
}
_TOKEN_ONLY: dict[str, Callable[[str], dict[str, Any]]] = {
    "two messages": in_two_messages,
    "two parts": in_two_parts,
    "a name": lambda text: {"messages": [{"role": "user", "name": text, "content": "hi"}]},
    "a tool's name": lambda text: say(
        tools=[{"type": "function", "function": {"name": text, "parameters": {}}}]
    ),
    "percent": lambda text: say(
        f"Open https://x.example/?t={quote(f'{text}.', safe='')[:-1]}&a=1"
    ),
    "hex": lambda text: say(f"Decode {text.encode().hex()} please"),
    "metadata": lambda text: say(metadata={"ticket": {"note": text}}),
    "an object's key": lambda text: say(metadata={text: 1}),
    "an unknown field": lambda text: say(later=[text]),
    "the user field": lambda text: say(user=text),
    "a stop sequence": lambda text: say(stop=["x", text]),
    "a variable": lambda text: say(
        alos={"prompt": "answer-from-passage", "variables": {"passage": text}}
    ),
}


@dataclass
class Trial:
    """Everything that was sent and everything that came back.

    Attributes:
        must_refuse: answers to what was in a body.
        sent_for_bodies: bytes that the model got for those.
        files: all of the data folder.
        places: everything else that the gateway left or said.
    """

    needles: dict[str, list[str]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    must_refuse: dict[str, Answer] = field(default_factory=dict)
    sent_for_bodies: int = -1
    files: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, bytes] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)

    def hide(self, where: str, needle: str) -> None:
        self.needles.setdefault(where, []).append(needle)


async def try_bodies(gateway: Gateway, key: str, trial: Trial) -> None:
    async def send(where: str, credential: Credential, body: dict[str, Any]) -> None:
        trial.hide(where, credential.needle)
        answer = await ask(gateway.port, body, key=key)
        trial.answers.append(answer)
        trial.must_refuse[f"{credential.kind} in {where}"] = answer

    for where, wrap in _ANY_KIND.items():
        for credential in make_credentials():
            await send(where, credential, wrap(credential.text))
    for where, wrap in _TOKEN_ONLY.items():
        for credential in make_credentials():
            if credential.kind in {"aws", "github", "anthropic", "stripe"}:
                await send(where, credential, wrap(credential.text))


_HEADERS = (
    "x-alos-task",
    "x-alos-sources",
    "x-alos-prompt",
    "x-alos-unit",
    "x-alos-release",
    "x-alos-workflow",
    "x-request-id",
    "idempotency-key",
    "traceparent",
    "baggage",
    "user-agent",
    "helicone-user-id",
    "x-litellm-tags",
    "openai-organization",
    "anthropic-beta",
    "cookie",
)


async def try_elsewhere(gateway: Gateway, key: str, poor_key: str, trial: Trial) -> None:
    """What is no part of the body: it may be refused or left out, never kept or passed on."""

    async def send(where: str, token: str, body: Any, **request: Any) -> None:
        trial.hide(where, token)
        trial.answers.append(await ask(gateway.port, body, **request))

    for name in _HEADERS:
        for owner in (key, poor_key, None):
            token = make_token()
            await send(name, token, say(), key=owner, headers={name: token})
    token = make_token()
    listed = {"x-alos-sources": f"handbook, {token}, wiki"}
    await send("a list of sources", token, say(), key=key, headers=listed)
    for wrong in ("path", "method", "model", "key", "query", "json"):
        token = make_token()
        if wrong == "path":
            await send(wrong, token, say(), key=key, path=f"/v1/{token}/completions")
        elif wrong == "method":
            await send(wrong, token, say(), key=key, method="PUT", path=f"{CHAT}?{token}")
        elif wrong == "model":
            await send(wrong, token, say(model=token), key=key)
        elif wrong == "key":
            await send(wrong, token, say(), key=token)
        elif wrong == "query":
            await send(wrong, token, say(), key=key, path=f"{CHAT}?api-version={token}")
        else:
            await send(wrong, token, b'{"messages": "' + token.encode(), key=key)
    token = make_token()
    named = {"prompt": "answer-from-passage", "variables": {"passage": "x", token: "y"}}
    await send("a variable's name", token, say(alos=named), key=key)


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    """Send everything, stop the gateway, and put all that it left behind into one place."""
    with run_gateway() as gateway:
        trial = Trial()
        key, poor_key = gateway.create_key(QUESTIONS), gateway.create_key(POOR)
        asyncio.run(try_bodies(gateway, key, trial))
        trial.sent_for_bodies = gateway.upstream.bytes_received
        asyncio.run(try_elsewhere(gateway, key, poor_key, trial))
        last = trial.answers[-1].call
        gateway.wait_until_shipped(last)
        trial.places["metrics"] = gateway.get("/metrics")[1]
        shown = [show_call(gateway.index, CallId(one.call)) for one in trial.answers if one.call]
        trial.places["records"] = json.dumps(shown).encode()
        shown_last = gateway.cli("call", "show", last, "--json").stdout
        trial.places["alos call show"] = shown_last.encode()
        assert gateway.stop() == 0
        trial.files = {
            str(path.relative_to(gateway.home)): path.read_bytes()
            for path in gateway.home.rglob("*")
            if path.is_file() and path.name != "reserve"
        }
        trial.places["log"] = gateway.log.encode()
        sent = [*gateway.upstream.heads, *gateway.upstream.bodies]
        trial.places["upstream"] = b"\n".join(sent)
        trial.journal = gateway.read_journal()
        said = [json.dumps(one.headers).encode() + one.body for one in trial.answers]
        trial.places["answers"] = b"\n".join(said)
        yield trial


def find(needles: dict[str, list[str]], places: dict[str, bytes]) -> list[str]:
    """Where a needle lies, in any disguise."""
    return [
        f"{where} → {place}"
        for where, listed in needles.items()
        for needle in listed
        for disguised in set(list_disguises(needle))
        for place, data in places.items()
        if disguised in data
    ]


def test_a_credential_anywhere_in_a_body_is_refused(trial: Trial) -> None:
    assert len(trial.must_refuse) > 100
    passed = {
        name: (answer.status, answer.body[:200])
        for name, answer in trial.must_refuse.items()
        if answer.status != 403 or answer.code != "alos_secret_found"
    }
    assert passed == {}


def test_a_refused_request_sends_not_one_byte_upstream(trial: Trial) -> None:
    assert trial.sent_for_bodies == 0


def test_each_refusal_is_recorded_with_what_was_found_and_not_the_text(trial: Trial) -> None:
    by_call = trial.journal.by_call
    for answer in trial.must_refuse.values():
        entry = by_call[answer.call]
        assert (entry.outcome, entry.reason) == (Outcome.REFUSED, "alos_secret_found")
        assert any(note.kind == "secret" and note.action == "block" for note in entry.findings)
        assert entry.sent_hash is None


def test_no_credential_stands_in_any_file_of_the_data_folder(trial: Trial) -> None:
    assert find(trial.needles, trial.files) == []


@pytest.mark.parametrize("place", ["log", "metrics"])
def test_no_credential_stands_in_the_log_or_the_metrics(trial: Trial, place: str) -> None:
    assert find(trial.needles, {place: trial.places[place]}) == []


@pytest.mark.parametrize("place", ["answers", "records", "alos call show"])
def test_no_answer_and_no_shown_record_quotes_a_credential(trial: Trial, place: str) -> None:
    assert trial.places[place]
    assert find(trial.needles, {place: trial.places[place]}) == []


def test_no_credential_in_a_header_or_the_address_reaches_the_model(trial: Trial) -> None:
    assert trial.places["upstream"], "what was dropped from a header did not stop the call"
    assert find(trial.needles, {"upstream": trial.places["upstream"]}) == []

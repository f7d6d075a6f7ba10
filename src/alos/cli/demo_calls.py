"""The demo's calls: each through the real openai SDK, each with what is expected of it."""

import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openai
from openai.types.chat import ChatCompletionMessageParam

from alos.cli.client import call_api
from alos.cli.demo_organisation import QUESTIONS, REVIEWS, SUPPORT
from alos.domain.ids import CallId
from alos.domain.record import ClosingEntry, FindingNote
from alos.server.bootstrap import open_call_index

_FACTS = {
    "company": "Northwind Books",
    "facts": "Parcels can take up to seven working days. Damaged goods are replaced.",
}
_MOST_BUDGET_CALLS = 20
_INDEX_SECONDS = 5
_SHOWN = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that was tried.

    Attributes:
        happened: what the caller saw, for a manager.
        why: the gate's own sentence, or what the record says.
        expected: the outcome that the demo stands for, as a reason code or ``answered``.
        got: the outcome that came.
        call: id of its record.
    """

    tried: str
    happened: str
    why: str
    expected: str
    got: str
    cost_usd: str
    call: str

    @property
    def as_expected(self) -> bool:
        """Whether the gate did what the demo says it does."""
        return self.expected == self.got


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    got: str
    text: str
    why: str
    cost_usd: str
    call: str


class Visitor:
    """A developer with the openai SDK, one base URL and one key."""

    def __init__(self, url: str, data: Path) -> None:
        self._url = url
        self._data = data
        self._index = open_call_index(data)
        self._client = self._connect(SUPPORT)

    def visit(self, progress: Callable[[str], None]) -> list[Row]:
        """Make every call, one after the other."""
        steps: list[tuple[str, Callable[[str], Row]]] = [
            ("A support agent asks for a draft", self._ask),
            ("The same, as a stream", self._stream),
            ("Somebody pastes a live cloud key into the prompt", self._leak),
            ("A customer's e-mail and phone number, to a model not approved for them", self._pii),
            ("A call for a workflow that nobody registered", self._unregistered),
            ("The workflow's kill switch is pulled, then a call", self._killed),
            ("Questions until a small monthly budget is used up", self._spend),
        ]
        rows = []
        for tried, step in steps:
            progress(tried)
            rows.append(step(tried))
        return rows

    def _ask(self, tried: str) -> Row:
        reply = self._chat("My parcel was due on Monday and has not arrived. Where is it?")
        return _to_row(tried, "answered", reply, why="registered, owned, in budget, nothing found")

    def _stream(self, tried: str) -> Row:
        pieces: list[str] = []
        call = fallback = ""
        try:
            with self._client.chat.completions.with_streaming_response.create(
                **_request("The mug I ordered came broken. What do I do now?"), stream=True
            ) as answer:
                call = answer.headers.get("x-alos-call", "")
                fallback = answer.headers.get("x-alos-fallback", "")
                for chunk in answer.parse():
                    pieces.extend(choice.delta.content or "" for choice in chunk.choices)
        except openai.APIError as error:
            return _to_row(tried, "answered", _to_refused(error))
        text = "".join(pieces)
        got = "answered" if len(pieces) > 1 and text.strip() else "empty"
        got = "fallback" if fallback else got
        reply = _Reply(got=got, text=text, why="", cost_usd="at the end", call=call)
        return _to_row(tried, "answered", reply, why=f"{len(pieces)} pieces, checked as they came")

    def _leak(self, tried: str) -> Row:
        alphabet = string.ascii_uppercase + "234567"
        fresh = "AKIA" + "".join(secrets.choice(alphabet) for _ in range(16))
        reply = self._chat(f"Our upload fails with the key {fresh}, why?")
        return _to_row(tried, "alos_secret_found", reply)

    def _pii(self, tried: str) -> Row:
        reply = self._chat(
            "Jane Roe (jane.roe@contoso.com, +44 20 7946 0958) asks where her parcel is."
        )
        if reply.got != "answered":
            return _to_row(tried, "redacted", reply)
        seen = sorted({note.type for note in self._get_findings(reply.call, "redact")})
        got = "redacted" if seen else "sent as it was"
        why = f"before it was sent, the gate put labels in place of: {', '.join(seen)}"
        return replace(_to_row(tried, "redacted", reply, why=why), got=got)

    def ask_released(self, tried: str) -> tuple[Row, ClosingEntry | None]:
        """A question to the workflow that was just released, and its record."""
        request = {
            "model": f"workflow/{QUESTIONS}",
            "messages": [{"role": "user", "content": "Where do guests park?"}],
            "temperature": 0,
            "extra_body": {
                "alos": {
                    "prompt": "answer-from-passage",
                    "variables": {"passage": "Guests park on level 2. Staff park on level 3."},
                }
            },
        }
        reply = _send(self._connect(QUESTIONS), request)
        closing = self._get_record(reply.call)
        approved = ", ".join(closing.approved_by) if closing is not None else ""
        stage = closing.release_stage if closing is not None else ""
        why = f"stage {stage}, approved by {approved or 'nobody'}"
        return _to_row(tried, "answered", reply, why=why), closing

    def _get_findings(self, call: str, action: str) -> list[FindingNote]:
        """What the record says was found; the index follows the journal within a second."""
        closing = self._get_record(call)
        return [note for note in closing.findings if note.action == action] if closing else []

    def _get_record(self, call: str) -> ClosingEntry | None:
        until = time.monotonic() + _INDEX_SECONDS
        while time.monotonic() < until:
            row = self._index.get_call(CallId(call))
            if row is not None and row.closing is not None:
                return row.closing
            time.sleep(0.1)
        return None

    def _unregistered(self, tried: str) -> Row:
        reply = self._chat("Approve invoice 4711.", workflow="invoice-approval")
        return _to_row(tried, "alos_workflow_not_registered", reply)

    def _killed(self, tried: str) -> Row:
        target = {"kind": "workflow", "target": SUPPORT}
        call_api("POST", "/api/v1/stops", {**target, "reason": "demo"}, home=self._data)
        try:
            return _to_row(tried, "alos_workflow_stopped", self._chat("Hello?"))
        finally:
            call_api("POST", "/api/v1/revivals", target, home=self._data)

    def _spend(self, tried: str) -> Row:
        client = self._connect(REVIEWS)
        request = {**_plain(REVIEWS, "What is the capital of France?"), "max_tokens": 64}
        answered = 0
        reply = _send(client, request)
        while reply.got == "answered" and answered < _MOST_BUDGET_CALLS:
            answered += 1
            reply = _send(client, request)
        row = _to_row(tried, "alos_budget_exceeded", reply)
        happened = f"{answered} answered, then {row.happened[0].lower()}{row.happened[1:]}"
        got = row.got if answered else f"{row.got} at the first call"
        return replace(row, happened=happened, got=got)

    def _chat(self, text: str, workflow: str | None = None) -> _Reply:
        headers = {"x-alos-workflow": workflow} if workflow else {}
        return _send(self._client, {**_request(text), "extra_headers": headers})

    def _connect(self, workflow: str) -> openai.OpenAI:
        made = call_api("POST", "/api/v1/keys", {"workflows": [workflow]}, home=self._data)
        return openai.OpenAI(base_url=f"{self._url}/v1", api_key=made["key"], timeout=120)


def _plain(workflow: str, text: str) -> dict[str, Any]:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": text}]
    return {"model": f"workflow/{workflow}", "messages": messages}


def _request(text: str) -> dict[str, Any]:
    """A call that has the gateway render the workflow's own prompt."""
    return {
        "model": f"workflow/{SUPPORT}",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 120,
        "temperature": 0,
        "extra_body": {"alos": {"prompt": "draft-reply", "variables": _FACTS}},
    }


def _send(client: openai.OpenAI, request: dict[str, Any]) -> _Reply:
    try:
        answer = client.chat.completions.with_raw_response.create(**request)
    except openai.APIError as error:
        return _to_refused(error)
    by_model = "x-alos-fallback" not in answer.headers
    return _Reply(
        got="answered" if by_model else "fallback",
        text=answer.parse().choices[0].message.content or "",
        why="",
        cost_usd=answer.headers.get("x-alos-cost-usd", ""),
        call=answer.headers.get("x-alos-call", ""),
    )


def _to_refused(error: openai.APIError) -> _Reply:
    """What the SDK raised, as a caller's own code would read it."""
    headers = error.response.headers if isinstance(error, openai.APIStatusError) else {}
    body = error.body if isinstance(error.body, dict) else {}
    return _Reply(
        got=str(error.code or type(error).__name__),
        text=f"Refused: {type(error).__name__}",
        why=str(body.get("message", error.message)).partition(" [call_")[0],
        cost_usd="0",
        call=headers.get("x-alos-call", ""),
    )


def _to_row(tried: str, expected: str, reply: _Reply, why: str = "") -> Row:
    text = " ".join(reply.text.split())
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return Row(
        tried=tried,
        happened=f"“{shown}”" if reply.got == "answered" else shown,
        why=reply.why or why,
        expected=expected,
        got=reply.got,
        cost_usd=reply.cost_usd,
        call=reply.call,
    )

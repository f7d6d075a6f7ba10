"""Anthropic messages: ``POST /v1/messages`` and ``/v1/messages/count_tokens``.

Shape: https://docs.anthropic.com/en/api/messages
"""

from typing import Any

import msgspec

from alos.domain.money import Usage
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import AnswerView, Edits, Request
from alos.gateway.wire.anthropic_answer import read_answer, write_static
from alos.gateway.wire.anthropic_blocks import (
    read_cache,
    read_messages,
    read_system,
    read_tools,
)
from alos.gateway.wire.anthropic_errors import write_error
from alos.gateway.wire.anthropic_stream import MessagesStreamReader
from alos.gateway.wire.document import MalformedError, decode, encode, get_count, get_flag
from alos.gateway.wire.edit import copy_document, list_known
from alos.gateway.wire.fields import (
    CONTENT,
    CONTROL,
    JSON,
    NUMBER,
    OURS,
    TEXT,
    TEXTS,
    TOOLS,
    FieldTable,
    Reads,
    Rule,
)
from alos.gateway.wire.reading import Reading, read_fields

FIELDS: FieldTable = {
    "alos": OURS,
    "betas": TEXTS,
    "billing_policy": Rule(Reads.COST),
    "cache_control": CONTENT,
    "compaction": Rule(Reads.COST),
    "container": Rule(Reads.OPAQUE, kind="stored_state"),
    "context_management": CONTENT,
    "diagnostics": Rule(Reads.OPAQUE, kind="stored_state"),
    "fallback_credit_token": Rule(Reads.COST),
    "fallbacks": Rule(Reads.HOSTED, kind="other_model"),
    "inference_geo": Rule(Reads.COST, harmless=("global",)),
    "max_tokens": CONTROL,
    "mcp_servers": Rule(Reads.HOSTED, kind="mcp", harmless=([],)),
    "messages": CONTENT,
    "metadata": JSON,
    "model": CONTROL,
    "output_config": JSON,
    "output_format": JSON,
    "service_tier": Rule(Reads.COST, harmless=("auto", "standard_only")),
    "speed": Rule(Reads.COST, harmless=("standard",)),
    "stop_sequences": TEXTS,
    "stream": CONTROL,
    "system": CONTENT,
    "temperature": NUMBER,
    "thinking": JSON,
    "thread": Rule(Reads.OPAQUE, kind="stored_state"),
    "tool_choice": JSON,
    "tools": TOOLS,
    "top_k": NUMBER,
    "top_p": NUMBER,
    "user_profile_id": TEXT,
    "workspace_id": TEXT,
}


def _read_cache(reading: Reading, name: str, value: Any) -> None:
    read_cache(reading, (name,), value)


def _read_context(reading: Reading, name: str, value: Any) -> None:
    """Read ``context_management``; a compaction is a model call of its own."""
    edits = value.get("edits") if isinstance(value, dict) else None
    for edit in edits if isinstance(edits, list) else ():
        kind = edit.get("type") if isinstance(edit, dict) else None
        if not isinstance(kind, str) or not kind.startswith("clear_"):
            reading.unpriced.append("context_management.edits")
    reading.add_json((name,), "parameter", value)


_HANDLERS = {
    "cache_control": _read_cache,
    "context_management": _read_context,
    "messages": read_messages,
    "system": read_system,
    "tools": read_tools,
}


class AnthropicMessages:
    """The wire format; pure, without state."""

    name = "anthropic-messages"
    answers_in_text = True
    upstream_path = "/v1/messages"

    def read(self, body: bytes) -> Request | Refusal:
        """Parse and classify every field by the table."""
        try:
            document, reading = _read(body)
            return reading.to_request(
                document,
                body,
                stream=get_flag(document, "stream"),
                max_output_tokens=get_count(document, "max_tokens", least=1),
            )
        except MalformedError as error:
            return Refusal(code=ReasonCode.BODY_MALFORMED, detail=str(error))

    def write(self, request: Request, edits: Edits) -> bytes:
        """The body to send; ``request.raw`` itself where nothing needs changing."""
        changes: dict[str, Any] = {}
        if edits.max_output_tokens not in (None, request.max_output_tokens):
            changes["max_tokens"] = edits.max_output_tokens
        changes |= list_known(edits.parameters, FIELDS)
        return _write(request, edits, changes)

    def read_answer(self, body: bytes) -> AnswerView:
        """Read a whole answer."""
        return read_answer(body)

    def write_static(self, request: Request, text: str, call_id: str) -> bytes:
        """A whole answer that says ``text``; a stream if one was asked for."""
        return write_static(request, text, call_id)

    def write_refusal(self, refusal: Refusal, call_id: str, status: int) -> bytes:
        """The Anthropic error shape."""
        return write_error(refusal, call_id, status)

    def open_stream(self, request: Request) -> MessagesStreamReader:  # noqa: ARG002 - the port's
        """A reader for the stream that answers ``request``."""
        return MessagesStreamReader()


class _Count(msgspec.Struct):
    input_tokens: int


_count_decoder = msgspec.json.Decoder(_Count)


class AnthropicCountTokens(AnthropicMessages):
    """Counting: the same request without an output, and free of charge."""

    name = "anthropic-count-tokens"
    answers_in_text = False
    upstream_path = "/v1/messages/count_tokens"

    def read(self, body: bytes) -> Request | Refusal:
        """Parse and classify every field by the table."""
        try:
            document, reading = _read(body)
            return reading.to_request(document, body, max_output_tokens=0)
        except MalformedError as error:
            return Refusal(code=ReasonCode.BODY_MALFORMED, detail=str(error))

    def write(self, request: Request, edits: Edits) -> bytes:
        """The body to send; there is no output to bound."""
        return _write(request, edits, {})

    def read_answer(self, body: bytes) -> AnswerView:
        """Read the count, which is no usage: nothing was billed.

        Raises:
            ValueError: it is no count.
        """
        _count_decoder.decode(body)
        return AnswerView(usage=Usage())

    def write_static(self, request: Request, text: str, call_id: str) -> bytes:  # noqa: ARG002
        """An error: there is no count that says ``text``."""
        refusal = Refusal(code=ReasonCode.UPSTREAM_FAILED, detail="no fallback for counting")
        return write_error(refusal, call_id, 502)


def _read(body: bytes) -> tuple[dict[str, Any], Reading]:
    document = decode(body)
    reading = Reading()
    read_fields(reading, document, FIELDS, _HANDLERS)
    if document.get("messages") is None:
        raise MalformedError("messages is missing")
    return document, reading


def _write(request: Request, edits: Edits, changes: dict[str, Any]) -> bytes:
    if request.model != edits.model:
        changes["model"] = edits.model
    has_prompt = edits.prompt is not None
    if not (changes or edits.replacements or has_prompt or "alos" in request.document):
        return request.raw
    document = copy_document(request, edits.replacements)
    document.update(changes)
    if edits.prompt is not None:
        document["system"] = _put_in_front(edits.prompt, document.get("system"))
    return encode(document)


def _put_in_front(prompt: str, system: Any) -> Any:
    if not system:
        return prompt
    own = [{"type": "text", "text": system}] if isinstance(system, str) else system
    return [{"type": "text", "text": prompt}, *own]

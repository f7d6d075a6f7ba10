"""OpenAI responses: ``POST /v1/responses``.

Shape: https://platform.openai.com/docs/api-reference/responses
"""

from typing import Any

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import AnswerView, Edits, Request
from alos.gateway.wire.document import (
    MalformedError,
    decode,
    encode,
    get_count,
    get_flag,
    need_text,
)
from alos.gateway.wire.edit import copy_document, list_known
from alos.gateway.wire.fields import (
    CONTENT,
    CONTROL,
    FLAG,
    JSON,
    NUMBER,
    OURS,
    TEXT,
    TOOLS,
    FieldTable,
    Reads,
    Rule,
)
from alos.gateway.wire.openai_errors import write_error
from alos.gateway.wire.openai_items import read_input, read_tools
from alos.gateway.wire.openai_responses_answer import read_answer, write_static
from alos.gateway.wire.openai_responses_stream import ResponsesStreamReader
from alos.gateway.wire.reading import Reading, read_fields

_STORED = "stored_state"

FIELDS: FieldTable = {
    "access_programs": Rule(Reads.COST),
    "alos": OURS,
    "background": CONTROL,
    "background_options": Rule(Reads.OPAQUE, kind=_STORED),
    "context_management": Rule(Reads.COST, harmless=([],)),
    "conversation": Rule(Reads.OPAQUE, kind=_STORED),
    "image": JSON,
    "include": JSON,
    "input": CONTENT,
    "instructions": CONTENT,
    "max_output_tokens": CONTROL,
    "max_tool_calls": NUMBER,
    "metadata": JSON,
    "model": CONTROL,
    "moderation": Rule(Reads.HOSTED, kind="moderation"),
    "parallel_tool_calls": FLAG,
    "previous_response_id": Rule(Reads.OPAQUE, kind=_STORED),
    "prompt": Rule(Reads.OPAQUE, kind=_STORED),
    "prompt_cache_key": TEXT,
    "prompt_cache_options": JSON,
    "prompt_cache_retention": TEXT,
    "reasoning": JSON,
    "safety_identifier": TEXT,
    "service_tier": Rule(Reads.COST, harmless=("auto", "default")),
    "store": Rule(Reads.OPAQUE, kind=_STORED, harmless=(False,)),
    "stream": CONTROL,
    "stream_options": JSON,
    "temperature": NUMBER,
    "text": JSON,
    "tool_choice": JSON,
    "tools": TOOLS,
    "top_logprobs": NUMBER,
    "top_p": NUMBER,
    "truncation": TEXT,
    "user": TEXT,
}


def _read_instructions(reading: Reading, name: str, value: Any) -> None:
    reading.add_text((name,), "system", need_text(value, name))


_HANDLERS = {"input": read_input, "instructions": _read_instructions, "tools": read_tools}


class OpenAiResponses:
    """The wire format; pure, without state. Nothing is kept at the provider: store is off."""

    name = "openai-responses"
    answers_in_text = True
    upstream_path = "/v1/responses"

    def read(self, body: bytes) -> Request | Refusal:
        """Parse and classify every field by the table."""
        try:
            document = decode(body)
            reading = Reading()
            read_fields(reading, document, FIELDS, _HANDLERS)
            return _build(document, body, reading)
        except MalformedError as error:
            return Refusal(code=ReasonCode.BODY_MALFORMED, detail=str(error))

    def write(self, request: Request, edits: Edits) -> bytes:
        """The body to send; ``request.raw`` itself where nothing needs changing."""
        changes: dict[str, Any] = {}
        if request.model != edits.model:
            changes["model"] = edits.model
        if edits.max_output_tokens not in (None, request.max_output_tokens):
            changes["max_output_tokens"] = edits.max_output_tokens
        changes |= list_known(edits.parameters, FIELDS)
        if request.document.get("store") is not False:
            changes["store"] = False
        is_ours = "alos" in request.document
        if not (changes or edits.replacements or is_ours or edits.prompt is not None):
            return request.raw
        document = copy_document(request, edits.replacements)
        document.update(changes)
        if edits.prompt is not None:
            own = document.get("instructions")
            document["instructions"] = f"{edits.prompt}\n\n{own}" if own else edits.prompt
        return encode(document)

    def read_answer(self, body: bytes) -> AnswerView:
        """Read a whole answer."""
        return read_answer(body)

    def write_static(self, request: Request, text: str, call_id: str) -> bytes:
        """A whole answer that says ``text``; a stream if one was asked for."""
        return write_static(request, text, call_id)

    def write_refusal(self, refusal: Refusal, call_id: str, status: int) -> bytes:
        """The OpenAI error shape."""
        return write_error(refusal, call_id, status)

    def open_stream(self, request: Request) -> ResponsesStreamReader:  # noqa: ARG002 - the port's
        """A reader for the stream that answers ``request``."""
        return ResponsesStreamReader()


def _build(document: dict[str, Any], body: bytes, reading: Reading) -> Request:
    if get_flag(document, "background"):
        raise MalformedError(
            "background must be false: the gateway keeps nothing to ask for later"
        )
    if document.get("input") is None and document.get("instructions") is None:
        raise MalformedError("input is missing")
    return reading.to_request(
        document,
        body,
        stream=get_flag(document, "stream"),
        max_output_tokens=get_count(document, "max_output_tokens", least=1),
    )

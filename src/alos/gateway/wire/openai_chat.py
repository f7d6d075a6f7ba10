"""OpenAI chat completions: ``POST /v1/chat/completions``.

Shape: https://platform.openai.com/docs/api-reference/chat
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
    need_object,
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
    TEXTS,
    TOOLS,
    FieldTable,
    Reads,
    Rule,
)
from alos.gateway.wire.openai_chat_answer import read_answer, write_static
from alos.gateway.wire.openai_chat_messages import (
    read_functions,
    read_messages,
    read_tools,
)
from alos.gateway.wire.openai_chat_stream import ChatStreamReader
from alos.gateway.wire.openai_errors import write_error
from alos.gateway.wire.reading import Reading, read_fields

MAX_CHOICES = 128

FIELDS: FieldTable = {
    "alos": OURS,
    "audio": Rule(Reads.COST),
    "best_of": Rule(Reads.COST, harmless=(1,)),
    "chat_template_kwargs": JSON,
    "frequency_penalty": NUMBER,
    "function_call": JSON,
    "functions": TOOLS,
    "logit_bias": JSON,
    "logprobs": FLAG,
    "max_completion_tokens": CONTROL,
    "max_new_tokens": Rule(Reads.COST),
    "max_tokens": CONTROL,
    "messages": CONTENT,
    "metadata": JSON,
    "min_p": NUMBER,
    "modalities": Rule(Reads.COST, harmless=(["text"], [])),
    "model": CONTROL,
    "moderation": Rule(Reads.HOSTED, kind="moderation"),
    "n": CONTROL,
    "n_cmpl": Rule(Reads.COST, harmless=(1,)),
    "n_predict": Rule(Reads.COST),
    "num_predict": Rule(Reads.COST),
    "parallel_tool_calls": FLAG,
    "prediction": CONTENT,
    "presence_penalty": NUMBER,
    "prompt_cache_key": TEXT,
    "prompt_cache_options": JSON,
    "prompt_cache_retention": TEXT,
    "reasoning_effort": TEXT,
    "repetition_penalty": NUMBER,
    "response_format": JSON,
    "safety_identifier": TEXT,
    "seed": NUMBER,
    "service_tier": Rule(Reads.COST, harmless=("auto", "default")),
    "stop": TEXTS,
    "store": Rule(Reads.OPAQUE, kind="stored_state", harmless=(False,)),
    "stream": CONTROL,
    "stream_options": JSON,
    "temperature": NUMBER,
    "tool_choice": JSON,
    "tools": TOOLS,
    "top_k": NUMBER,
    "top_logprobs": NUMBER,
    "top_p": NUMBER,
    "user": TEXT,
    "verbosity": TEXT,
    "web_search_options": Rule(Reads.HOSTED, kind="web_search"),
}

_HANDLERS = {
    "messages": read_messages,
    "prediction": read_messages,
    "tools": read_tools,
    "functions": read_functions,
}


class OpenAiChat:
    """The wire format; pure, without state."""

    name = "openai-chat"
    answers_in_text = True
    upstream_path = "/v1/chat/completions"

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
            changes[_get_bound_field(request)] = edits.max_output_tokens
        changes |= list_known(edits.parameters, FIELDS)
        if request.stream and not request.include_usage:
            options = request.document.get("stream_options") or {}
            changes["stream_options"] = {**options, "include_usage": True}
        if request.document.get("store"):
            changes["store"] = False
        is_ours = "alos" in request.document
        if not (changes or edits.replacements or is_ours or edits.prompt is not None):
            return request.raw
        document = copy_document(request, edits.replacements)
        document.update(changes)
        if edits.prompt is not None:
            system = {"role": "system", "content": edits.prompt}
            document["messages"] = [system, *document["messages"]]
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

    def open_stream(self, request: Request) -> ChatStreamReader:
        """A reader for the stream that answers ``request``."""
        return ChatStreamReader(request)


def _build(document: dict[str, Any], body: bytes, reading: Reading) -> Request:
    if document.get("messages") is None:
        raise MalformedError("messages is missing")
    choices = get_count(document, "n", least=1) or 1
    if choices > MAX_CHOICES:
        raise MalformedError(f"n must be at most {MAX_CHOICES}")
    options = need_object(document.get("stream_options") or {}, "stream_options")
    return reading.to_request(
        document,
        body,
        stream=get_flag(document, "stream"),
        include_usage=get_flag(options, "include_usage"),
        max_output_tokens=_get_bound(document),
        choices=choices,
    )


def _get_bound(document: dict[str, Any]) -> int | None:
    """The caller's bound on output; the larger where both spellings stand."""
    old = get_count(document, "max_tokens", least=1)
    new = get_count(document, "max_completion_tokens", least=1)
    if old is None or new is None:
        return new if old is None else old
    return max(old, new)


def _get_bound_field(request: Request) -> str:
    """Which spelling to set: the caller's own, else the one that every current model takes."""
    if request.document.get("max_tokens") is not None:
        return "max_tokens"
    return "max_completion_tokens"

"""Whole answers of OpenAI responses."""

from typing import Any

import msgspec

from alos.domain.money import Usage
from alos.domain.request import AnswerView, Request
from alos.gateway.wire.document import encode
from alos.gateway.wire.edit import collect_strings
from alos.gateway.wire.openai_parts import CompletionDetails, PromptDetails, split_usage
from alos.gateway.wire.sse import write_event

STATIC_MODEL = "alos-fallback"
SEALED = frozenset(
    {
        "call_id",
        "encrypted_content",
        "id",
        "item_id",
        "logprobs",
        "obfuscation",
        "phase",
        "role",
        "status",
        "type",
    }
)
"""Fields that are not read: identifiers, what only the provider can open, and what repeats."""
_CALLS = {"function_call": "arguments", "custom_tool_call": "input", "mcp_call": "arguments"}


class ResponseUsage(msgspec.Struct):
    """``usage`` of a response."""

    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: PromptDetails | None = None
    output_tokens_details: CompletionDetails | None = None

    def to_usage(self) -> Usage:
        """Disjoint buckets."""
        details = self.output_tokens_details
        return split_usage(
            self.input_tokens,
            self.output_tokens,
            self.input_tokens_details,
            (details and details.reasoning_tokens) or 0,
        )


class Response(msgspec.Struct):
    """As much of a response as is read."""

    output: list[dict[str, Any]]
    model: str | None = None
    status: str | None = None
    usage: ResponseUsage | None = None


_decoder = msgspec.json.Decoder(Response)


def read_answer(body: bytes) -> AnswerView:
    """Read a whole answer: every readable string of every item of its output.

    Raises:
        ValueError: it is no response.
    """
    try:
        answer = _decoder.decode(body)
    except RecursionError:
        raise ValueError("the answer is nested too deep") from None
    texts: list[str] = []
    calls: list[tuple[str, str]] = []
    for item in answer.output:
        field = _CALLS.get(str(item.get("type")))
        if field is not None:
            calls.append((str(item.get("name") or ""), str(item.get(field) or "")))
        else:
            texts += read_item(item)
    return AnswerView(
        texts=tuple(texts),
        tool_calls=tuple(calls),
        usage=answer.usage.to_usage() if answer.usage else None,
        model=answer.model,
        finish_reason=answer.status,
    )


def read_item(item: dict[str, Any]) -> list[str]:
    """Every string of an item or content part that somebody reads."""
    found: list[str] = []
    for key, value in item.items():
        if key in SEALED:
            continue
        if key in ("content", "summary") and isinstance(value, list):
            for part in value:
                found += read_item(part) if isinstance(part, dict) else collect_strings(part)
        else:
            found += collect_strings(value)
    return found


def write_static(request: Request, text: str, call_id: str) -> bytes:
    """An answer of our own, whole or as a stream; it reports no tokens, for none were used."""
    part = {"type": "output_text", "text": text, "annotations": []}
    item_id = f"msg_{call_id}"
    item = {
        "id": item_id,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    response: dict[str, Any] = {
        "id": f"resp_{call_id}",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "model": STATIC_MODEL,
        "output": [item],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 0,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 0,
        },
    }
    if not request.stream:
        return encode(response)
    where = {"item_id": item_id, "output_index": 0, "content_index": 0}
    opened = {**item, "status": "in_progress", "content": []}
    empty = {**part, "text": ""}
    started = {**response, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.output_item.added", "output_index": 0, "item": opened},
        {"type": "response.content_part.added", **where, "part": empty},
        {"type": "response.output_text.delta", **where, "delta": text, "logprobs": []},
        {"type": "response.output_text.done", **where, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **where, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    return b"".join(
        write_event(encode({**event, "sequence_number": number}), event["type"].encode())
        for number, event in enumerate(events)
    )

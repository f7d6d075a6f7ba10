"""Whole answers of Anthropic messages."""

from typing import Any

import msgspec

from alos.domain.money import Usage
from alos.domain.request import AnswerView, Request
from alos.gateway.wire.document import encode
from alos.gateway.wire.edit import collect_strings
from alos.gateway.wire.sse import write_event

STATIC_MODEL = "alos-fallback"
SEALED = frozenset({"data", "encrypted_content", "encrypted_stdout", "id", "signature", "type"})
"""Fields of a block that nobody reads: identifiers, and what only the provider can open."""


class MessageUsage(msgspec.Struct):
    """``usage``: the buckets are disjoint as they come; a stream repeats some later."""

    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens: int | None = None

    def to_usage(self) -> Usage:
        """Our buckets; thinking is part of the output and costs the same."""
        return Usage(
            input_tokens=max(self.input_tokens or 0, 0),
            cached_read_tokens=max(self.cache_read_input_tokens or 0, 0),
            cache_write_tokens=max(self.cache_creation_input_tokens or 0, 0),
            output_tokens=max(self.output_tokens or 0, 0),
        )


class _Answer(msgspec.Struct):
    content: list[dict[str, Any]]
    model: str | None = None
    stop_reason: str | None = None
    usage: MessageUsage | None = None


_decoder = msgspec.json.Decoder(_Answer)


def read_answer(body: bytes) -> AnswerView:
    """Read a whole answer: every readable string of every block.

    Raises:
        ValueError: it is no message.
    """
    try:
        answer = _decoder.decode(body)
    except RecursionError:
        raise ValueError("the answer is nested too deep") from None
    texts: list[str] = []
    calls: list[tuple[str, str]] = []
    for block in answer.content:
        if block.get("type") in ("tool_use", "server_tool_use", "mcp_tool_use"):
            calls.append((str(block.get("name") or ""), write_input(block.get("input"))))
        else:
            texts += read_block(block)
    return AnswerView(
        texts=tuple(texts),
        tool_calls=tuple(calls),
        usage=answer.usage.to_usage() if answer.usage else None,
        model=answer.model,
        finish_reason=answer.stop_reason,
    )


def read_block(block: dict[str, Any]) -> list[str]:
    """Every string of a block that somebody reads."""
    found: list[str] = []
    for key, value in block.items():
        if key not in SEALED:
            found += collect_strings(value)
    return found


def write_input(value: Any) -> str:
    """A tool's input as text."""
    return encode(value).decode() if value else ""


def write_static(request: Request, text: str, call_id: str) -> bytes:
    """An answer of our own, whole or as a stream; it reports no tokens, for none were used."""
    usage = {"input_tokens": 0, "output_tokens": 0}
    message: dict[str, Any] = {
        "id": call_id,
        "type": "message",
        "role": "assistant",
        "model": STATIC_MODEL,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    if not request.stream:
        return encode(message)
    start = {**message, "content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": text},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": usage,
        },
        {"type": "message_stop"},
    ]
    return b"".join(write_event(encode(event), event["type"].encode()) for event in events)

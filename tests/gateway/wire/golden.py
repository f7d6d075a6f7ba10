"""Requests and answers in the shape that the vendors document, and what is to be read of them."""

from pathlib import Path
from typing import Any

import msgspec

from alos.domain.refusal import Refusal
from alos.domain.request import Edits, Request
from alos.gateway.wire.formats import FORMATS

FOLDER = Path(__file__).parent.parent / "golden"
NAMES = ("openai-chat", "openai-embeddings", "openai-responses", "anthropic-messages")
STREAMING = ("openai-chat", "openai-responses", "anthropic-messages")
EDITS = Edits(model="upstream-1")


def load(name: str, file: str) -> bytes:
    return (FOLDER / name / file).read_bytes()


def load_request(name: str) -> Request:
    return read(name, load(name, "request.json"))


def load_document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(load(name, "request.json"))
    return document


def read(name: str, body: bytes | dict[str, Any]) -> Request:
    request = try_read(name, body)
    assert isinstance(request, Request), request
    return request


def try_read(name: str, body: bytes | dict[str, Any]) -> Request | Refusal:
    return FORMATS[name].read(body if isinstance(body, bytes) else msgspec.json.encode(body))


def summarize(request: Request) -> dict[str, Any]:
    """What was read, as plain JSON."""
    return {
        "texts": [
            [text.role, list(text.path), text.text, *(["fixed"] if text.is_key else [])]
            for text in request.texts
        ],
        "opaque": [[part.kind, list(part.path)] for part in request.opaque],
        "hosted": [[part.kind, list(part.path)] for part in request.hosted],
        "unpriced": list(request.unpriced),
        "unknown_fields": list(request.unknown_fields),
        "tool_names": list(request.tool_names),
        "system_text": request.system_text,
        "model": request.model,
        "stream": request.stream,
        "include_usage": request.include_usage,
        "max_output_tokens": request.max_output_tokens,
        "choices": request.choices,
    }

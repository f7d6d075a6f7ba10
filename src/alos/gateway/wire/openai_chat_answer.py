"""Whole answers of OpenAI chat completions."""

from typing import Any

import msgspec

from alos.domain.money import Usage
from alos.domain.request import AnswerView, Request
from alos.gateway.wire.document import encode
from alos.gateway.wire.edit import collect_strings
from alos.gateway.wire.openai_parts import CompletionDetails, PromptDetails, split_usage
from alos.gateway.wire.sse import write_event

STATIC_MODEL = "alos-fallback"


class ChatUsage(msgspec.Struct):
    """``usage`` of an answer or of a stream's last chunk."""

    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None

    def to_usage(self) -> Usage:
        """Disjoint buckets."""
        details = self.completion_tokens_details
        return split_usage(
            self.prompt_tokens,
            self.completion_tokens or 0,
            self.prompt_tokens_details,
            (details and details.reasoning_tokens) or 0,
        )


class _Choice(msgspec.Struct):
    message: dict[str, Any]
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: ChatUsage | None = None


_decoder = msgspec.json.Decoder(_Answer)


def read_answer(body: bytes) -> AnswerView:
    """Read a whole answer: every string of every choice's message.

    Raises:
        ValueError: it is no chat completion.
    """
    try:
        answer = _decoder.decode(body)
    except RecursionError:
        raise ValueError("the answer is nested too deep") from None
    texts: list[str] = []
    calls: list[tuple[str, str]] = []
    for choice in answer.choices:
        for key, value in choice.message.items():
            if key == "role" or not value:
                continue
            if isinstance(value, str):
                texts.append(value)
            elif key == "tool_calls" and isinstance(value, list):
                calls += [_read_call(one) for one in value]
            elif key == "function_call":
                calls.append(_read_call({"function": value}))
            else:
                texts += collect_strings(value)
    return AnswerView(
        texts=tuple(texts),
        tool_calls=tuple(calls),
        usage=answer.usage.to_usage() if answer.usage else None,
        model=answer.model,
        finish_reason=answer.choices[0].finish_reason if answer.choices else None,
    )


def _read_call(call: Any) -> tuple[str, str]:
    """Name and arguments of a tool call, whatever its kind."""
    if not isinstance(call, dict):
        raise ValueError("a tool call is no object")  # noqa: TRY004 - the port names ValueError
    inner = call.get("function") or call.get("custom")
    if not isinstance(inner, dict):
        return "", "\n".join(collect_strings(call))
    name = inner.get("name")
    arguments = inner.get("arguments", inner.get("input"))
    return (
        name if isinstance(name, str) else "",
        arguments if isinstance(arguments, str) else "\n".join(collect_strings(arguments)),
    )


def write_static(request: Request, text: str, call_id: str) -> bytes:
    """An answer of our own, whole or as a stream; it reports no tokens, for none were used."""
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    head = {"id": call_id, "created": 0, "model": STATIC_MODEL}
    if not request.stream:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return encode({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
    head["object"] = "chat.completion.chunk"
    delta = {"role": "assistant", "content": text}
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    if request.include_usage:
        chunks.append({**head, "choices": [], "usage": usage})
    return b"".join(write_event(encode(chunk)) for chunk in chunks) + b"data: [DONE]\n\n"

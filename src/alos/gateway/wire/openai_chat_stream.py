"""Streamed answers of OpenAI chat completions."""

from collections.abc import Sequence
from typing import Any

import msgspec

from alos.domain.refusal import Refusal
from alos.domain.request import Request, StreamPart
from alos.gateway.wire.document import encode
from alos.gateway.wire.edit import collect_strings
from alos.gateway.wire.openai_chat_answer import ChatUsage
from alos.gateway.wire.openai_errors import write_error
from alos.gateway.wire.sse import EventCutter, decode_run, read_event, write_comment, write_event

_DONE = b"data: [DONE]\n\n"
_CUT_STATUS = 502
_OPENING = frozenset({"role", "id", "type", "name"})


class _Choice(msgspec.Struct):
    index: int = 0
    delta: dict[str, Any] | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: ChatUsage | None = None
    model: str | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Chunk)


class ChatStreamReader:
    """Reads one stream.

    A chunk that carries texts of several lanes (choices, tool calls, content beside reasoning),
    or a text and the finish, is taken apart into one event for each, so that each can be held
    back by itself and the last text is read together with the ones before it. A finish
    reason is reported once the last choice has one, since others may still be speaking.
    """

    __slots__ = ("_cutter", "_include_usage", "_last_written", "_unfinished")

    def __init__(self, request: Request) -> None:
        self._cutter = EventCutter()
        self._include_usage = request.include_usage
        self._unfinished = request.choices
        self._last_written: dict[str, StreamPart] = {}

    def feed(self, data: bytes) -> Sequence[StreamPart]:
        """Take bytes as they come, give the whole events in them.

        Raises:
            ValueError: the bytes are no chat stream.
        """
        parts: list[StreamPart] = []
        events = self._cutter.feed(data)
        if len(events) > 1:
            chunks = decode_run(events, _decoder.decode_lines)
            for raw, chunk in zip(events, chunks, strict=False):
                self._read(raw, raw[6:-2], chunk, parts)
            events = events[len(chunks) :]
        for raw in events:
            _, payload = read_event(raw)
            if payload is None:
                parts.append(StreamPart(raw=raw))
            elif payload.startswith(b"[DONE]"):
                parts.append(StreamPart(raw=raw, is_end=True))
            else:
                try:
                    chunk = _decoder.decode(payload)
                except RecursionError:
                    raise ValueError("a chunk is nested too deep") from None
                self._read(raw, payload, chunk, parts)
        return parts

    def _read(self, raw: bytes, payload: bytes, chunk: _Chunk, parts: list[StreamPart]) -> None:
        choices = chunk.choices
        if choices and len(choices) == 1 and chunk.usage is None and chunk.error is None:
            only = choices[0]
            delta = only.delta
            if delta and len(delta) == 1 and only.finish_reason is None:
                content = delta.get("content")
                if content.__class__ is str and content:  # nearly every chunk is like this
                    lane = "0.content" if only.index == 0 else f"{only.index}.content"
                    parts.append(StreamPart(raw, content, lane, chunk.model))
                    return
        usage = chunk.usage.to_usage() if chunk.usage is not None else None
        finish: str | None = None
        lanes: list[tuple[str, str, str | None]] = []
        for choice in choices or ():
            if choice.delta:
                _read_delta(choice.index, choice.delta, lanes)
            if choice.finish_reason is not None:
                self._unfinished -= 1
                finish = choice.finish_reason if self._unfinished <= 0 else None
        if usage is not None and not choices and not self._include_usage:
            raw = b""
        if len(lanes) > 1 or (lanes and finish is not None):
            parts += _split(payload, lanes)
            raw, lanes = _write_without_texts(payload), []
        lane, text, tool = lanes[0] if lanes else ("", "", None)
        parts.append(
            StreamPart(
                raw=raw,
                text=text,
                lane=lane,
                tool_call=tool,
                usage=usage,
                model=chunk.model,
                finish_reason=finish,
                is_error=chunk.error is not None,
            )
        )

    def write_text(self, part: StreamPart, text: str) -> bytes:
        """Bytes of ``part`` with ``text`` in place of its own.

        The second time for the same part they continue it: what opens a message or a tool
        call, the finish reason and usage are not said again.
        """
        is_more = self._last_written.get(part.lane) is part
        self._last_written[part.lane] = part
        _, payload = read_event(part.raw)
        chunk = msgspec.json.decode(payload or b"{}")
        kept = _put_text(chunk, part.lane, text, is_more=is_more)
        if is_more:
            chunk.pop("usage", None)
        return write_event(encode(chunk)) if text or kept else b""

    def write_cut(self, refusal: Refusal, call_id: str) -> bytes:
        """An error event, which SDKs raise, and the end mark."""
        return write_event(write_error(refusal, call_id, _CUT_STATUS)) + _DONE

    def write_comment(self, text: str) -> bytes:
        """An event-stream comment."""
        return write_comment(text)


def _read_delta(
    index: int, delta: dict[str, Any], lanes: list[tuple[str, str, str | None]]
) -> None:
    """Add (lane, text, name of a tool that is called) for each text flow in a delta."""
    for key, value in delta.items():
        if not value or key == "role":
            continue
        if isinstance(value, str):
            lanes.append((f"{index}.{key}", value, None))
        elif key == "tool_calls" and isinstance(value, list):
            for at, call in enumerate(value):
                number = call.get("index", at) if isinstance(call, dict) else at
                lanes.append((f"{index}.tool_calls.{number}", *_read_call(call)))
        elif key == "function_call":
            lanes.append((f"{index}.function_call", *_read_call({"function": value})))
        else:
            lanes.append((f"{index}.{key}", "\n".join(collect_strings(value)), None))


def _read_call(call: Any) -> tuple[str, str | None]:
    if not isinstance(call, dict):
        raise ValueError("a tool call is no object")  # noqa: TRY004 - the port names ValueError
    inner = call.get("function") or call.get("custom")
    if not isinstance(inner, dict):
        return "\n".join(collect_strings(call)) if inner else "", None
    name = inner.get("name")
    text = inner.get("arguments", inner.get("input"))
    if not isinstance(text, str):
        text = "\n".join(collect_strings(text))
    return text, name if isinstance(name, str) and name else None


def _split(payload: bytes, lanes: list[tuple[str, str, str | None]]) -> list[StreamPart]:
    """One event for each lane of a chunk, the first to the last."""
    parts: list[StreamPart] = []
    for lane, text, tool in lanes:
        chunk = msgspec.json.decode(payload)
        chunk.pop("usage", None)
        index, _, field = lane.partition(".")
        chunk["choices"] = [
            {"index": one.get("index", 0), "delta": _pick(one["delta"], field, first=not parts)}
            for one in chunk["choices"]
            if str(one.get("index", 0)) == index and one.get("delta")
        ]
        raw = write_event(encode(chunk))
        parts.append(StreamPart(raw=raw, text=text, lane=lane, tool_call=tool))
    return parts


def _pick(delta: dict[str, Any], field: str, *, first: bool) -> dict[str, Any]:
    """What of a delta belongs to one lane."""
    name, _, number = field.partition(".")
    picked: dict[str, Any] = {"role": delta["role"]} if first and "role" in delta else {}
    value = delta[name]
    if name == "tool_calls":
        value = [one for at, one in enumerate(value) if str(one.get("index", at)) == number]
    picked[name] = value
    return picked


def _write_without_texts(payload: bytes) -> bytes:
    """What is left of a chunk whose texts went ahead: finish reasons and usage, if any."""
    chunk = msgspec.json.decode(payload)
    finished = [one for one in chunk["choices"] if one.get("finish_reason") is not None]
    if not finished and not chunk.get("usage"):
        return b""
    chunk["choices"] = [
        {"index": one.get("index", 0), "delta": {}, "finish_reason": one["finish_reason"]}
        for one in finished
    ]
    return write_event(encode(chunk))


def _put_text(chunk: dict[str, Any], lane: str, text: str, *, is_more: bool) -> bool:
    """Put a text into its lane of a chunk; say whether anything else is worth sending."""
    index, _, field = lane.partition(".")
    name = field.partition(".")[0]
    kept = False
    for choice in chunk.get("choices") or ():
        choice.pop("logprobs", None)
        if str(choice.get("index", 0)) != index or not choice.get("delta"):
            continue
        delta = choice["delta"]
        if name == "tool_calls":
            kept |= _put_arguments(delta[name][0], text, is_more=is_more)
        elif name == "function_call":
            kept |= _put_arguments({"function": delta[name]}, text, is_more=is_more)
        else:
            delta[name] = text
        if is_more:
            delta.pop("role", None)
            choice["finish_reason"] = None
        kept |= "role" in delta or choice.get("finish_reason") is not None
    return kept or bool(chunk.get("usage") and not is_more)


def _put_arguments(call: dict[str, Any], text: str, *, is_more: bool) -> bool:
    inner = call.get("function") or call.get("custom")
    if not isinstance(inner, dict):
        call.clear()
        return False
    inner["input" if "input" in inner else "arguments"] = text
    if is_more:
        for holder in (call, inner):
            for key in _OPENING & holder.keys():
                del holder[key]
    return not is_more and bool(inner.get("name"))

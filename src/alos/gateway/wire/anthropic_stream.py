"""Streamed answers of Anthropic messages."""

from collections.abc import Sequence
from typing import Any

import msgspec

from alos.domain.money import Usage
from alos.domain.refusal import Refusal
from alos.domain.request import StreamPart
from alos.gateway.wire.anthropic_answer import MessageUsage, read_block, write_input
from alos.gateway.wire.anthropic_errors import write_error
from alos.gateway.wire.document import encode
from alos.gateway.wire.edit import collect_strings
from alos.gateway.wire.sse import EventCutter, read_event, write_comment, write_event

_CUT_STATUS = 502
_MAX_EVENT_BYTES = 8 << 20
_DELTAS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "compaction_delta": "content",
}
"""Kind of a delta → the field that holds its text."""
_WHOLE = "whole"
"""Lane of texts that are said at once."""


class _Message(msgspec.Struct):
    model: str | None = None
    usage: MessageUsage | None = None
    content: list[Any] | None = None


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    delta: dict[str, Any] | None = None
    content_block: dict[str, Any] | None = None
    message: _Message | None = None
    usage: MessageUsage | None = None


_decoder = msgspec.json.Decoder(_Event)


class MessagesStreamReader:
    """Reads one stream. The end of a block is reported as a finish, for no text can follow."""

    __slots__ = ("_cutter", "_usage")

    def __init__(self) -> None:
        self._cutter = EventCutter(_MAX_EVENT_BYTES)
        self._usage = MessageUsage()

    def feed(self, data: bytes) -> Sequence[StreamPart]:
        """Take bytes as they come, give the whole events in them.

        Raises:
            ValueError: the bytes are no message stream.
        """
        parts: list[StreamPart] = []
        for raw in self._cutter.feed(data):
            part = self._read(raw)
            if part.text and part.lane == _WHOLE:
                # Read ahead of its event, which then waits until nothing of it is held back.
                parts.append(StreamPart(raw=b"", text=part.text, lane=_WHOLE))
                part = part._replace(text="", finish_reason=part.finish_reason or "")
            parts.append(part)
        return parts

    def _read(self, raw: bytes) -> StreamPart:
        _, payload = read_event(raw)
        if payload is None:
            return StreamPart(raw=raw)
        try:
            event = _decoder.decode(payload)
        except RecursionError:
            raise ValueError("an event is nested too deep") from None
        match event.type:
            case "content_block_delta":
                return _read_delta(raw, event)
            case "content_block_start":
                return _read_start(raw, event)
            case "content_block_stop":
                return StreamPart(raw=raw, finish_reason="")
            case "message_start" | "message_delta":
                return self._read_message(raw, event)
            case "message_stop":
                return StreamPart(raw=raw, is_end=True)
            case "error":
                return StreamPart(raw=raw, is_error=True)
            case "ping":
                return StreamPart(raw=raw)
            case _:
                text = "\n".join(read_block(msgspec.json.decode(payload)))
                return StreamPart(raw=raw, text=text, lane=_WHOLE)

    def _read_message(self, raw: bytes, event: _Event) -> StreamPart:
        message = event.message
        text = "\n".join(collect_strings(message.content)) if message and message.content else ""
        reason = event.delta.get("stop_reason") if event.delta else None
        return StreamPart(
            raw=raw,
            text=text,
            lane=_WHOLE,
            usage=self._add(message.usage if message else event.usage),
            model=message.model if message else None,
            finish_reason=reason if isinstance(reason, str) else None,
        )

    def _add(self, usage: MessageUsage | None) -> Usage | None:
        """The totals so far: later figures replace earlier ones."""
        if usage is None:
            return None
        for name in usage.__struct_fields__:
            if (value := getattr(usage, name)) is not None:
                setattr(self._usage, name, value)
        return self._usage.to_usage()

    def write_text(self, part: StreamPart, text: str) -> bytes:
        """Bytes of ``part`` with ``text`` in place of its own; again, as a further delta."""
        _, payload = read_event(part.raw)
        if payload is None or not text:
            return b""
        event = msgspec.json.decode(payload)
        field = _DELTAS.get(event["delta"].get("type"))
        if field is None:
            return b""
        event["delta"][field] = text
        return write_event(encode(event), event["type"].encode())

    def write_cut(self, refusal: Refusal, call_id: str) -> bytes:
        """An error event, which SDKs raise; nothing follows it."""
        return write_event(write_error(refusal, call_id, _CUT_STATUS), b"error")

    def write_comment(self, text: str) -> bytes:
        """An event-stream comment."""
        return write_comment(text)


def _read_delta(raw: bytes, event: _Event) -> StreamPart:
    delta = event.delta or {}
    kind = delta.get("type")
    field = _DELTAS.get(kind) if isinstance(kind, str) else None
    if field is not None:
        text = delta.get(field)
        lane = str(event.index)
        return StreamPart(raw=raw, text=text if isinstance(text, str) else "", lane=lane)
    return StreamPart(raw=raw, text="\n".join(read_block(delta)), lane=_WHOLE)


def _read_start(raw: bytes, event: _Event) -> StreamPart:
    block = event.content_block or {}
    if block.get("type") in ("tool_use", "server_tool_use", "mcp_tool_use"):
        name = block.get("name")
        called = name if isinstance(name, str) else ""
        text = write_input(block.get("input"))
        return StreamPart(raw=raw, text=text, lane=_WHOLE, tool_call=called)
    return StreamPart(raw=raw, text="\n".join(read_block(block)), lane=_WHOLE)

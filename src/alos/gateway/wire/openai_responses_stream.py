"""Streamed answers of OpenAI responses.

The format says everything several times over: as deltas, as a finished text, part and item, and
in the last event's whole response. What repeats the deltas word for word is not read again;
anything else is read as a text of its own.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from alos.domain.refusal import Refusal
from alos.domain.request import StreamPart
from alos.gateway.wire.document import encode
from alos.gateway.wire.edit import collect_strings
from alos.gateway.wire.openai_errors import write_error
from alos.gateway.wire.openai_responses_answer import SEALED, ResponseUsage, read_item
from alos.gateway.wire.sse import EventCutter, read_event, write_comment, write_event

_CUT_STATUS = 502
_MAX_EVENT_BYTES = 8 << 20
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_SILENT = frozenset(
    {"response.created", "response.in_progress", "response.queued", "keepalive", "ping"}
)
"""These echo the request and hold nothing of the model's."""


class _Response(msgspec.Struct):
    model: str | None = None
    status: str | None = None
    usage: ResponseUsage | None = None
    output: list[Any] | None = None
    error: Any = None


class _Event(msgspec.Struct):
    type: str
    delta: Any = None
    item: dict[str, Any] | None = None
    item_id: str = ""
    output_index: int = 0
    content_index: int | None = None
    summary_index: int | None = None
    response: _Response | None = None


_decoder = msgspec.json.Decoder(_Event)


class ResponsesStreamReader:
    """Reads one stream. Every ``…done`` event is reported as a finish of the texts before it."""

    __slots__ = ("_cutter", "_running", "_said")

    def __init__(self) -> None:
        self._cutter = EventCutter(_MAX_EVENT_BYTES)
        self._running: dict[str, Any] = {}
        self._said: set[bytes] = set()

    def feed(self, data: bytes) -> Sequence[StreamPart]:
        """Take bytes as they come, give the whole events in them.

        Raises:
            ValueError: the bytes are no response stream.
        """
        parts: list[StreamPart] = []
        for raw in self._cutter.feed(data):
            parts += self._read(raw)
        return parts

    def _read(self, raw: bytes) -> Sequence[StreamPart]:
        _, payload = read_event(raw)
        if payload is None:
            return (StreamPart(raw=raw),)
        if payload.startswith(b"[DONE]"):
            return (StreamPart(raw=raw, is_end=True),)
        try:
            event = _decoder.decode(payload)
        except RecursionError:
            raise ValueError("an event is nested too deep") from None
        kind = event.type
        if kind.endswith(".delta") and isinstance(event.delta, str):
            return (self._read_delta(raw, event, event.delta),)
        if kind in _ENDS:
            return self._read_end(raw, event)
        if kind == "error":
            return (StreamPart(raw=raw, is_error=True),)
        if kind in _SILENT:
            model = event.response.model if event.response else None
            return (StreamPart(raw=raw, model=model),)
        return self._read_other(raw, payload, event)

    def _read_delta(self, raw: bytes, event: _Event, delta: str) -> StreamPart:
        lane = _get_lane(event)
        running = self._running.get(lane)
        if running is None:
            running = self._running[lane] = hashlib.sha256()
        running.update(delta.encode("utf-8", "surrogatepass"))
        return StreamPart(raw=raw, text=delta, lane=lane)

    def _read_other(self, raw: bytes, payload: bytes, event: _Event) -> Sequence[StreamPart]:
        """A finished text, part or item, or an event that no table knows."""
        is_done = event.type.endswith(".done")
        if is_done:
            self._close_lanes()
        name = None
        if event.type == "response.output_item.added" and event.item is not None:
            given = event.item.get("name")
            name = given if isinstance(given, str) else None
        texts: list[str] = []
        for field, value in msgspec.json.decode(payload).items():
            if field not in SEALED:
                texts += read_item(value) if isinstance(value, dict) else collect_strings(value)
        news = self._list_news(texts)
        finish = "" if news or is_done else None
        return (*news, StreamPart(raw=raw, tool_call=name, finish_reason=finish))

    def _read_end(self, raw: bytes, event: _Event) -> Sequence[StreamPart]:
        """The last event: usage, and the whole response once more."""
        self._close_lanes()
        response = event.response or _Response()
        texts: list[str] = []
        for item in response.output or ():
            texts += read_item(item) if isinstance(item, dict) else collect_strings(item)
        end = StreamPart(
            raw=raw,
            usage=response.usage.to_usage() if response.usage else None,
            model=response.model,
            finish_reason=response.status or "",
            is_end=True,
            is_error=event.type == "response.failed",
        )
        return (*self._list_news(texts), end)

    def _close_lanes(self) -> None:
        self._said.update(running.digest() for running in self._running.values())
        self._running.clear()

    def _list_news(self, texts: list[str]) -> Sequence[StreamPart]:
        """What no event has said before, as a part to be read ahead of its event."""
        news: list[str] = []
        for text in texts:
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            if digest not in self._said:
                self._said.add(digest)
                news.append(text)
        return (StreamPart(raw=b"", text="\n".join(news), lane="whole"),) if news else ()

    def write_text(self, part: StreamPart, text: str) -> bytes:
        """Bytes of ``part`` with ``text`` in place of its own.

        A delta is written with any text; the second time it is a further delta. What is read
        ahead of its event has no bytes of its own.
        """
        _, payload = read_event(part.raw)
        if payload is None:
            return b""
        event = msgspec.json.decode(payload)
        if not text or not isinstance(event.get("delta"), str):
            return b""
        event["delta"] = text
        if "logprobs" in event:
            event["logprobs"] = []
        return write_event(encode(event), event["type"].encode())

    def write_cut(self, refusal: Refusal, call_id: str) -> bytes:
        """An error event, which SDKs raise; nothing follows it."""
        error = msgspec.json.decode(write_error(refusal, call_id, _CUT_STATUS))["error"]
        event = {
            "type": "error",
            "code": error["code"],
            "message": error["message"],
            "param": None,
            "sequence_number": 0,
            "error": error,
        }
        return write_event(encode(event), b"error")

    def write_comment(self, text: str) -> bytes:
        """An event-stream comment."""
        return write_comment(text)


def _get_lane(event: _Event) -> str:
    place = event.content_index if event.content_index is not None else event.summary_index
    kind = event.type.removeprefix("response.").removesuffix(".delta")
    return f"{event.output_index}.{place}.{kind}"

"""Server-sent events: cutting a byte stream into whole events, and reading one.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

MAX_EVENT_BYTES = 1 << 20

_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_OBJECT = b"data: {"
_BETWEEN = b"}\n\ndata: {"

Chunk = TypeVar("Chunk")


class EventCutter:
    """Cuts one stream into events, whatever line ends it uses and wherever it is torn.

    The events joined together are the bytes as they came, less a torn rest.
    """

    __slots__ = ("_max_bytes", "_rest", "_searched")

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they come; return the whole events, their blank lines included.

        Raises:
            ValueError: an event is larger than the bound.
        """
        if self._rest:
            data = self._rest + data
        if b"\r" in data:
            events, start = self._cut_by_any_line_end(data)
        else:
            events, start = self._cut(data)
        rest = data[start:]
        if len(rest) > self._max_bytes:
            message = "an event of the stream is larger than the bound"
            raise ValueError(message)
        self._rest = rest
        # A blank line is at most four bytes, so it can begin three before the end.
        self._searched = max(0, len(rest) - 3)
        return events

    def _cut(self, data: bytes) -> tuple[list[bytes], int]:
        """The common case: lines end in a line feed alone."""
        blank = data.find(b"\n\n", self._searched)
        if blank < 0:
            return [], 0
        if blank == len(data) - 2:
            return [data], len(data)
        *whole, rest = data.split(b"\n\n")
        return [event + b"\n\n" for event in whole], len(data) - len(rest)

    def _cut_by_any_line_end(self, data: bytes) -> tuple[list[bytes], int]:
        events: list[bytes] = []
        start = 0
        for blank in _BLANK_LINE.finditer(data, self._searched):
            events.append(data[start : blank.end()])
            start = blank.end()
        return events, start


def read_event(raw: bytes) -> tuple[bytes, bytes | None]:
    """Give an event's name (empty without one) and data (``None`` without any)."""
    last = len(raw) - 2
    if b"\r" not in raw:  # the common cases: one data line, with or without a name before it
        if raw.startswith(b"data: ") and raw.find(b"\n") == last:
            return b"", raw[6:last]
        if raw.startswith(b"event: "):
            line = raw.find(b"\n") + 1
            if raw.startswith(b"data: ", line) and raw.find(b"\n", line) == last:
                return raw[7 : line - 1], raw[line + 6 : last]
    name = b""
    data: list[bytes] = []
    for one in _LINE_END.split(raw.removeprefix(b"\xef\xbb\xbf")):
        key, _, value = one.partition(b":")
        value = value.removeprefix(b" ")
        if key == b"data":
            data.append(value)
        elif key == b"event":
            name = value
    return name, b"\n".join(data) if data else None


def decode_run(
    events: Sequence[bytes], decode_lines: Callable[[bytes], list[Chunk]]
) -> list[Chunk]:
    """Decode at once events that are each one line of data with one object in it.

    A line that ends with a brace can't go on in one that begins with a brace: after a whole
    value, inside another or not, no brace opens in JSON. So as many objects as lines are one in
    each line.

    Args:
        events: as :class:`EventCutter` gives them, at least one; the last may be another.
        decode_lines: decodes JSON objects, one a line.

    Returns:
        What the first events hold; nothing where they have to be read one by one.
    """
    run = events if events[-1].startswith(_OBJECT) else events[:-1]
    data = b"".join(run)
    is_run = data.startswith(_OBJECT) and data.endswith(b"}\n\n") and b"\r" not in data
    if not is_run or (data.count(_BETWEEN), data.count(b"\n")) != (len(run) - 1, 2 * len(run)):
        return []
    lines = data[len(b"data: ") :].replace(b"\n\ndata: ", b"\n")
    try:
        chunks = decode_lines(lines)
    except (msgspec.DecodeError, RecursionError):
        return []  # whoever reads them one by one says which and why
    return chunks if len(chunks) == len(run) else []


def write_event(data: bytes, name: bytes = b"") -> bytes:
    """Write an event; the data is one line (compact JSON always is)."""
    if name:
        return b"event: " + name + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"


def write_comment(text: str) -> bytes:
    """Write a comment, which clients skip."""
    return b": " + " ".join(text.split()).encode("utf-8", "replace") + b"\n\n"

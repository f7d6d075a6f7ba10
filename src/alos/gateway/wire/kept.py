"""What a person would read of a kept body, whatever its wire format."""

from alos.domain.refusal import Refusal
from alos.domain.request import Request
from alos.domain.vault import REQUEST
from alos.gateway.wire.formats import FORMATS
from alos.ports.wire import WireFormat

_STREAM_STARTS = (b"data:", b"event:", b":")
_STREAMED = Request(
    document={}, raw=b"", model=None, stream=True, include_usage=True, max_output_tokens=None
)
"""Stands for the request of a stream that is over."""


def list_texts(wire_format: str, kind: str, body: bytes) -> list[str]:
    """The texts of a body in reading order; of what can't be parsed, all of it as one text."""
    known = FORMATS.get(wire_format)
    if known is not None:
        try:
            return _list_request(known, body) if kind == REQUEST else _list_answer(known, body)
        except ValueError:
            pass
    return [body.decode(errors="replace")]


def _list_request(known: WireFormat, body: bytes) -> list[str]:
    request = known.read(body)
    if isinstance(request, Refusal):
        raise ValueError("no request of this format")  # noqa: TRY004 - a refusal is a value
    return [text.text for text in request.texts]


def _list_answer(known: WireFormat, body: bytes) -> list[str]:
    if not body.lstrip().startswith(_STREAM_STARTS):
        view = known.read_answer(body)
        return [*view.texts, *(text for called in view.tool_calls for text in called)]
    lanes: dict[str, list[str]] = {}
    for part in known.open_stream(_STREAMED).feed(body):
        if part.text:
            lanes.setdefault(part.lane, []).append(part.text)
    return ["".join(pieces) for pieces in lanes.values()]

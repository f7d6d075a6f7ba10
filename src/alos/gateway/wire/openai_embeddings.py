"""OpenAI embeddings: ``POST /v1/embeddings``.

Shape: https://platform.openai.com/docs/api-reference/embeddings
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import AnswerView, Edits, Request, StreamPart, Unreadable
from alos.gateway.wire.document import MalformedError, decode, encode
from alos.gateway.wire.edit import copy_document
from alos.gateway.wire.fields import CONTENT, CONTROL, NUMBER, OURS, TEXT, FieldTable
from alos.gateway.wire.openai_errors import write_error
from alos.gateway.wire.openai_parts import split_usage
from alos.gateway.wire.reading import Reading, read_fields

FIELDS: FieldTable = {
    "alos": OURS,
    "dimensions": NUMBER,
    "encoding_format": TEXT,
    "input": CONTENT,
    "model": CONTROL,
    "user": TEXT,
}


def _read_input(reading: Reading, name: str, value: Any) -> None:
    """Read a string or a list of them; tokens can't be read."""
    if isinstance(value, str):
        reading.add_text((name,), "user", value)
        return
    if not isinstance(value, list):
        raise MalformedError("input must be a string or a list")
    for index, one in enumerate(value):
        if isinstance(one, str):
            reading.add_text((name, index), "user", one)
        elif isinstance(one, int | list) and not isinstance(one, bool):
            if not reading.opaque:
                reading.opaque.append(Unreadable((name,), "tokens"))
            reading.add_json((name, index), "user", one)
        else:
            raise MalformedError(f"input[{index}] must be a string or tokens")


_HANDLERS = {"input": _read_input}


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]
    model: str | None = None
    usage: _Usage | None = None


_decoder = msgspec.json.Decoder(_Answer)


class OpenAiEmbeddings:
    """The wire format; pure, without state. It has no output tokens and no streams."""

    name = "openai-embeddings"
    answers_in_text = False
    upstream_path = "/v1/embeddings"

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
        """The body to send; there is no output to bound and no prompt to render."""
        if request.model == edits.model and not edits.replacements:
            return request.raw
        document = copy_document(request, edits.replacements)
        document["model"] = edits.model
        return encode(document)

    def read_answer(self, body: bytes) -> AnswerView:
        """Read the usage; vectors are no text.

        Raises:
            ValueError: it is no list of embeddings.
        """
        answer = _decoder.decode(body)
        usage = answer.usage
        return AnswerView(
            usage=split_usage(usage.prompt_tokens, 0, None, 0) if usage else None,
            model=answer.model,
        )

    def write_static(self, request: Request, text: str, call_id: str) -> bytes:  # noqa: ARG002 - the port's
        """An error: there is no vector that says ``text``."""
        refusal = Refusal(code=ReasonCode.UPSTREAM_FAILED, detail="no fallback for embeddings")
        return write_error(refusal, call_id, 502)

    def write_refusal(self, refusal: Refusal, call_id: str, status: int) -> bytes:
        """The OpenAI error shape."""
        return write_error(refusal, call_id, status)

    def open_stream(self, request: Request) -> "NoStream":  # noqa: ARG002 - the port's
        """A reader that takes nothing, since nothing is ever asked to stream."""
        return NoStream()


class NoStream:
    """The reader of a format without streams."""

    def feed(self, data: bytes) -> Sequence[StreamPart]:
        """Refuse.

        Raises:
            ValueError: always, unless there is nothing.
        """
        if data:
            raise ValueError("this format has no streams")
        return ()

    def write_text(self, part: StreamPart, text: str) -> bytes:  # noqa: ARG002 - the port's
        """Nothing."""
        return b""

    def write_cut(self, refusal: Refusal, call_id: str) -> bytes:
        """The error alone."""
        return write_error(refusal, call_id, 502)

    def write_comment(self, text: str) -> bytes:  # noqa: ARG002 - the port's
        """Nothing."""
        return b""


def _build(document: dict[str, Any], body: bytes, reading: Reading) -> Request:
    if document.get("input") is None:
        raise MalformedError("input is missing")
    if "alos" in document:
        raise MalformedError("alos has no meaning here, since nothing is rendered")
    return reading.to_request(document, body, max_output_tokens=0)

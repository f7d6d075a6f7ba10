"""What the core needs of a provider's wire format."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.refusal import Refusal
from alos.domain.request import AnswerView, Edits, Request, StreamPart


class StreamReader(Protocol):
    """Reads one streamed answer; holds state of that answer only."""

    def feed(self, data: bytes) -> Sequence[StreamPart]:
        """Take bytes as they come, give the whole events in them; keeps a torn rest.

        Raises:
            ValueError: the bytes are no stream of this format (or a line is over 1 MiB).
        """

    def write_text(self, part: StreamPart, text: str) -> bytes:
        """Bytes of ``part`` with ``text`` in place of its own; empty text may give b""."""

    def write_cut(self, refusal: Refusal, call_id: str) -> bytes:
        """A proper last event of this format that says why the stream was stopped."""

    def write_comment(self, text: str) -> bytes:
        """An event-stream comment, which clients ignore."""


class WireFormat(Protocol):
    """One provider API's shape; pure, without state."""

    name: str
    """``openai-chat``, ``openai-responses``, ``openai-embeddings``, ``anthropic-messages``…"""
    answers_in_text: bool
    """Whether an answer can say something in words (a vector or a count can't)."""
    upstream_path: str
    """Path below a provider's base URL, e.g. ``/v1/chat/completions``."""

    def read(self, body: bytes) -> Request | Refusal:
        """Parse and classify every field by the format's table; default deny."""

    def write(self, request: Request, edits: Edits) -> bytes:
        """The body to send; ``request.raw`` itself where nothing needs changing."""

    def read_answer(self, body: bytes) -> AnswerView:
        """Read a whole answer.

        Raises:
            ValueError: it is no answer of this format.
        """

    def write_static(self, request: Request, text: str, call_id: str) -> bytes:
        """A whole answer that says ``text`` (fallback), in this format; a stream if asked."""

    def write_refusal(self, refusal: Refusal, call_id: str, status: int) -> bytes:
        """The format's own error shape."""

    def open_stream(self, request: Request) -> StreamReader:
        """A reader for the stream that answers ``request``."""

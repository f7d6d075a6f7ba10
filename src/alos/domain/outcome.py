"""What the pipeline hands back to a door; the door turns it into HTTP."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from alos.domain.ids import CallId, ModelName, WorkflowId
from alos.domain.refusal import Refusal

Headers = list[tuple[bytes, bytes]]
"""Lower-case names; ASCII values."""


class Answered(NamedTuple):
    """A whole answer whose record is already durable."""

    status: int
    headers: Headers
    body: bytes


class Streaming(NamedTuple):
    """An answer that comes in pieces; its record is durable before the last piece.

    Attributes:
        chunks: never empty pieces; call ``aclose()`` as soon as the client is gone.
    """

    status: int
    headers: Headers
    chunks: AsyncGenerator[bytes, None]


class Listed(NamedTuple):
    """What the key can be used for (``/v1/models``).

    Attributes:
        workflows: (slug, title), the key's default first.
        models: names of the models on those workflows' routes.
    """

    call_id: CallId
    headers: Headers
    workflows: tuple[tuple[WorkflowId, str], ...]
    models: tuple[ModelName, ...]


class Refused(NamedTuple):
    """A "no", recorded already (unless the reason is the journal itself)."""

    refusal: Refusal
    call_id: CallId
    headers: Headers


Outcome = Answered | Streaming | Listed | Refused

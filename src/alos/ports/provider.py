"""How a checked call reaches a model server."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from alos.domain.call import CheckedCall, CheckedCandidate


class Broken(StrEnum):
    """Why no answer came; values stand in the record's attempts."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    BROKEN_OFF = "broken"
    FULL = "full"
    """Every connection to the vendor is in use, and none came free in time; nothing was sent."""
    TOO_LARGE = "too_large"
    CLOSED = "closed"
    """We hung up: the caller left, or a kill switch cut the stream. It says nothing of a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFailure:
    """No HTTP answer; the cause is for the log only."""

    why: Broken
    cause: str


class ProviderAnswer(Protocol):
    """An HTTP answer whose body has not been read yet; close it in any case."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names; only those of interest (content type, retry hints, request id)."""

    async def read(self) -> bytes | ProviderFailure:
        """The whole body, within the size bound and the candidate's timeout."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            ProviderBroke: the stream stalled, broke off or grew past the bound.
        """

    async def close(self) -> None:
        """Give the connection back, or abort what still runs upstream."""


class ProviderBroke(Exception):  # noqa: N818 - named for what happened
    """A stream ended before its end; the failure says how."""

    def __init__(self, failure: ProviderFailure) -> None:
        super().__init__(failure.why)
        self.failure = failure


class Provider(Protocol):
    """Sends; accepts nothing but a call that went through the checks."""

    async def send(
        self, call: CheckedCall, candidate: CheckedCandidate, *, within_seconds: float
    ) -> ProviderAnswer | ProviderFailure:
        """Send the candidate's body; no redirects, no retries, only our own headers.

        ``within_seconds`` is what is left for a whole answer, or for a stream's first byte; the
        candidate's own timeouts hold too.
        """

"""Which earlier answers may be given again: where their bodies are, never the bodies.

Two uses: an Idempotency-Key that comes a second time, and the exact cache. The methods are
coroutines because a cluster keeps both outside the process.
"""

from enum import StrEnum
from typing import NamedTuple, Protocol

from alos.domain.ids import BodyReference, CallId, ModelName


class EarlierAnswer(NamedTuple):
    """An answer that was given and is in the vault.

    Attributes:
        call_id: whose answer it was.
        reference: its body in the vault.
        streamed: the body is a whole event stream.
        model: which model made it.
        output_hash: hex SHA-256 of the body.
    """

    call_id: CallId
    reference: BodyReference
    streamed: bool
    model: ModelName
    output_hash: str


class NotYours(StrEnum):
    """Why a claim was not granted, and there is no answer to give again either."""

    OTHER_REQUEST = "other_request"
    """The same key came with another request."""
    RUNNING = "running"
    """The first call with this key has not ended."""
    NOT_KEPT = "not_kept"
    """It was answered, but its answer is not kept."""


class Claims(Protocol):
    """Idempotency keys; bounded in number and age, and what is forgotten is free again.

    Every method may raise ``CountersDown``, and then nothing has changed.
    """

    async def claim(
        self, key: bytes, fingerprint: bytes, *, now_unix_ns: int
    ) -> EarlierAnswer | NotYours | None:
        """Take a key for one call; ``None`` grants it, until it is kept or let go."""

    async def keep(self, key: bytes, answer: EarlierAnswer | None, *, now_unix_ns: int) -> None:
        """Say what the call was answered; ``None`` where the answer is not kept."""

    async def let_go(self, key: bytes) -> None:
        """The call ended without an answer, so the next one may try again."""


class AnswerCache(Protocol):
    """The exact cache's index; every method may raise ``CountersDown``."""

    async def get(self, key: bytes, *, now_unix_ns: int) -> EarlierAnswer | None:
        """The answer under a key, unless its time is over."""

    async def put(self, key: bytes, answer: EarlierAnswer, *, until_unix_ns: int) -> None:
        """Keep an answer until a time; the oldest one makes way where there are too many."""

"""Where money and requests are counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.domain.call import Reservation
from alos.domain.ids import CallId
from alos.domain.standing import Cap, RateLimit


@dataclass(frozen=True, slots=True)
class RateState:
    """The tightest of the limits after this request was counted.

    Attributes:
        allowed: this request is within every limit (else it was not counted).
        retry_after_seconds: whole seconds until one would be allowed; 0 when allowed.
    """

    allowed: bool
    scope: str
    limit: int
    remaining: int
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Exceeded:
    """The first cap under which the amount does not fit."""

    cap: Cap
    used_nanousd: int


class Counters(Protocol):
    """Exact at any concurrency; check and count are one step.

    Every method may raise ``CountersDown``, and then nothing was counted.
    """

    async def take_request(self, limits: Sequence[RateLimit], *, now_ns: int) -> RateState:
        """Count one request under every limit, or under none where one is used up."""

    async def reserve(
        self, call_id: CallId, caps: Sequence[Cap], *, month: str, amount_nanousd: int
    ) -> Reservation | Exceeded:
        """Set ``amount_nanousd`` aside in every cap's month, or in none."""

    async def settle(
        self, reservation: Reservation, *, cost_nanousd: int, is_recorded: bool = True
    ) -> None:
        """Turn a reservation into what was really spent (once; it may be more or less).

        Args:
            reservation: what was set aside.
            cost_nanousd: what was spent.
            is_recorded: the record that says so was appended to the journal.
        """

    async def get_used_nanousd(self, scope: str, *, month: str) -> int:
        """Spent and reserved in the month."""

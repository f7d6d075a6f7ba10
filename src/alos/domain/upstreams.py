"""What is known of the way to the models: breakers, and calls by vendor."""

from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    """What a breaker lets through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerView:
    """The breaker of one (vendor, model) that has failed since the process started.

    Attributes:
        reason: the last failure's result (``timeout``, ``http_503``…); empty while none counts.
        failures: in a row, up to now.
        retry_in_seconds: until the next call is let through; 0 unless it is open.
        opened: how often it opened since the process started.
    """

    vendor: str
    model: str
    state: BreakerState
    reason: str
    failures: int
    retry_in_seconds: float
    opened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsView:
    """The calls that are with one vendor, and that wait for a turn.

    Attributes:
        turned_away: calls that got no turn since the process started.
    """

    vendor: str
    in_use: int
    most: int
    waiting: int
    turned_away: int

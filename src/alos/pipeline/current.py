"""Current: may a call be decided by what this process knows, and at this process's time?

When the store has not been heard of, kills, revocations and new releases made elsewhere may be
missing. From Tier 2 on calls are then refused after the tier's limit; Tier 0 and 1 go on to a
second, longer one. A clock that was set back is refused at once: entries would be dated before
what is on record.
"""

from dataclasses import dataclass
from typing import Final

from alos.domain.refusal import ReasonCode, Refusal
from alos.ports.clock import Clock

_NS: Final = 1_000_000_000
_STRICT_TIER: Final = 2
_STEP_NS: Final = _NS
"""A clock that is corrected by less than a second is not set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleLimits:
    """For how long the last news of the store is good enough.

    Attributes:
        by_tier: seconds for each tier, 0 to 4.
        last_seconds: the end for Tier 0 and 1, which go on beyond their own limit.
    """

    by_tier: tuple[int, ...] = (60, 60, 60, 60, 60)
    last_seconds: int = 3600

    def get_seconds(self, tier: int) -> int:
        """The limit at which calls of a tier are refused."""
        own = self.by_tier[tier]
        return own if tier >= _STRICT_TIER else max(own, self.last_seconds)


class Current:
    """One per process; whoever hears of the store says so."""

    def __init__(self, clock: Clock, limits: StaleLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._heard_at_ns = clock.monotonic_ns()
        self._newest_unix_ns = clock.unix_ns()

    @property
    def limits(self) -> StaleLimits:
        """For how long the last news is good enough."""
        return self._limits

    def note_heard(self) -> None:
        """The store answered just now."""
        self._heard_at_ns = self._clock.monotonic_ns()

    def get_age_seconds(self) -> float:
        """How old the last news of the store is."""
        return (self._clock.monotonic_ns() - self._heard_at_ns) / _NS

    def __call__(self, tier: int, received_unix_ns: int) -> Refusal | None:
        """Say why no call of ``tier`` can be decided now."""
        behind_ns = self._newest_unix_ns - received_unix_ns
        if behind_ns > _STEP_NS:
            detail = f"the clock went back by {behind_ns / _NS:.0f} s"
            return Refusal(code=ReasonCode.CLOCK_BEHIND, detail=detail)
        self._newest_unix_ns = max(self._newest_unix_ns, received_unix_ns)
        age = self.get_age_seconds()
        if age > self._limits.get_seconds(tier):
            detail = f"no news of the store for {age:.0f} s"
            return Refusal(code=ReasonCode.STANDING_STALE, detail=detail)
        return None

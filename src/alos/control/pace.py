"""How often strangers may ask for what costs us something, e.g. beginning a login."""

from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.ports.clock import Clock

_MINUTE_SECONDS = 60


class Pace:
    """Counts a minute's requests per source and in all; memory is bounded by the latter."""

    def __init__(self, clock: Clock, *, per_source: int, in_all: int) -> None:
        self._clock = clock
        self._per_source = per_source
        self._in_all = in_all
        self._minute = -1
        self._seen: dict[str, int] = {}
        self._count = 0

    def check(self, source: str) -> Refusal | None:
        """Count one request, or say that it comes too soon."""
        seconds = self._clock.unix_ns() // 1_000_000_000
        minute = seconds // _MINUTE_SECONDS
        if minute != self._minute:
            self._minute, self._seen, self._count = minute, {}, 0
        mine = self._seen.get(source, 0)
        if mine >= self._per_source or self._count >= self._in_all:
            wait = _MINUTE_SECONDS - seconds % _MINUTE_SECONDS
            return Refusal(code=ReasonCode.RATE_LIMITED, retry_after_seconds=wait)
        self._seen[source] = mine + 1
        self._count += 1
        return None

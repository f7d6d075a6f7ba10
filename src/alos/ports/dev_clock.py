"""A dev folder's clock for releases, which can be moved on; nothing else looks at it."""

from alos.ports.clock import Clock


class DevClock:
    """The clock of the releases of a dev folder: the machine's, moved on by so many seconds.

    Soak times of days can be walked through in a minute. Every move is noted, everything in a
    dev folder is labelled DEV, and a production folder has no such clock. The journal, the
    ledger and the calls keep the machine's time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead_seconds = 0

    def advance(self, seconds: int) -> None:
        """Move on; never back."""
        if seconds < 0:
            raise ValueError("the clock only moves on")
        self.ahead_seconds += seconds

    def unix_ns(self) -> int:
        """See :class:`alos.ports.clock.Clock`."""
        return self._clock.unix_ns() + self.ahead_seconds * 1_000_000_000

    def monotonic_ns(self) -> int:
        """See :class:`alos.ports.clock.Clock`."""
        return self._clock.monotonic_ns()

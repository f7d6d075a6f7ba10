"""Time, as an argument."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time."""

    def unix_ns(self) -> int:
        """Nanoseconds since 1970 UTC."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back; only differences mean anything."""


class SystemClock:
    """The machine's clocks."""

    unix_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.monotonic_ns)


def to_datetime(unix_ns: int) -> datetime:
    """Turn nanoseconds into an aware UTC datetime (microseconds kept)."""
    return datetime.fromtimestamp(unix_ns // 1_000_000_000, tz=UTC).replace(
        microsecond=unix_ns % 1_000_000_000 // 1_000
    )

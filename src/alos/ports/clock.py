"""Time, as an argument."""

import time
from datetime import UTC, datetime
from functools import lru_cache
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


def get_month(unix_ns: int) -> str:
    """The budget month of a moment, ``YYYY-MM`` in UTC."""
    return _get_month_of_hour(unix_ns // 3_600_000_000_000)


@lru_cache(maxsize=8)
def _get_month_of_hour(hour: int) -> str:
    return to_datetime(hour * 3_600_000_000_000).strftime("%Y-%m")

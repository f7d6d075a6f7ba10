"""Days of ``calls`` on PostgreSQL, each a table of its own, so that retention drops whole days."""

from collections.abc import Container, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _NS
_PREFIX: Final = "calls_"
_LIST: Final = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'calls'::regclass"
)


def get_day(unix_ns: int) -> int:
    """The number of the day (UTC) since 1970."""
    return unix_ns // _DAY_NS


def list_days(connection: Connection) -> set[int]:
    """The days that have a table."""
    return {_to_day(name) for name in connection.exec_driver_sql(_LIST).scalars()}


def ensure_days(connection: Connection, days: Iterable[int], there: set[int]) -> None:
    """Make the tables of days that have none; readers of the others don't wait.

    Args:
        connection: in a transaction of the writers.
        days: that are needed.
        there: days known to have one.
    """
    missing = set(days) - there
    if not missing:
        return
    for day in sorted(missing - list_days(connection)):
        table, begin, end = _to_name(day), day * _DAY_NS, (day + 1) * _DAY_NS
        connection.exec_driver_sql(f"CREATE TABLE {table} (LIKE calls INCLUDING ALL)")
        connection.exec_driver_sql(
            f"ALTER TABLE calls ATTACH PARTITION {table} FOR VALUES FROM ({begin}) TO ({end})"
        )


def drop_days(connection: Connection, before_unix_ns: int, kept: Container[int] = ()) -> list[int]:
    """Drop the tables of all days that ended before a time, but ``kept``; returns the days."""
    limit = get_day(before_unix_ns)
    dropped = sorted(day for day in list_days(connection) if day < limit and day not in kept)
    for day in dropped:
        connection.exec_driver_sql(f"DROP TABLE {_to_name(day)}")
    return dropped


def _to_name(day: int) -> str:
    date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return f"{_PREFIX}{date:%Y%m%d}"


def _to_day(name: str) -> int:
    date = datetime.strptime(name.removeprefix(_PREFIX), "%Y%m%d").replace(tzinfo=UTC)
    return int(date.timestamp()) * _NS // _DAY_NS

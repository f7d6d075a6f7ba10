"""Where in an hour its calls are: the first and last, the highest, and those with findings."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_DAY_NS = 86_400_000_000_000
_HOUR_NS = 3_600_000_000_000
_NAMES = ("workspace", "workflow", "vendor", "model", "outcome", "reason", "purpose")
_SUMS = (
    "calls",
    "cost_nanousd",
    "duration_ms",
    "overhead_us",
    "highest_cost_nanousd",
    "highest_duration_ms",
)
_SPAN = ("first_opened_at_unix_ns", "last_opened_at_unix_ns")
_SPOTS = (
    *_SPAN,
    "highest_cost_at_unix_ns",
    "next_cost_nanousd",
    "highest_duration_at_unix_ns",
    "next_duration_ms",
)
_BOUNDS = f"""
    UPDATE call_hours SET
        first_opened_at_unix_ns = hour_unix * 1000000000,
        last_opened_at_unix_ns = hour_unix * 1000000000 + {_HOUR_NS} - 1,
        next_cost_nanousd = highest_cost_nanousd, next_duration_ms = highest_duration_ms
"""  # noqa: S608 (our own numbers)
"""True of any hour, whatever of its calls is still there."""


def _at(name: str, high: str) -> str:
    return f"coalesce(max(CASE WHEN c.{name} >= h.{high} THEN c.opened_at_unix_ns END), 0)"


def _next(name: str, high: str) -> str:
    return (
        f"CASE WHEN count(CASE WHEN c.{name} >= h.{high} THEN 1 END) > 1 THEN max(h.{high})"
        f" ELSE coalesce(max(CASE WHEN c.{name} < h.{high} THEN c.{name} END), 0) END"
    )


_KEY = ("hour_unix", *_NAMES)
_COST, _DURATION = ("cost_nanousd", "highest_cost_nanousd"), ("duration_ms", "highest_duration_ms")
_VALUES = (
    "min(c.opened_at_unix_ns)",
    "max(c.opened_at_unix_ns)",
    _at(*_COST),
    _next(*_COST),
    _at(*_DURATION),
    _next(*_DURATION),
)
_EXACT = f"""
    UPDATE call_hours SET {", ".join(f"{name} = found.{name}" for name in _SPOTS)}
    FROM (
        SELECT {", ".join(f"h.{name} AS {name}" for name in _KEY)},
            {", ".join(f"{value} AS {name}" for value, name in zip(_VALUES, _SPOTS, strict=True))}
        FROM calls AS c JOIN call_hours AS h
        ON h.hour_unix = c.opened_at_unix_ns / {_HOUR_NS} * 3600
        {" ".join(f"AND h.{name} = coalesce(c.{name}, '')" for name in _NAMES)}
        WHERE c.opened_at_unix_ns >= :begin AND c.opened_at_unix_ns < :begin + {_DAY_NS}
        GROUP BY {", ".join(f"h.{name}" for name in _KEY)}
    ) AS found
    WHERE {" AND ".join(f"call_hours.{name} = found.{name}" for name in _KEY)}
"""  # noqa: S608 (our own names)
_LIST_FOUND = f"""
    SELECT opened_at_unix_ns / {_HOUR_NS} * 3600, finding_words,
        min(opened_at_unix_ns), max(opened_at_unix_ns)
    FROM calls WHERE finding_words IS NOT NULL GROUP BY 1, 2
"""  # noqa: S608 (our own numbers)


def upgrade() -> None:
    """Add the columns, and fill them; in SQLite sums stand in the order of their key then."""
    if op.get_bind().dialect.name == "sqlite":
        for table, time in (("call_hours", "hour_unix"), ("call_days", "day_unix")):
            _put_in_order(table, time)
    for table, names in (("call_hours", _SPOTS), ("finding_hours", _SPAN)):
        for name in names:
            column = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
            op.add_column(table, column)
    fill(op.get_bind())


def _put_in_order(table: str, time: str) -> None:
    op.rename_table(table, f"{table}_before")
    op.create_table(
        table,
        sa.Column(time, sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String(), primary_key=True) for name in _NAMES),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sqlite_with_rowid=False,
    )
    names = ", ".join((time, *_NAMES, *_SUMS))
    op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}_before")  # noqa: S608 (our own names)
    op.drop_table(f"{table}_before")


def fill(connection: sa.Connection) -> None:
    """Look into ``calls``, a day at a time."""
    connection.exec_driver_sql(_BOUNDS)
    for day in connection.exec_driver_sql("SELECT DISTINCT day_unix FROM call_days").all():
        connection.execute(sa.text(_EXACT), {"begin": day[0] * 1_000_000_000})
    _fill_found(connection)


def _fill_found(connection: sa.Connection) -> None:
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for hour, words, first, last in connection.exec_driver_sql(_LIST_FOUND):
        for word in words.strip("|").split("|"):
            known = found.get((hour, word), (first, last))
            found[hour, word] = (min(known[0], first), max(known[1], last))
    rows: list[dict[str, Any]] = [
        {"hour": hour, "word": word, "first": first, "last": last}
        for (hour, word), (first, last) in found.items()
    ]
    if rows:
        statement = (
            f"UPDATE finding_hours SET {_SPAN[0]} = :first, {_SPAN[1]} = :last"  # noqa: S608 (our own names)
            " WHERE hour_unix = :hour AND word = :word"
        )
        connection.execute(sa.text(statement), rows)

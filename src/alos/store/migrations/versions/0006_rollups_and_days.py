"""Spend by scope and day, purpose, run and near miss of calls, more indexes; days on PostgreSQL.

``call_hours`` is made again from ``calls``.
"""

import sqlalchemy as sa
from alembic import op

from alos.store.partitions import ensure_days

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DAY_NS = 86_400_000_000_000
_HOUR_NS = 3_600_000_000_000
_NEW_INDEXES = (
    ("calls_by_workspace", ["workspace", "opened_at_unix_ns"], None),
    ("calls_by_model", ["model", "opened_at_unix_ns"], None),
    ("calls_by_key", ["key_id", "opened_at_unix_ns"], None),
    ("calls_by_person", ["principal", "opened_at_unix_ns"], "principal IS NOT NULL"),
    ("calls_by_run", ["run", "opened_at_unix_ns"], "run IS NOT NULL"),
    ("calls_near_miss", ["opened_at_unix_ns"], "near_miss IS NOT NULL"),
)
_OLD_INDEXES = (
    ("calls_by_time", ["opened_at_unix_ns"], None),
    ("calls_by_workflow", ["workflow", "opened_at_unix_ns"], None),
    ("calls_by_task", ["task"], "task IS NOT NULL"),
    ("calls_by_reason", ["reason", "opened_at_unix_ns"], "reason IS NOT NULL"),
    ("calls_with_findings", ["opened_at_unix_ns"], "finding_words IS NOT NULL"),
    ("calls_not_answered", ["outcome", "opened_at_unix_ns"], "outcome <> 'answered'"),
)
_SCOPES = (
    ("'organisation'", "TRUE"),
    ("'vendor:' || vendor", "vendor IS NOT NULL"),
    ("'workspace:' || workspace", "workspace IS NOT NULL"),
    ("'workflow:' || workflow", "workflow IS NOT NULL"),
    ("'key:' || key_id", "key_id IS NOT NULL"),
    ("'person:' || principal", "principal IS NOT NULL"),
)


def upgrade() -> None:
    """Add them."""
    for name in ("purpose", "run", "near_miss"):
        op.add_column("calls", sa.Column(name, sa.String(), nullable=True))
    op.add_column(
        "journal_writers",
        sa.Column("arrived_at_unix_ns", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.execute(
        "UPDATE journal_writers SET arrived_at_unix_ns ="
        " (SELECT coalesce(max(arrived_at_unix_ns), 0) FROM calls)"
    )
    if op.get_bind().dialect.name == "postgresql":
        _part_by_day()
    for name, columns, where in _NEW_INDEXES:
        _create_index(name, columns, where)
    _sum_hours()
    _sum_scopes()


def _create_index(name: str, columns: list[str], where: str | None) -> None:
    part = sa.text(where) if where else None
    op.create_index(name, "calls", columns, sqlite_where=part, postgresql_where=part)


def _part_by_day() -> None:
    connection = op.get_bind()
    for name in ("calls_by_id", *(name for name, *_ in _OLD_INDEXES)):
        op.drop_index(name, "calls")
    op.execute("ALTER TABLE calls DROP CONSTRAINT calls_pkey")
    op.execute("ALTER TABLE calls RENAME TO calls_before")
    op.execute(
        "CREATE TABLE calls (LIKE calls_before INCLUDING DEFAULTS)"
        " PARTITION BY RANGE (opened_at_unix_ns)"
    )
    op.execute("ALTER SEQUENCE calls_number_seq OWNED BY calls.number")
    op.create_index("calls_by_id_and_time", "calls", ["call_id", "opened_at_unix_ns"], unique=True)
    op.create_index("calls_by_number", "calls", ["number"])
    for name, columns, where in _OLD_INDEXES:
        _create_index(name, columns, where)
    days = connection.exec_driver_sql(
        f"SELECT DISTINCT opened_at_unix_ns / {_DAY_NS} FROM calls_before"  # noqa: S608 (our own names)
    )
    ensure_days(connection, [int(day) for day in days.scalars()], set())
    op.execute("INSERT INTO calls SELECT * FROM calls_before ORDER BY number")
    op.drop_table("calls_before")


def _sum_hours() -> None:
    op.drop_table("call_hours")
    names = ("workspace", "workflow", "vendor", "model", "outcome", "reason", "purpose")
    sums = ("calls", "cost_nanousd", "duration_ms", "overhead_us")
    highest = ("highest_cost_nanousd", "highest_duration_ms")
    op.create_table(
        "call_hours",
        sa.Column("hour_unix", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in names),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in (*sums, *highest)),
        sa.PrimaryKeyConstraint("hour_unix", *names),
    )
    named = ", ".join(f"coalesce({name}, '')" for name in names)
    op.execute(
        f"INSERT INTO call_hours SELECT opened_at_unix_ns / {_HOUR_NS} * 3600 AS hour, {named},"  # noqa: S608 (our own names)
        " count(*), sum(cost_nanousd), sum(duration_ms), sum(overhead_us),"
        " max(cost_nanousd), max(duration_ms)"
        " FROM calls GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    )


def _sum_scopes() -> None:
    op.create_table(
        "scope_days",
        sa.Column("day_unix", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day_unix", "scope"),
    )
    for scope, where in _SCOPES:
        op.execute(
            f"INSERT INTO scope_days SELECT opened_at_unix_ns / {_DAY_NS} * 86400 AS day,"  # noqa: S608 (our own names)
            f" {scope}, count(*), sum(cost_nanousd) FROM calls WHERE {where} GROUP BY 1, 2"
        )

"""The tables of the store; the same on SQLite and PostgreSQL but for the days of ``calls``.

On PostgreSQL ``calls`` is partitioned by the day of ``opened_at_unix_ns``
(:mod:`alos.store.partitions`), and a call's id is unique within that.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata: Final = MetaData()

_row_number = BigInteger().with_variant(Integer(), "sqlite")
"""In SQLite only INTEGER is the row's own number and costs no index."""

NOT_ANSWERED: Final = "outcome <> 'answered'"
"""The words of the index of rare outcomes; a search has to say them to use it."""


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index over the few rows that have something there."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


calls: Final = Table(
    "calls",
    metadata,
    Column("number", _row_number, primary_key=True),
    Column("call_id", String, nullable=False),
    Column("opened_at_unix_ns", BigInteger, nullable=False),
    Column("workspace", String),
    Column("workflow", String),
    Column("key_id", String),
    Column("principal", String),
    Column("task", String),
    Column("model", String),
    Column("upstream_model", String),
    Column("vendor", String),
    Column("tier", Integer),
    Column("release", String),
    Column("outcome", String, nullable=False),
    Column("reason", String),
    Column("stage", String, nullable=False),
    Column("http_status", Integer, nullable=False),
    Column("cost_nanousd", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("overhead_us", BigInteger, nullable=False),
    Column("finding_words", Text),
    Column("purpose", String),
    Column("run", String),
    Column("near_miss", String),
    Column("closing_writer", String, nullable=False),
    Column("closing_segment", Integer, nullable=False),
    Column("closing_byte_offset", BigInteger, nullable=False),
    Column("closing_sequence", BigInteger, nullable=False),
    Column("opening_writer", String),
    Column("opening_segment", Integer),
    Column("opening_byte_offset", BigInteger),
    Column("opening_sequence", BigInteger),
    Column("arrived_at_unix_ns", BigInteger, nullable=False),
    Index("calls_by_id", "call_id", unique=True).ddl_if(dialect="sqlite"),
    Index("calls_by_id_and_time", "call_id", "opened_at_unix_ns", unique=True).ddl_if(
        dialect="postgresql"
    ),
    Index("calls_by_number", "number").ddl_if(dialect="postgresql"),
    Index("calls_by_time", "opened_at_unix_ns"),
    Index("calls_by_workflow", "workflow", "opened_at_unix_ns"),
    _partial("calls_by_person", "principal", "opened_at_unix_ns", where="principal IS NOT NULL"),
    _partial("calls_by_task", "task", where="task IS NOT NULL"),
    _partial("calls_by_reason", "reason", "opened_at_unix_ns", where="reason IS NOT NULL"),
    _partial("calls_by_run", "run", "opened_at_unix_ns", where="run IS NOT NULL"),
    _partial("calls_near_miss", "opened_at_unix_ns", where="near_miss IS NOT NULL"),
    _partial("calls_with_findings", "opened_at_unix_ns", where="finding_words IS NOT NULL"),
    _partial("calls_not_answered", "outcome", "opened_at_unix_ns", where=NOT_ANSWERED),
)
"""One row per call that ended; ``number`` and ``arrived_at_unix_ns`` grow together.

What a search, a sum or a cap needs; the rest stands in the journal at (writer, segment, offset).
Each index costs every call a few microseconds, so workspaces, models, vendors, costs and
latencies have none: ``call_hours`` says in which hours and workflows there can be a match, and
between which moments, and only there calls are read.
``finding_words`` holds the kinds and types of the findings between bars.
"""

running_calls: Final = Table(
    "running_calls",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("opened_at_unix_ns", BigInteger, nullable=False),
    Column("workspace", String, nullable=False),
    Column("workflow", String, nullable=False),
    Column("key_id", String, nullable=False),
    Column("opening_writer", String, nullable=False),
    Column("opening_segment", Integer, nullable=False),
    Column("opening_byte_offset", BigInteger, nullable=False),
    Column("opening_sequence", BigInteger, nullable=False),
    Column("arrived_at_unix_ns", BigInteger, nullable=False),
)
"""Calls whose opening arrived and whose closing has not."""

_SUM_NAMES: Final = (
    "workspace",
    "workflow",
    "vendor",
    "model",
    "outcome",
    "reason",
    "purpose",
)
_SUMS: Final = (
    "calls",
    "cost_nanousd",
    "duration_ms",
    "overhead_us",
    "highest_cost_nanousd",
    "highest_duration_ms",
)


_SPOTS: Final = (
    "first_opened_at_unix_ns",
    "last_opened_at_unix_ns",
    "highest_cost_at_unix_ns",
    "next_cost_nanousd",
    "highest_duration_at_unix_ns",
    "next_duration_ms",
)


def _sums_by(name: str, time: str, *spots: Column[int]) -> Table:
    return Table(
        name,
        metadata,
        Column(time, BigInteger, primary_key=True, autoincrement=False),
        *(Column(one, String, primary_key=True) for one in _SUM_NAMES),
        *(Column(one, BigInteger, nullable=False) for one in _SUMS),
        *spots,
        sqlite_with_rowid=False,  # many are read in order of their key
    )


def _spots(*names: str) -> list[Column[int]]:
    return [Column(one, BigInteger, nullable=False, server_default="0") for one in names]


call_hours: Final = _sums_by("call_hours", "hour_unix", *_spots(*_SPOTS))
call_days: Final = _sums_by("call_days", "day_unix")
"""Sums over ``calls`` by the hour and by the day in which they began; an absent name is an empty
text. The highest values are bounds: no call of that time is above them.

An hour also says where in it its calls are: when the first and the last of them began, and the
one of the highest value; no other is above the next value. What is rare is so read where it is.
"""

finding_hours: Final = Table(
    "finding_hours",
    metadata,
    Column("hour_unix", BigInteger, primary_key=True, autoincrement=False),
    Column("word", String, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    *_spots(*_SPOTS[:2]),
)
"""In how many calls of an hour a kind or type of finding was seen, and when these began."""

model_names: Final = Table(
    "model_names",
    metadata,
    Column("model", String, primary_key=True),
    Column("upstream_model", String, primary_key=True),
)
"""Names under which providers know our models, as far as calls went there."""

scope_days: Final = Table(
    "scope_days",
    metadata,
    Column("day_unix", BigInteger, primary_key=True, autoincrement=False),
    Column("scope", String, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("cost_nanousd", BigInteger, nullable=False),
)
"""What each scope of a cap (``organisation``, ``workspace:<id>``, ``person:<id>``…) cost by the
day in which the calls began."""

notes: Final = Table(
    "notes",
    metadata,
    Column("writer", String, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("hash", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("at_unix_ns", BigInteger, nullable=False),
    Column("facts", JSON(none_as_null=True), nullable=False),
    Column("personal", JSON(none_as_null=True), nullable=False),
    Index("notes_by_kind", "kind", "at_unix_ns"),
)

journal_writers: Final = Table(
    "journal_writers",
    metadata,
    Column("writer", String, primary_key=True),
    Column("segment", Integer, nullable=False),
    Column("byte_offset", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("is_done", Boolean, nullable=False),
    Column("arrived_at_unix_ns", BigInteger, nullable=False, server_default="0"),
)
"""How far each journal has been shipped; moves in the transaction that writes the rows."""

journal_damage: Final = Table(
    "journal_damage",
    metadata,
    Column("file", String, primary_key=True),
    Column("byte_offset", BigInteger, primary_key=True),
    Column("why", Text, nullable=False),
)

keys: Final = Table(
    "keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("prefix", String, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("principal_id", String, nullable=False),
    Column("principal_kind", String, nullable=False),
    Column("workspace", String, nullable=False),
    Column("workflows", JSON(none_as_null=True), nullable=False),
    Column("default_workflow", String, nullable=False),
    Column("surface", String, nullable=False),
    Column("expires_at_unix", BigInteger),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("created_by", String, nullable=False),
    Column("revoked_at_unix", BigInteger),
    Column("revoked_by", String),
    Column("rotate_by_unix", BigInteger),
    Column("rotate_reason", Text),
    Column("follows", String),
    Column("last_used_at_unix", BigInteger),
    Column("default_prompt", String),
)

revival_votes: Final = Table(
    "revival_votes",
    metadata,
    Column("kind", String, primary_key=True),
    Column("target", String, primary_key=True),
    Column("since_unix", BigInteger, primary_key=True, autoincrement=False),
    Column("person", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("identities", JSON, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("is_owner", Boolean, nullable=False),
    Column("is_author", Boolean, nullable=False),
    Column("at_unix", BigInteger, nullable=False),
)
"""What people said about taking a kill switch back, by the stop that it is about."""

stops: Final = Table(
    "stops",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("since_unix", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("revived_at_unix", BigInteger),
    Column("revived_by", String),
    Column("pulled_at_unix_ns", BigInteger, nullable=False, server_default="0"),
    Index("stops_by_target", "kind", "target"),
)

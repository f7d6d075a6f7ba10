"""The tables of the embedded store; the same on SQLite and PostgreSQL."""

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
)

metadata: Final = MetaData()

calls: Final = Table(
    "calls",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("opening_writer", String),
    Column("opening_sequence", BigInteger),
    Column("ceiling_nanousd", BigInteger),
    Column("closing_writer", String),
    Column("closing_sequence", BigInteger),
    Column("closing_hash", String),
    Column("opened_at_unix_ns", BigInteger, nullable=False),
    Column("closed_at_unix_ns", BigInteger),
    Column("outcome", String),
    Column("stage", String),
    Column("reason", String),
    Column("detail", Text),
    Column("http_status", Integer),
    Column("wire_format", String),
    Column("streamed", Boolean),
    Column("key_id", String),
    Column("workspace", String),
    Column("workflow", String),
    Column("tier", Integer),
    Column("surface", String),
    Column("accountable", String),
    Column("release", String),
    Column("release_stage", String),
    Column("approved_by", JSON(none_as_null=True)),
    Column("policy", String),
    Column("rules", String),
    Column("standing_epoch", BigInteger),
    Column("model_asked", String),
    Column("model", String),
    Column("vendor", String),
    Column("upstream_model", String),
    Column("attempts", JSON(none_as_null=True)),
    Column("route_reason", Text),
    Column("prompt_version", String),
    Column("prompt_evidence", String),
    Column("request_hash", String),
    Column("sent_hash", String),
    Column("output_hash", String),
    Column("request_bytes", BigInteger),
    Column("answer_bytes", BigInteger),
    Column("findings", JSON(none_as_null=True)),
    Column("finding_words", Text),
    Column("unscanned", JSON(none_as_null=True)),
    Column("unknown_fields", Integer),
    Column("tools", JSON(none_as_null=True)),
    Column("usage", JSON(none_as_null=True)),
    Column("cost_nanousd", BigInteger),
    Column("cost_estimated", Boolean),
    Column("reserved_nanousd", BigInteger),
    Column("price_source", String),
    Column("overhead_us", BigInteger),
    Column("first_byte_ms", BigInteger),
    Column("duration_ms", BigInteger),
    Column("principal", String),
    Column("task", String),
    Column("personal", JSON(none_as_null=True)),
    Column("arrived_at_unix_ns", BigInteger, nullable=False),
    Index("calls_by_time", "opened_at_unix_ns", "call_id"),
    Index("calls_by_workflow", "workflow", "opened_at_unix_ns"),
    Index("calls_by_principal", "principal", "opened_at_unix_ns"),
    Index("calls_by_arrival", "arrived_at_unix_ns"),
)
"""One row per call: an opening makes it, the closing completes it.

``finding_words`` holds the kinds and types of the findings between bars, for searching;
``personal`` holds [name, salt in hexadecimal, value] triples, and erasing empties it.
"""

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

ship_cursors: Final = Table(
    "ship_cursors",
    metadata,
    Column("writer", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("byte_offset", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("is_done", Boolean, nullable=False),
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
)

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
    Index("stops_by_target", "kind", "target"),
)

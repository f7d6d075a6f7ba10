"""The table of requests that wait for people."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, String, Table

from alos.store.tables import metadata

held_requests: Final = Table(
    "held_requests",
    metadata,
    Column("id", String, primary_key=True),
    Column("call_id", String, nullable=False),
    Column("workflow", String, nullable=False),
    Column("workspace", String, nullable=False),
    Column("queue", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("at_unix_ns", BigInteger, nullable=False),
    Column("body", String, nullable=False),
    Column("state", String, nullable=False),
    Column("done_by", String, nullable=False),
    Column("done_at_unix_ns", BigInteger),
    Index("held_requests_by_state", "state", "at_unix_ns"),
)
"""``body``: a vault reference; nothing of the caller's stands in the table."""

"""The table of what people said of answers."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from alos.store.tables import metadata

feedback: Final = Table(
    "call_feedback",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("call_id", String, nullable=False, unique=True),
    Column("workflow", String, nullable=False),
    Column("release", String, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("at_unix_ns", BigInteger, nullable=False),
    Index("ix_call_feedback_release", "workflow", "release", "number"),
)
"""``number``: in the order of arrival, given by the database."""

"""The table of notices and what became of each."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text

from alos.store.tables import metadata

notices: Final = Table(
    "notices",
    metadata,
    Column("notice_id", String, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("lines", JSON(none_as_null=True), nullable=False),
    Column("to", JSON(none_as_null=True), nullable=False),
    Column("person", String),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("made_at_unix", BigInteger, nullable=False),
    Column("next_at_unix", BigInteger, nullable=False),
    Column("delivered_at_unix", BigInteger),
    Column("error", Text, nullable=False),
    Index("notices_by_state", "state", "next_at_unix"),
)

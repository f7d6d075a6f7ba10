"""The tables of bundles and releases."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from alos.store.tables import metadata

_row_number = BigInteger().with_variant(Integer(), "sqlite")

bundles: Final = Table(
    "bundles",
    metadata,
    Column("digest", String, primary_key=True),
    Column("workflow", String, nullable=False),
    Column("contents", LargeBinary, nullable=False),
    Column("uploaded_by", String, nullable=False),
    Column("uploaded_at_unix", BigInteger, nullable=False),
    Index("bundles_by_workflow", "workflow", "uploaded_at_unix"),
)
"""``contents``: a zlib-compressed MessagePack map from path to raw bytes, sorted by path."""

waivers: Final = Table(
    "waivers",
    metadata,
    Column("waiver_id", String, primary_key=True),
    Column("requested_at_unix", BigInteger, nullable=False),
    Column("waiver", Text, nullable=False),
)
"""``waiver``: JSON of the fields of ``domain.waiver.Waiver``."""

release_events: Final = Table(
    "release_events",
    metadata,
    Column("number", _row_number, primary_key=True, autoincrement=True),
    Column("workflow", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("event", Text, nullable=False),
    Index("release_events_by_place", "workflow", "sequence", unique=True),
    sqlite_autoincrement=True,
)
"""``event``: JSON of the fields of ``domain.release``'s class named by ``kind``."""

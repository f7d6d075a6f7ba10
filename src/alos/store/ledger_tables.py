"""The tables of the ledger: what waits for its place, the leaves, the tree, its signed heads."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from alos.store.tables import metadata

_row_number = BigInteger().with_variant(Integer(), "sqlite")
"""In SQLite only INTEGER is the row's own number and costs no index."""

ledger_inbox: Final = Table(
    "ledger_inbox",
    metadata,
    Column("number", _row_number, primary_key=True, autoincrement=True),
    Column("writer", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ledger_inbox_by_entry", "writer", "sequence", unique=True),
    sqlite_autoincrement=True,
)
"""Leaf hashes in order of arrival, until the sealer gives them their place."""

ledger_leaves: Final = Table(
    "ledger_leaves",
    metadata,
    Column("position", _row_number, primary_key=True, autoincrement=False),
    Column("writer_number", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ledger_leaves_by_entry", "writer_number", "sequence", unique=True),
)

ledger_nodes: Final = Table(
    "ledger_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
"""Complete subtrees of levels 8, 16, …; those between are recomputed from at most 256."""

ledger_writers: Final = Table(
    "ledger_writers",
    metadata,
    Column("number", _row_number, primary_key=True, autoincrement=True),
    Column("writer", String, nullable=False, unique=True),
    Column("next_sequence", BigInteger, nullable=False),
    Column("seen_at_unix_ns", BigInteger, nullable=False),
    Column("is_silent", Boolean, nullable=False),
)

ledger_gaps: Final = Table(
    "ledger_gaps",
    metadata,
    Column("writer", String, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("last_sequence", BigInteger),
    Column("why", String, nullable=False),
    Column("noticed_at_unix_ns", BigInteger, nullable=False),
    Column("is_noted", Boolean, nullable=False),
)
"""Entries that should have come: ``missing`` ones, or whatever a ``silent`` writer still owes
(no last sequence); ``changed`` where one came twice and differed."""

ledger_checkpoints: Final = Table(
    "ledger_checkpoints",
    metadata,
    Column("number", _row_number, primary_key=True, autoincrement=True),
    Column("size", BigInteger, nullable=False),
    Column("signed_at_unix_ns", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Index("ledger_checkpoints_by_size", "size"),
)

ledger_head: Final = Table(
    "ledger_head",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("lease_epoch", BigInteger, nullable=False),
    Column("lease_holder", String, nullable=False),
    Column("lease_ends_at_unix_ns", BigInteger, nullable=False),
)
"""One row: what the tree is now, and who may extend and sign it."""

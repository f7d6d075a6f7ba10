"""The tables of the directory: what it provisions, and who has which identity."""

from typing import Final

from sqlalchemy import (
    JSON,
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

directory_entries: Final = Table(
    "directory_entries",
    metadata,
    Column("entry_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("external_id", String, nullable=False),
    Column("person_id", String),
    Column("addresses", JSON(none_as_null=True), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("members", JSON(none_as_null=True), nullable=False),
    Column("document", JSON(none_as_null=True), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at_unix_ns", BigInteger, nullable=False),
    Column("modified_at_unix_ns", BigInteger, nullable=False),
    Column("ended_at_unix", BigInteger),
    Column("deleted", Boolean, nullable=False),
    Index("directory_entries_by_kind", "kind", "entry_id"),
)

directory_identities: Final = Table(
    "directory_identities",
    metadata,
    Column("identity", String, primary_key=True),
    Column("entry_id", String, nullable=False),
    Index("directory_identities_by_entry", "entry_id"),
)
"""Whose a name, address or directory id is; one entry's at most, also after it is deleted."""

directory_tokens: Final = Table(
    "directory_tokens",
    metadata,
    Column("token_id", String, primary_key=True),
    Column("prefix", String, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("created_by", String, nullable=False),
    Column("revoked_at_unix", BigInteger),
)

"""The table of Idempotency-Keys."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, String, Table

from alos.store.tables import metadata

claims: Final = Table(
    "claims",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("claimed_at_unix_ns", BigInteger, nullable=False),
    Column("is_running", Boolean, nullable=False),
    Column("call_id", String),
    Column("reference", String),
    Column("streamed", Boolean),
    Column("model", String),
    Column("output_hash", String),
    Column("gateway", String),
    Index("claims_by_age", "claimed_at_unix_ns"),
)
"""Digests of a key and of what it came with; nothing of the caller's stands in the table.

``call_id`` to ``output_hash`` are null while the call runs, and where its answer is not kept.
``gateway`` is whose call it is; null in rows from before there were several.
"""

"""Tables of sign-on: sessions, one-time tickets, and accounts bound to persons."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, String, Table

from alos.store.tables import metadata

sessions: Final = Table(
    "sessions",
    metadata,
    Column("session_id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("carrier", String, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("previous_hash", LargeBinary),
    Column("issuer", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("auth_time_unix", BigInteger, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("seen_at_unix", BigInteger, nullable=False),
    Column("idle_seconds", BigInteger, nullable=False),
    Column("ends_at_unix", BigInteger, nullable=False),
    Column("rotated_at_unix", BigInteger, nullable=False),
    Column("ended_at_unix", BigInteger),
    Column("ended_by", String),
    Index("sessions_by_previous_hash", "previous_hash"),
    Index("sessions_by_person", "person"),
)

tickets: Final = Table(
    "tickets",
    metadata,
    Column("ticket_hash", LargeBinary, primary_key=True),
    Column("kind", String, nullable=False),
    Column("facts", JSON(none_as_null=True), nullable=False),
    Column("ends_at_unix", BigInteger, nullable=False),
    Index("tickets_by_end", "ends_at_unix"),
)
"""What works once; taking one is deleting it, so that two takers can't both have it."""

accounts: Final = Table(
    "accounts",
    metadata,
    Column("issuer", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("bound_at_unix", BigInteger, nullable=False),
    Index("accounts_by_person", "issuer", "person", unique=True),
)
"""An account at an identity provider, and the one person it is."""

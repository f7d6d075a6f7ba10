"""The table of roles: since when each person has held each."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, String, Table

from alos.store.tables import metadata

role_gains: Final = Table(
    "role_gains",
    metadata,
    Column("person", String, primary_key=True),
    Column("role", String, primary_key=True),
    Column("gained_at_unix", BigInteger, nullable=False),
    Column("founding", Boolean, nullable=False),
)

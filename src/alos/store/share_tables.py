"""The table of what each gateway holds of budgets and rates."""

from typing import Final

from sqlalchemy import BigInteger, Column, String, Table

from alos.store.tables import metadata

shares: Final = Table(
    "shares",
    metadata,
    Column("period", String, primary_key=True),
    Column("scope", String, primary_key=True),
    Column("gateway", String, primary_key=True),
    Column("held", BigInteger, nullable=False),
    Column("put_at_unix", BigInteger, nullable=False),
)
"""``held`` is nano-dollars where ``period`` is a month (``2026-11``), requests where it is a
window (``60s``). ``put_at_unix`` is by the database's clock."""

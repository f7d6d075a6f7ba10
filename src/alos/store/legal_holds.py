"""The :class:`alos.ports.legal_holds.LegalHoldState` on the store."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, insert, select, update

from alos.domain.legal_hold import HoldKind, LegalHold
from alos.store.engine import Store
from alos.store.tables import metadata

legal_holds: Final = Table(
    "legal_holds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("since_unix_ns", BigInteger),
    Column("until_unix_ns", BigInteger),
    Column("reason", Text, nullable=False),
    Column("placed_at_unix", BigInteger, nullable=False),
    Column("placed_by", String, nullable=False),
    Column("released_at_unix", BigInteger),
    Column("released_by", String),
)


class StoredLegalHolds:
    """Legal holds in a table of their own; none is ever deleted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_hold(self, hold: LegalHold) -> None:
        """Keep a new one."""
        with self._store.write() as connection:
            connection.execute(insert(legal_holds), asdict(hold))

    def end_hold(self, hold_id: str, *, by: str, at_unix: int) -> bool:
        """Mark it released; False where there is none in force by that id."""
        columns = legal_holds.c
        with self._store.write() as connection:
            done = connection.execute(
                update(legal_holds)
                .where(columns.id == hold_id, columns.released_at_unix.is_(None))
                .values(released_at_unix=at_unix, released_by=by)
            )
            return done.rowcount > 0

    def list_holds(self) -> Sequence[LegalHold]:
        """All of them, released ones too, oldest first."""
        self._store.ensure()
        with self._store.read() as connection:
            rows = connection.execute(select(legal_holds).order_by(legal_holds.c.number))
            return [_to_hold(dict(row)) for row in rows.mappings()]


def _to_hold(row: dict[str, Any]) -> LegalHold:
    del row["number"]
    return LegalHold(**{**row, "kind": HoldKind(row["kind"])})

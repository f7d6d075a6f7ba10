"""The :class:`alos.ports.erasures_due.ErasuresDue` on the store that several gateways share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, String, Table, cast, delete, select

from alos.domain.erasure import ErasureOrder
from alos.domain.ids import PersonId, WriterId
from alos.store.bulk import insert_new
from alos.store.engine import Store
from alos.store.folder import list_writers
from alos.store.tables import calls, journal_writers, metadata, notes

erasures_due: Final = Table(
    "erasures_due",
    metadata,
    Column("person", String, primary_key=True),
    Column("writer", String, primary_key=True),
    Column("request", String, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("asked_at_unix_ns", BigInteger, nullable=False),
)
"""Journals that still have to lose a person; a row goes when its gateway has done that."""

_COLUMNS: Final = ("person", "writer", "request", "asked_by", "asked_at_unix_ns")


class StoredErasuresDue:
    """Erasures that the gateways of one store owe each other.

    Args:
        journal: the folder of this gateway's own journals.
    """

    def __init__(self, store: Store, journal: Path) -> None:
        self._store = store
        self._journal = journal

    def ask_others(self, order: ErasureOrder) -> Sequence[WriterId]:
        """See :class:`alos.ports.erasures_due.ErasuresDue`."""
        if self._store.path is not None:
            return ()  # a file has one gateway
        mine = set(list_writers(self._journal))
        with self._store.write() as connection:
            others = sorted(_list_concerned(connection, order.person) - mine)
            facts = order.request, order.by, order.at_unix_ns
            rows = [(order.person, writer, *facts) for writer in others]
            insert_new(connection, "erasures_due", _COLUMNS, rows)
            due = select(erasures_due.c.writer).where(erasures_due.c.person == order.person)
            return sorted(set(connection.scalars(due)) - mine)

    def list_mine(self) -> Sequence[ErasureOrder]:
        """See :class:`alos.ports.erasures_due.ErasuresDue`."""
        if self._store.path is not None:
            return ()
        mine = set(list_writers(self._journal))
        orders = [order for order, writer in self.list_all() if writer in mine]
        return list({order.person: order for order in orders}.values())

    def list_all(self) -> Sequence[tuple[ErasureOrder, WriterId]]:
        """See :class:`alos.ports.erasures_due.ErasuresDue`."""
        columns = erasures_due.c
        statement = select(
            columns.person, columns.request, columns.asked_by, columns.asked_at_unix_ns
        ).add_columns(columns.writer)
        with self._store.read() as connection:
            rows = connection.execute(
                statement.order_by(columns.asked_at_unix_ns, columns.person, columns.writer)
            ).all()
        return [(ErasureOrder(*order), WriterId(writer)) for *order, writer in rows]

    def end_mine(self, person: PersonId) -> None:
        """See :class:`alos.ports.erasures_due.ErasuresDue`."""
        if self._store.path is not None:
            return
        columns = erasures_due.c
        mine = columns.writer.in_(list_writers(self._journal))
        with self._store.write() as connection:
            done = connection.execute(delete(erasures_due).where(columns.person == person, mine))
        if done.rowcount:
            self._store.wipe()


def _list_concerned(connection: Connection, person: PersonId) -> set[WriterId]:
    """Writers that recorded something of the person, or may have and did not ship it yet."""
    by_call = select(calls.c.closing_writer).where(calls.c.principal == person)
    by_note = select(notes.c.writer).where(
        cast(notes.c.personal, String).contains(person, autoescape=True)
    )
    unfinished = select(journal_writers.c.writer).where(~journal_writers.c.is_done)
    return {
        WriterId(writer)
        for statement in (by_call, by_note, unfinished)
        for writer in connection.scalars(statement.distinct())
    }

"""The door into the ledger: leaf hashes of entries that a journal made durable."""

from collections.abc import Iterable
from typing import Final, Protocol

from sqlalchemy import Connection, select

from alos.domain.ids import WriterId
from alos.ledger.tree import hash_entry
from alos.store.bulk import insert_new
from alos.store.frame import LEAF_BYTES
from alos.store.ledger_tables import ledger_leaves, ledger_writers


class Arrived(Protocol):
    """An entry as it was read from a journal."""

    @property
    def writer(self) -> WriterId:
        """Whose chain it is in."""

    @property
    def sequence(self) -> int:
        """Its place in that chain."""

    @property
    def chained(self) -> bytes:
        """What its leaf is made of."""


_COLUMNS: Final = ("writer", "sequence", "hash")


def put_in_inbox(connection: Connection, entries: Iterable[Arrived]) -> None:
    """Hand entries to the sealer, in the transaction that ships them.

    An entry that waits already is left as it is; one that has its place in the tree is known
    again by the sealer.
    """
    rows = [(one.writer, one.sequence, hash_entry(one.chained)) for one in entries]
    insert_new(connection, "ledger_inbox", _COLUMNS, rows)


def put_removed_in_inbox(
    connection: Connection,
    writer: WriterId,
    entries: Iterable[Arrived],
    removed: Iterable[tuple[int, bytes]],
) -> None:
    """Like :func:`put_in_inbox`, with the leaves of removed records among the entries."""
    rows = [(writer, one.sequence, hash_entry(one.chained)) for one in entries]
    for first, leaves in removed:
        rows += [
            (writer, first + number, leaves[number * LEAF_BYTES : (number + 1) * LEAF_BYTES])
            for number in range(len(leaves) // LEAF_BYTES)
        ]
    insert_new(connection, "ledger_inbox", _COLUMNS, sorted(rows))


def get_place(connection: Connection, writer: str, sequence: int) -> int | None:
    """Where an entry stands in the tree; nothing while it is not sealed."""
    statement = (
        select(ledger_leaves.c.position)
        .join(ledger_writers, ledger_writers.c.number == ledger_leaves.c.writer_number)
        .where(ledger_writers.c.writer == writer, ledger_leaves.c.sequence == sequence)
    )
    place: int | None = connection.scalar(statement)
    return place

"""The door into the ledger: leaf hashes of entries that a journal made durable."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, select, text

from alos.ledger.encoding import EntryValues
from alos.ledger.tree import hash_entry
from alos.store.frame import Frame
from alos.store.ledger_tables import ledger_leaves, ledger_writers

Arrived = tuple[Frame, EntryValues]

_INSERT: Final = text(
    "INSERT INTO ledger_inbox (writer, sequence, hash) VALUES (:writer, :sequence, :hash)"
    " ON CONFLICT DO NOTHING"
)


def put_in_inbox(connection: Connection, batch: Iterable[Arrived]) -> None:
    """Hand entries to the sealer, in the transaction that ships them.

    An entry that waits already is left as it is; one that has its place in the tree is known
    again by the sealer.
    """
    rows = [
        {
            "writer": entry.writer,
            "sequence": entry.sequence,
            "hash": hash_entry(frame.chained),
        }
        for frame, entry in batch
    ]
    if rows:
        connection.execute(_INSERT, rows)


def get_place(connection: Connection, writer: str, sequence: int) -> int | None:
    """Where an entry stands in the tree; nothing while it is not sealed."""
    statement = (
        select(ledger_leaves.c.position)
        .join(ledger_writers, ledger_writers.c.number == ledger_leaves.c.writer_number)
        .where(ledger_writers.c.writer == writer, ledger_leaves.c.sequence == sequence)
    )
    place: int | None = connection.scalar(statement)
    return place

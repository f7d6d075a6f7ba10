"""What the ledger says of the birth of its data folder.

The file that says it can be changed by hand; the note in the ledger can't be without every
checkpoint showing it.
"""

from typing import NamedTuple

from sqlalchemy import select

from alos.domain.record import NoteEntry, NoteKind
from alos.store.engine import Store
from alos.store.tables import notes


class Birth(NamedTuple):
    """Which folder, and what it was born as."""

    folder: str
    is_dev: bool


def list_births(store: Store) -> list[Birth]:
    """What the notes in the index say, oldest first; one where all is right.

    Raises:
        StoreDown: the index can't be read.
    """
    columns = notes.c
    statement = (
        select(columns.facts)
        .where(columns.kind == NoteKind.FOLDER_BORN.value)
        .order_by(columns.at_unix_ns)
    )
    with store.read() as connection:
        found = list(connection.scalars(statement))
    return [Birth(facts["folder"], facts["born"] == "dev") for facts in found]


def write_birth(birth: Birth, at_unix_ns: int) -> NoteEntry:
    """The note that a folder's first start makes."""
    return NoteEntry(
        kind=NoteKind.FOLDER_BORN,
        at_unix_ns=at_unix_ns,
        facts=(("born", "dev" if birth.is_dev else "production"), ("folder", birth.folder)),
    )

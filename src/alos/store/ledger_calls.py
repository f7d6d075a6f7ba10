"""Which entries of the log belong to a call, as the index knows it."""

from typing import NamedTuple

from sqlalchemy import Connection, String, cast, or_, select

from alos.domain.ids import CallId, WriterId
from alos.store.tables import calls, notes, running_calls


class Place(NamedTuple):
    """An entry, and where its frame begins if the index knows."""

    writer: WriterId
    sequence: int
    segment: int | None = None
    offset: int | None = None


def find_entries(connection: Connection, call_id: CallId) -> list[Place]:
    """Opening and closing of a call, and the notes that name it."""
    found = []
    for table, names in ((calls, ("opening", "closing")), (running_calls, ("opening",))):
        for name in names:
            columns = [
                table.c[f"{name}_{part}"]
                for part in ("writer", "sequence", "segment", "byte_offset")
            ]
            row = connection.execute(
                select(*columns).where(table.c.call_id == call_id)
            ).one_or_none()
            if row is not None and row[0] is not None:
                found.append(Place(*row))
    later = connection.execute(
        select(notes.c.writer, notes.c.sequence).where(
            cast(notes.c.facts, String).contains(f'"{call_id}"', autoescape=True)
        )
    )
    return found + [Place(WriterId(writer), sequence) for writer, sequence in later]


def find_call(connection: Connection, writer: str, sequence: int) -> str | None:
    """The call that a record belongs to; slow, for a few records."""
    columns = calls.c
    call: str | None = connection.scalar(
        select(columns.call_id)
        .where(
            or_(
                (columns.closing_writer == writer) & (columns.closing_sequence == sequence),
                (columns.opening_writer == writer) & (columns.opening_sequence == sequence),
            )
        )
        .limit(1)
    )
    return call

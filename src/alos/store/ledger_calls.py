"""Which entries of the log belong to a call, as the index knows it."""

from sqlalchemy import Connection, String, cast, or_, select

from alos.domain.ids import CallId, WriterId
from alos.store.tables import calls, notes

Entry = tuple[WriterId, int]
"""(writer, sequence)."""


def find_entries(connection: Connection, call_id: CallId) -> list[Entry]:
    """Opening and closing of a call, and the notes that name it."""
    columns = calls.c
    row = connection.execute(
        select(
            columns.opening_writer,
            columns.opening_sequence,
            columns.closing_writer,
            columns.closing_sequence,
        ).where(columns.call_id == call_id)
    ).one_or_none()
    found = []
    if row is not None:
        pairs = (
            (row.opening_writer, row.opening_sequence),
            (row.closing_writer, row.closing_sequence),
        )
        found = [(WriterId(writer), at) for writer, at in pairs if writer is not None]
    later = connection.execute(
        select(notes.c.writer, notes.c.sequence).where(
            cast(notes.c.facts, String).contains(f'"{call_id}"', autoescape=True)
        )
    )
    return found + [(WriterId(one.writer), one.sequence) for one in later]


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

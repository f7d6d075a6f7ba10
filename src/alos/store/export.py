"""Calls and governance notes as rows, oldest first, for whoever wants them outside."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import func, select

from alos.ports.clock import to_datetime
from alos.store.engine import Store
from alos.store.tables import calls, notes

_ROWS: Final = 5000
_NOT_EXPORTED: Final = frozenset(
    {
        "number",
        "closing_segment",
        "closing_byte_offset",
        "opening_segment",
        "opening_byte_offset",
    }
)
"""Where entries stand in files of this host means nothing elsewhere."""
CALL_FIELDS: Final = (
    "opened_at",
    *(column.name for column in calls.columns if column.name not in _NOT_EXPORTED),
)
NOTE_FIELDS: Final = (
    "at",
    "at_unix_ns",
    "kind",
    "writer",
    "sequence",
    "hash",
    "facts",
    "personal",
)
Row = dict[str, Any]


def count_calls(store: Store, since_unix_ns: int, until_unix_ns: int) -> int:
    """How many calls began in a time.

    Raises:
        StoreDown: the store can't be read.
    """
    with store.read() as connection:
        column = calls.c.opened_at_unix_ns
        statement = select(func.count()).where(column >= since_unix_ns, column < until_unix_ns)
        return int(connection.scalar(statement) or 0)


def iterate_calls(store: Store, since_unix_ns: int, until_unix_ns: int) -> Iterator[Row]:
    """Each call that ended and began in a time, by the columns of the index.

    ``closing_writer`` and ``closing_sequence`` name its entry in the ledger.

    Raises:
        StoreDown: the store can't be read.
    """
    columns = calls.c
    names = [name for name in CALL_FIELDS if name in columns]
    statement = (
        select(*(columns[name] for name in names))
        .where(
            columns.opened_at_unix_ns >= since_unix_ns, columns.opened_at_unix_ns < until_unix_ns
        )
        .order_by(columns.opened_at_unix_ns, columns.call_id)
    )
    with store.read() as connection:
        for row in connection.execution_options(yield_per=_ROWS).execute(statement).mappings():
            opened_at = to_datetime(row["opened_at_unix_ns"]).isoformat()
            yield {"opened_at": opened_at, **row}


def count_notes(store: Store, since_unix_ns: int, until_unix_ns: int) -> int:
    """How many notes were made in a time.

    Raises:
        StoreDown: the store can't be read.
    """
    with store.read() as connection:
        column = notes.c.at_unix_ns
        statement = select(func.count()).where(column >= since_unix_ns, column < until_unix_ns)
        return int(connection.scalar(statement) or 0)


def iterate_notes(store: Store, since_unix_ns: int, until_unix_ns: int) -> Iterator[Row]:
    """Each note (stops, keys, configuration, logins, votes…); facts and personal as JSON text.

    Salts of personal values are left out: with them a commitment could be tried after erasure.

    Raises:
        StoreDown: the store can't be read.
    """
    columns = notes.c
    statement = (
        select(notes)
        .where(columns.at_unix_ns >= since_unix_ns, columns.at_unix_ns < until_unix_ns)
        .order_by(columns.at_unix_ns, columns.writer, columns.sequence)
    )
    with store.read() as connection:
        for row in connection.execution_options(yield_per=_ROWS).execute(statement).mappings():
            yield {
                "at": to_datetime(row["at_unix_ns"]).isoformat(),
                "at_unix_ns": row["at_unix_ns"],
                "kind": row["kind"],
                "writer": row["writer"],
                "sequence": row["sequence"],
                "hash": row["hash"],
                "facts": msgspec.json.encode(row["facts"]).decode(),
                "personal": msgspec.json.encode(
                    [[name, value] for name, _, value in row["personal"]]
                ).decode(),
            }

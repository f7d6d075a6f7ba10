"""Entries as rows of the index, and back."""

from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping

from alos.domain.ids import CallId, WriterId
from alos.domain.record import ClosingEntry, OpeningEntry, Personal
from alos.ledger.encoding import CLOSING_FIELDS, EntryValues
from alos.ports.call_store import CallRow, EntryPlace

Row = dict[str, Any]
_FROM_OPENING: Final = ("key_id", "workspace", "workflow", "tier", "release")


def to_opening_row(entry: EntryValues, arrived_at_unix_ns: int) -> Row:
    """The row that a running call has."""
    return {
        **entry.values,
        "opening_writer": entry.writer,
        "opening_sequence": entry.sequence,
        "arrived_at_unix_ns": arrived_at_unix_ns,
    }


def to_closing_row(
    entry: EntryValues, entry_hash: bytes, opening: Row | None, arrived_at_unix_ns: int
) -> Row:
    """The row of a call that ended; ``opening`` where it is shipped in the same batch."""
    row = entry.values
    words = [word for note in row["findings"] for word in (note["kind"], note["type"])]
    row["finding_words"] = f"|{'|'.join(words)}|" if words else None
    for name in ("principal", "task"):
        row[name] = next((one.value for one in entry.personal if one.name == name), None)
    row["personal"] = _to_triples(entry)
    opened = opening or {}
    for name in ("opening_writer", "opening_sequence", "ceiling_nanousd"):
        row[name] = opened.get(name)
    row["closing_writer"] = entry.writer
    row["closing_sequence"] = entry.sequence
    row["closing_hash"] = entry_hash.hex()
    row["arrived_at_unix_ns"] = arrived_at_unix_ns
    return row


def to_note_row(entry: EntryValues, entry_hash: bytes) -> Row:
    """The row of a note."""
    return {
        "writer": entry.writer,
        "sequence": entry.sequence,
        "hash": entry_hash.hex(),
        "kind": entry.values["kind"],
        "at_unix_ns": entry.values["at_unix_ns"],
        "facts": dict(entry.values["facts"]),
        "personal": _to_triples(entry),
    }


def _to_triples(entry: EntryValues) -> list[list[str]]:
    return [[one.name, one.salt.hex(), one.value] for one in entry.personal]


def from_row(row: RowMapping) -> CallRow:
    """Read a call back."""
    return CallRow(
        call_id=CallId(row["call_id"]),
        opened_at_unix_ns=row["opened_at_unix_ns"],
        opening=_to_opening(row),
        closing=_to_closing(row),
        place=_to_place(row),
        arrived_at_unix_ns=row["arrived_at_unix_ns"],
    )


def _to_opening(row: RowMapping) -> OpeningEntry | None:
    if row["opening_writer"] is None:
        return None
    names = ("call_id", "opened_at_unix_ns", "ceiling_nanousd", *_FROM_OPENING)
    return msgspec.convert({name: row[name] for name in names}, OpeningEntry)


def _to_closing(row: RowMapping) -> ClosingEntry | None:
    if row["outcome"] is None:
        return None
    values = {name: row[name] for name in CLOSING_FIELDS}
    values["personal"] = [
        Personal(name, bytes.fromhex(salt), value) for name, salt, value in row["personal"] or ()
    ]
    return msgspec.convert(values, ClosingEntry)


def _to_place(row: RowMapping) -> EntryPlace | None:
    if row["closing_writer"] is None:
        return None
    return EntryPlace(
        writer=WriterId(row["closing_writer"]),
        sequence=row["closing_sequence"],
        hash=row["closing_hash"],
    )

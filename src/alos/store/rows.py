"""Entries as rows of the index, and back."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping

from alos.domain.ids import CallId, WriterId
from alos.domain.record import ClosingEntry, NoteEntry, OpeningEntry, Personal, Sealed
from alos.ledger.encoding import CLOSING_FIELDS
from alos.ports.call_store import CallRow, EntryPlace

_closing_values = attrgetter(*CLOSING_FIELDS)
_FROM_OPENING: Final = ("key_id", "workspace", "workflow", "tier", "release")


def to_opening_row(sealed: Sealed, entry: OpeningEntry, arrived_at_unix_ns: int) -> dict[str, Any]:
    """The row that a running call has."""
    return {
        "call_id": entry.call_id,
        "opening_writer": sealed.writer,
        "opening_sequence": sealed.sequence,
        "ceiling_nanousd": entry.ceiling_nanousd,
        "opened_at_unix_ns": entry.opened_at_unix_ns,
        "key_id": entry.key_id,
        "workspace": entry.workspace,
        "workflow": entry.workflow,
        "tier": entry.tier,
        "release": entry.release,
        "arrived_at_unix_ns": arrived_at_unix_ns,
    }


def to_closing_row(
    sealed: Sealed,
    entry: ClosingEntry,
    opening: Mapping[str, Any] | None,
    arrived_at_unix_ns: int,
) -> dict[str, Any]:
    """The row of a call that ended; ``opening`` where it is shipped in the same batch."""
    row: dict[str, Any] = dict(zip(CLOSING_FIELDS, _closing_values(entry), strict=True))
    words = [word for note in entry.findings for word in (note.kind, note.type)]
    row["finding_words"] = f"|{'|'.join(words)}|" if words else None
    for name in ("principal", "task"):
        row[name] = next((one.value for one in entry.personal if one.name == name), None)
    row["personal"] = [[one.name, one.salt.hex(), one.value] for one in entry.personal]
    opened = opening or {}
    for name in ("opening_writer", "opening_sequence", "ceiling_nanousd"):
        row[name] = opened.get(name)
    row["closing_writer"] = sealed.writer
    row["closing_sequence"] = sealed.sequence
    row["closing_hash"] = sealed.hash.hex()
    row["arrived_at_unix_ns"] = arrived_at_unix_ns
    return row


def to_note_row(sealed: Sealed, entry: NoteEntry) -> dict[str, Any]:
    """The row of a note."""
    return {
        "writer": sealed.writer,
        "sequence": sealed.sequence,
        "hash": sealed.hash.hex(),
        "kind": entry.kind,
        "at_unix_ns": entry.at_unix_ns,
        "facts": dict(entry.facts),
        "personal": [[one.name, one.salt.hex(), one.value] for one in entry.personal],
    }


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

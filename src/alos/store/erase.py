"""Forgets a person: personal values and their salts, in the journals and in the index.

The values stand outside the hash chain, so every hash and proof stays as it was; what is left in
the chain is a commitment that nobody can try against a list of names, because its salt is gone.
Other fields of the calls stay: they are the company's record of what its workflows did.

Files are overwritten in place. What the disk itself keeps behind our back (a copy-on-write file
system, spare cells of an SSD, a backup) is out of reach here and needs its own retention.
"""

import os
import struct
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, String, bindparam, cast, delete, select, update

from alos.domain.erasure import Erasure
from alos.domain.ids import CallId, WriterId
from alos.ledger.encoding import decode_values, encode_personal
from alos.store.bulk import is_postgresql
from alos.store.engine import Store
from alos.store.folder import list_writers, segment_path
from alos.store.frame import FRAME_HEADER_BYTES, pack_personal_section
from alos.store.journal_batch import RawEntry, read_batch
from alos.store.journal_reader import Position
from alos.store.share_tables import shares
from alos.store.tables import calls, notes, scope_days

_BATCH: Final = 4000
_LENGTHS: Final = struct.Struct(">4sII")
_NAMES_A_PERSON: Final = frozenset({"principal", "person"})
"""Personal values that say whom an entry is about; others are a caller's own words."""
_decode = msgspec.msgpack.Decoder(list[tuple[bytes, str] | None]).decode


def erase_person(
    folder: Path, store: Store, person: str, *, spared: frozenset[CallId] = frozenset()
) -> Erasure:
    """Erase all personal values of each entry whose caller is ``person`` (blocks).

    Entries of ``spared`` calls stay as they are, and so do their rows. In a store that gateways
    share, rows of journals that are not in ``folder`` stay too: their own gateway needs them to
    find the bodies, and clears them.

    Everything is on disk on return. Doing it twice changes nothing more. Calls that the person
    makes meanwhile are not covered: take away their keys first.

    Raises:
        OSError: a journal can't be written; what was erased stays so, do it again.
        StoreDown: the same of the index.
    """
    mine = list_writers(folder)
    entries = sum(_erase_in_journal(folder, writer, person, spared) for writer in mine)
    rows = _erase_in_index(
        store, person, spared, None if store.path is not None else frozenset(mine)
    )
    return Erasure(entries=entries, rows=rows, is_complete=store.wipe())


def _erase_in_journal(
    folder: Path, writer: WriterId, person: str, spared: frozenset[CallId]
) -> int:
    position, needle, erased = Position(), person.encode(), 0
    while True:
        batch = read_batch(folder, writer, position, up_to=None, limit=_BATCH)
        found = [
            one for one in batch.entries if needle in one.personal and _is_of(one, person, spared)
        ]
        for segment in sorted({one.segment for one in found}):
            some = [one for one in found if one.segment == segment]
            _overwrite(segment_path(folder, writer, segment), some)
        erased += len(found)
        if batch.is_end:
            return erased
        position = batch.position


def _is_of(entry: RawEntry, person: str, spared: frozenset[CallId]) -> bool:
    read = decode_values(entry.chained, entry.personal)
    if read.values.get("call_id") in spared:
        return False
    return any(one.value == person and one.name in _NAMES_A_PERSON for one in read.personal)


def _overwrite(path: Path, entries: list[RawEntry]) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        for entry in entries:
            lengths = os.pread(descriptor, _LENGTHS.size, entry.offset)
            _, chained_bytes, capacity = _LENGTHS.unpack(lengths)
            nothing = encode_personal([None] * len(_decode(entry.personal)))
            at = entry.offset + FRAME_HEADER_BYTES + chained_bytes
            os.pwrite(descriptor, pack_personal_section(nothing, capacity), at)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _erase_in_index(
    store: Store, person: str, spared: frozenset[CallId], writers: frozenset[WriterId] | None
) -> int:
    with store.write() as connection:
        if not is_postgresql(connection):
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        for table in (scope_days, shares):
            connection.execute(delete(table).where(table.c.scope == f"person:{person}"))
        rows = _clear_calls(connection, person, spared, writers)
        columns = notes.c
        noted = connection.execute(
            select(columns.writer, columns.sequence, columns.personal).where(
                cast(columns.personal, String).contains(person, autoescape=True)
            )
        ).all()
        for writer, sequence, personal in noted:
            if writers is not None and writer not in writers:
                continue
            if any(value == person and name in _NAMES_A_PERSON for name, _, value in personal):
                connection.execute(
                    update(notes)
                    .where(columns.writer == writer, columns.sequence == sequence)
                    .values(personal=[])
                )
                rows += 1
    return rows


def _clear_calls(
    connection: Connection,
    person: str,
    spared: frozenset[CallId],
    writers: frozenset[WriterId] | None,
) -> int:
    columns = calls.c
    mine = update(calls).where(columns.principal == person).values(principal=None, task=None)
    if not spared and writers is None:
        return connection.execute(mine).rowcount
    listed = connection.execute(
        select(columns.number, columns.call_id, columns.closing_writer).where(
            columns.principal == person
        )
    ).all()
    numbers = [
        {"one": number}
        for number, call_id, writer in listed
        if call_id not in spared and (writers is None or writer in writers)
    ]
    if numbers:
        connection.execute(mine.where(columns.number == bindparam("one")), numbers)
    return len(numbers)

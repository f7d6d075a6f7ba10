"""Removes records of calls whose time is over: from the index, and from the journals.

What is left of a record in its journal is its leaf, so every head, proof and chain still follows
(`docs/reference/journal-format.md`, removed records). A segment is written anew beside the old
one and takes its place in one step; one that is still written to, or not sealed to its end,
waits for the next time.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, func, select

from alos.domain.ids import CallId, WriterId
from alos.domain.record import NoteKind
from alos.domain.removal import RemovedRecords
from alos.ledger.encoding import NOTE, chain_hash, decode_values
from alos.ledger.tree import hash_entry
from alos.store.bulk import is_postgresql
from alos.store.engine import Store
from alos.store.folder import list_segments, list_unsettled, list_writers, sync_folder
from alos.store.frame import (
    LEAF_BYTES,
    SEGMENT_HEADER_BYTES,
    Frame,
    pack_removed,
    unpack_frame,
)
from alos.store.journal_reader import get_header
from alos.store.ledger_inbox import get_place
from alos.store.ledger_tables import ledger_checkpoints, ledger_writers
from alos.store.partitions import drop_days, get_day
from alos.store.tables import calls, journal_writers, notes, scope_days

_logger = logging.getLogger(__name__)

_PASSING: Final = frozenset({NoteKind.HEARTBEAT.value, NoteKind.ANONYMOUS.value})
"""Notes that go with the calls of their day; the others are kept."""
_ROWS: Final = 5000
_RUN: Final = 4096 * LEAF_BYTES
_NS: Final = 1_000_000_000


class StoredRecords:
    """The :class:`alos.ports.records.Records` of one data folder."""

    def __init__(self, store: Store, journal: Path) -> None:
        self._store = store
        self._journal = journal

    def count_leaves_before(self, unix_ns: int) -> int:
        """How many leaves a head covered that was signed before a time."""
        columns = ledger_checkpoints.c
        with self._store.read() as connection:
            size: int | None = connection.scalar(
                select(columns.size)
                .where(columns.signed_at_unix_ns < unix_ns)
                .order_by(columns.number.desc())
                .limit(1)
            )
        return size or 0

    def has_removable(self, leaves: int, spared: frozenset[CallId]) -> bool:
        """Whether a removal would find anything in the journals."""
        return any(
            _compact(path, bound, spared) is not None
            for path, bound in self._list_segments(leaves)
        )

    def remove(
        self, leaves: int, before_unix_ns: int, spared: frozenset[CallId]
    ) -> RemovedRecords:
        """Remove what is older; the index first, so that nothing in it points to nothing."""
        rows = self._remove_rows(before_unix_ns, spared)
        records = 0
        for path, bound in self._list_segments(leaves):
            made = _compact(path, bound, spared)
            if made is not None:
                data, count = made
                _replace(path, data)
                records += count
        return RemovedRecords(records=records, rows=rows)

    def _list_segments(self, leaves: int) -> Iterator[tuple[Path, int]]:
        """Segments that nobody writes to or ships from, with the first sequence that stays."""
        unsettled = set(list_unsettled(self._journal))
        for writer in list_writers(self._journal):
            filled = [path for path in list_segments(self._journal, writer) if path.stat().st_size]
            with self._store.read() as connection:
                bound = _find_bound(connection, writer, leaves)
                shipped = _get_shipped(connection, writer)
            for path in filled[:-1] if writer in unsettled else filled:
                header = get_header(path)
                if header is None or header.first_sequence >= bound:
                    break
                if shipped is None or header.number < shipped:
                    yield path, bound

    def _remove_rows(self, before_unix_ns: int, spared: frozenset[CallId]) -> int:
        with self._store.write() as connection:
            if not is_postgresql(connection):
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            rows = _drop_whole_days(connection, before_unix_ns, spared)
            connection.execute(
                delete(notes).where(
                    notes.c.kind.in_(_PASSING), notes.c.at_unix_ns < before_unix_ns
                )
            )
            connection.execute(
                delete(scope_days).where(
                    scope_days.c.scope.startswith("person:"),
                    scope_days.c.day_unix < before_unix_ns // _NS,
                )
            )
        after = -1
        while True:
            with self._store.write() as connection:
                if not is_postgresql(connection):
                    connection.exec_driver_sql("PRAGMA secure_delete=ON")
                columns = calls.c
                some = connection.execute(
                    select(columns.number, columns.call_id)
                    .where(columns.opened_at_unix_ns < before_unix_ns, columns.number > after)
                    .order_by(columns.number)
                    .limit(_ROWS)
                ).all()
                gone = [row.number for row in some if row.call_id not in spared]
                connection.execute(delete(calls).where(columns.number.in_(gone)))
            rows += len(gone)
            if len(some) < _ROWS:
                break
            after = some[-1].number
        if rows:
            self._store.wipe()
        return rows


def _drop_whole_days(
    connection: Connection, before_unix_ns: int, spared: frozenset[CallId]
) -> int:
    """On PostgreSQL drop the days of which nothing is on hold; returns how many rows went."""
    if not is_postgresql(connection):
        return 0
    columns = calls.c
    held = connection.scalars(
        select(columns.opened_at_unix_ns).where(
            columns.call_id.in_(spared), columns.opened_at_unix_ns < before_unix_ns
        )
    )
    kept = {get_day(at) for at in held}
    before = connection.scalar(select(func.count()).select_from(calls)) or 0
    drop_days(connection, before_unix_ns, kept)
    return before - (connection.scalar(select(func.count()).select_from(calls)) or 0)


def _find_bound(connection: Connection, writer: WriterId, leaves: int) -> int:
    """The first sequence of a writer that is not among so many leaves."""
    columns = ledger_writers.c
    statement = select(columns.next_sequence).where(columns.writer == writer)
    low, high = 0, connection.scalar(statement) or 0
    while low < high:
        middle = (low + high) // 2
        place = get_place(connection, writer, middle)
        if place is not None and place < leaves:
            low = middle + 1
        else:
            high = middle
    return low


def _get_shipped(connection: Connection, writer: WriterId) -> int | None:
    """The segment from which a writer is shipped; nothing where all of it was."""
    columns = journal_writers.c
    row = connection.execute(
        select(columns.segment, columns.is_done).where(columns.writer == writer)
    ).one_or_none()
    if row is None:
        return 0
    return None if row.is_done else int(row.segment)


def _compact(path: Path, bound: int, spared: frozenset[CallId]) -> tuple[bytes, int] | None:
    """A segment without what is to go, and how many records those are; nothing if none are.

    A segment that does not verify is left alone: a removal must not cover damage up.
    """
    header = get_header(path)
    if header is None:
        return None
    data = path.read_bytes()
    out = [data[:SEGMENT_HEADER_BYTES]]
    gone, count, last_hash = bytearray(), 0, header.previous_hash

    def end_run() -> None:
        out.extend(
            pack_removed(bytes(gone[at : at + _RUN]), last_hash)
            for at in range(0, len(gone), _RUN)
        )
        gone.clear()

    offset, sequence = SEGMENT_HEADER_BYTES, header.first_sequence
    try:
        while offset < len(data):
            frame = unpack_frame(data, offset)
            leaf = _look_at(frame, last_hash, header.writer, sequence, bound, spared)
            if leaf is None:
                end_run()
                out.append(data[offset : offset + frame.size])
            else:
                gone += leaf
                count += not frame.removed
            last_hash = frame.hash
            offset += frame.size
            sequence += frame.removed or 1
    except ValueError as error:
        _logger.error("%s is left as it is: %s", path.name, error)  # noqa: TRY400
        return None
    end_run()
    return (b"".join(out), count) if count else None


def _look_at(
    frame: Frame,
    previous: bytes,
    writer: WriterId,
    sequence: int,
    bound: int,
    spared: frozenset[CallId],
) -> bytes | None:
    """The leaf of a record that goes (of removed ones all of theirs); nothing where it stays.

    Raises:
        ValueError: the frame does not verify.
    """
    if frame.removed:
        return frame.chained
    values = decode_values(frame.chained, frame.personal)
    is_right = (values.writer, values.sequence) == (writer, sequence)
    if not is_right or chain_hash(previous, frame.chained) != frame.hash:
        raise ValueError(f"record {sequence} does not verify")
    if sequence >= bound:
        return None
    if values.kind == NOTE:
        return hash_entry(frame.chained) if values.values["kind"] in _PASSING else None
    return None if values.values["call_id"] in spared else hash_entry(frame.chained)


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".new")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)

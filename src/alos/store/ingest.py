"""Writes a batch of entries into the index, in the transaction that moves the journal's cursor.

A call that ended is inserted once and not changed again. A running one stands in a table of its
own, so a call whose opening and closing come in one batch costs a single insert. Rows go to the
driver as plain tuples.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import Connection

from alos.ledger.encoding import CLOSING, OPENING, EntryMalformedError, decode_values
from alos.store.bulk import insert_new, is_postgresql, run, run_many
from alos.store.journal_batch import RawEntry
from alos.store.partitions import ensure_days, get_day
from alos.store.rollups import Rollups
from alos.store.rows import (
    CALL_COLUMNS,
    OPENING_PLACE,
    RUNNING_COLUMNS,
    Place,
    Values,
    get_call_id,
    get_rank,
    get_vendors,
    is_swept,
    to_call_row,
    to_running_row,
)
from alos.store.tables import notes
from alos.store.upsert import upsert

_THIS: Final = " WHERE call_id = ? AND opened_at_unix_ns = ?"
_GET_CALL: Final = f"SELECT {', '.join(CALL_COLUMNS)} FROM calls{_THIS}"  # noqa: S608 (our own names)
_DROP_CALL: Final = f"DELETE FROM calls{_THIS}"  # noqa: S608 (our own names)
_DROP_RUNNING: Final = "DELETE FROM running_calls WHERE call_id = ?"
_SET_OPENING: Final = (
    f"UPDATE calls SET {', '.join(f'{name} = ?' for name in OPENING_PLACE)}{_THIS}"  # noqa: S608 (our own names)
    " AND opening_writer IS NULL"
)
_LIST_RUNNING: Final = f"SELECT call_id, {', '.join(OPENING_PLACE)} FROM running_calls"  # noqa: S608 (our own names)
_LIST_LATE: Final = (
    "SELECT r.call_id, r.opened_at_unix_ns FROM running_calls r JOIN calls c"
    " ON c.call_id = r.call_id AND c.opened_at_unix_ns = r.opened_at_unix_ns"
)
_LAST_ARRIVAL: Final = "SELECT max(arrived_at_unix_ns) FROM journal_writers"
_CALL_ID: Final = CALL_COLUMNS.index("call_id")
_OPENED_AT: Final = CALL_COLUMNS.index("opened_at_unix_ns")


class Ingest:
    """One batch of one writer.

    Attributes:
        arrived_at_unix_ns: of all its rows; never goes back, so that arrivals are in order of
            ``number`` whatever the clock does.

    Args:
        on_malformed: told of an entry that can't be read, which is left out.
        days: days of ``calls`` that are known to have a table; grows (PostgreSQL only), and is
            no longer true where the transaction is not committed.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        unix_ns: int,
        on_malformed: Callable[[RawEntry, str], None],
        days: set[int],
    ) -> None:
        self._connection = connection
        self._on_malformed = on_malformed
        self._days = days
        last = connection.exec_driver_sql(_LAST_ARRIVAL).scalar()
        self.arrived_at_unix_ns = max(unix_ns, last or 0)
        self._opened: dict[str, tuple[RawEntry, Place]] = {}
        self._running: dict[str, Place] = {
            row[0]: Place(*row[1:]) for row in connection.exec_driver_sql(_LIST_RUNNING)
        }
        self._ended: list[tuple[str]] = []
        self._rollups = Rollups()

    def put(self, entries: Iterable[RawEntry]) -> None:
        """Write the entries."""
        closed: list[Values] = []
        noted: list[dict[str, Any]] = []
        for entry in entries:
            place = Place(entry.writer, entry.segment, entry.offset, entry.sequence)
            try:
                if entry.kind == OPENING:
                    self._opened[get_call_id(entry)] = (entry, place)
                elif entry.kind == CLOSING:
                    row = to_call_row(entry, place, self.arrived_at_unix_ns, self._take_opening)
                    closed.append(row)
                    self._rollups.add(row)
                    if is_swept(row):
                        self._rollups.add_vendors(row, get_vendors(entry))
                else:
                    noted.append(_to_note_row(entry))
            except EntryMalformedError as error:
                self._on_malformed(entry, str(error))
        self._put_closed(closed)
        self._put_running()
        self._rollups.put(self._connection)
        upsert(self._connection, notes, noted)

    def _take_opening(self, call_id: str) -> Place | None:
        opened = self._opened.pop(call_id, None)
        running = self._running.pop(call_id, None)
        if running is not None:
            self._ended.append((call_id,))
        return opened[1] if opened is not None else running

    def _put_closed(self, rows: list[Values]) -> None:
        if not rows:
            return
        if self._insert(rows) != len(rows):
            for row in rows:
                self._settle(row)
        run_many(self._connection, _DROP_RUNNING, self._ended)

    def _insert(self, rows: list[Values]) -> int:
        if is_postgresql(self._connection):
            days = {get_day(row[_OPENED_AT]) for row in rows}
            ensure_days(self._connection, days, self._days)
            self._days |= days
        return insert_new(self._connection, "calls", CALL_COLUMNS, rows)

    def _settle(self, row: Values) -> None:
        """Where two closings name this call, let the one stand that :func:`get_rank` says."""
        there = tuple(run(self._connection, _GET_CALL, _get_this(row)).one())
        here_rank, there_rank = get_rank(row), get_rank(there)
        if here_rank == there_rank:
            return
        if here_rank < there_rank:
            self._rollups.add(row, -1)
            self._add_opening(row, row)
            return
        self._rollups.add(there, -1)
        run_many(self._connection, _DROP_CALL, [_get_this(row)])
        self._insert([row])
        self._add_opening(row, there)

    def _add_opening(self, call: Values, row: Values) -> None:
        at = CALL_COLUMNS.index(OPENING_PLACE[0])
        opening = row[at : at + len(OPENING_PLACE)]
        if opening[0] is not None:
            run_many(self._connection, _SET_OPENING, [(*opening, *_get_this(call))])

    def _put_running(self) -> None:
        arrived_at = self.arrived_at_unix_ns
        rows = [to_running_row(*opened, arrived_at) for opened in self._opened.values()]
        if not rows:
            return
        insert_new(self._connection, "running_calls", RUNNING_COLUMNS, rows)
        late = self._connection.exec_driver_sql(_LIST_LATE).all()
        run_many(
            self._connection,
            _SET_OPENING,
            [(*self._opened[name][1], name, at) for name, at in late],
        )
        run_many(self._connection, _DROP_RUNNING, [(name,) for name, _ in late])


def _get_this(row: Values) -> tuple[str, int]:
    """What a call's row is found by."""
    return row[_CALL_ID], row[_OPENED_AT]


def _to_note_row(entry: RawEntry) -> dict[str, Any]:
    values = decode_values(entry.chained, entry.personal)
    return {
        "writer": entry.writer,
        "sequence": entry.sequence,
        "hash": entry.hash.hex(),
        "kind": values.values["kind"],
        "at_unix_ns": values.values["at_unix_ns"],
        "facts": dict(values.values["facts"]),
        "personal": [[one.name, one.salt.hex(), one.value] for one in values.personal],
    }

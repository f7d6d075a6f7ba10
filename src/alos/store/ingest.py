"""Writes a batch of entries into the index, in the transaction that moves the journal's cursor.

A call that ended is inserted once and not changed again. A running one stands in a table of its
own, so a call whose opening and closing come in one batch costs a single insert. Rows go to the
driver as plain tuples.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from alos.ledger.encoding import CLOSING, OPENING, EntryMalformedError, decode_values
from alos.store.journal_batch import RawEntry
from alos.store.rows import (
    CALL_COLUMNS,
    OPENING_PLACE,
    RUNNING_COLUMNS,
    HourSums,
    Place,
    Values,
    get_call_id,
    get_rank,
    to_call_row,
    to_running_row,
)
from alos.store.tables import notes
from alos.store.upsert import upsert

_HOUR_NAMES: Final = ("hour_unix", "workspace", "workflow", "vendor", "model", "outcome", "reason")
_HOUR_SUMS: Final = ("calls", "cost_nanousd", "duration_ms", "overhead_us")


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT "  # noqa: S608 (our own names)


_PUT_CALL: Final = _insert("calls", CALL_COLUMNS) + "DO NOTHING"
_PUT_RUNNING: Final = _insert("running_calls", RUNNING_COLUMNS) + "DO NOTHING"
_PUT_HOUR: Final = (
    _insert("call_hours", (*_HOUR_NAMES, *_HOUR_SUMS))
    + f"({', '.join(_HOUR_NAMES)}) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _HOUR_SUMS)
)
_GET_CALL: Final = f"SELECT {', '.join(CALL_COLUMNS)} FROM calls WHERE call_id = ?"  # noqa: S608 (our own names)
_DROP_CALL: Final = "DELETE FROM calls WHERE call_id = ?"
_DROP_RUNNING: Final = "DELETE FROM running_calls WHERE call_id = ?"
_SET_OPENING: Final = (
    f"UPDATE calls SET {', '.join(f'{name} = ?' for name in OPENING_PLACE)}"  # noqa: S608 (our own names)
    " WHERE call_id = ? AND opening_writer IS NULL"
)
_LIST_RUNNING: Final = f"SELECT call_id, {', '.join(OPENING_PLACE)} FROM running_calls"  # noqa: S608 (our own names)
_LIST_LATE: Final = "SELECT r.call_id FROM running_calls r JOIN calls c ON c.call_id = r.call_id"
_LAST_ARRIVAL: Final = "SELECT arrived_at_unix_ns FROM calls ORDER BY number DESC LIMIT 1"


class Ingest:
    """One batch of one writer.

    Args:
        on_malformed: told of an entry that can't be read, which is left out.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        unix_ns: int,
        on_malformed: Callable[[RawEntry, str], None],
    ) -> None:
        self._connection = connection
        self._on_malformed = on_malformed
        last = connection.exec_driver_sql(_LAST_ARRIVAL).scalar()
        self._arrived_at_unix_ns = max(unix_ns, last or 0)
        """Never goes back, so that arrivals are in order of ``number`` whatever the clock does."""
        self._opened: dict[str, tuple[RawEntry, Place]] = {}
        self._running: dict[str, Place] = {
            row[0]: Place(*row[1:]) for row in connection.exec_driver_sql(_LIST_RUNNING)
        }
        self._ended: list[tuple[str]] = []
        self._hours = HourSums()

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
                    row = to_call_row(entry, place, self._arrived_at_unix_ns, self._take_opening)
                    closed.append(row)
                    self._hours.add(row)
                else:
                    noted.append(_to_note_row(entry))
            except EntryMalformedError as error:
                self._on_malformed(entry, str(error))
        self._put_closed(closed)
        self._put_running()
        self._do_many(_PUT_HOUR, self._hours.to_rows())
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
        before = self._count_changes()
        self._do_many(_PUT_CALL, rows)
        if self._count_changes() - before != len(rows):
            for row in rows:
                self._settle(row)
        self._do_many(_DROP_RUNNING, self._ended)

    def _settle(self, row: Values) -> None:
        """Where two closings name this call, let the one stand that :func:`get_rank` says."""
        there = tuple(self._connection.exec_driver_sql(_GET_CALL, (row[0],)).one())
        here_rank, there_rank = get_rank(row), get_rank(there)
        if here_rank == there_rank:
            return
        if here_rank < there_rank:
            self._hours.add(row, -1)
            self._add_opening(row[0], row)
            return
        self._hours.add(there, -1)
        self._do_many(_DROP_CALL, [(row[0],)])
        self._do_many(_PUT_CALL, [row])
        self._add_opening(row[0], there)

    def _add_opening(self, call_id: str, row: Values) -> None:
        at = CALL_COLUMNS.index(OPENING_PLACE[0])
        opening = row[at : at + len(OPENING_PLACE)]
        if opening[0] is not None:
            self._do_many(_SET_OPENING, [(*opening, call_id)])

    def _put_running(self) -> None:
        arrived_at = self._arrived_at_unix_ns
        rows = [to_running_row(*opened, arrived_at) for opened in self._opened.values()]
        if not rows:
            return
        self._do_many(_PUT_RUNNING, rows)
        late = self._connection.exec_driver_sql(_LIST_LATE).all()
        self._do_many(_SET_OPENING, [(*self._opened[name][1], name) for (name,) in late])
        self._do_many(_DROP_RUNNING, [(name,) for (name,) in late])

    def _count_changes(self) -> int:
        return int(self._connection.exec_driver_sql("SELECT total_changes()").scalar_one())

    def _do_many(self, statement: str, rows: Sequence[Values]) -> None:
        if rows:
            self._connection.exec_driver_sql(statement, list(rows))


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

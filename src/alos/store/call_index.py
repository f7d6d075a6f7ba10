"""The :class:`alos.ports.call_store.CallStore` on the embedded store and the journals.

The index finds a call; what is shown of it is read from its entries in the journals.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, RowMapping, select

from alos.domain.ids import CallId, WriterId
from alos.domain.record import ClosingEntry, OpeningEntry
from alos.ports.call_store import CallCursor, CallQuery, CallRow, EntryPlace
from alos.store.engine import Store
from alos.store.entry_files import EntryFiles
from alos.store.search import get_place_in_time, search, search_running
from alos.store.search_places import Effort
from alos.store.tables import calls, running_calls

_PLACE: Final = ("writer", "segment", "byte_offset", "sequence")
JOURNAL_NAME: Final = "journal"
"""The journals' folder beside the store, in a data folder."""

_EFFORT: Final = Effort()


class CallIndex:
    """Reads calls; it changes nothing.

    Args:
        journal: the journals' folder; the one beside the store where it is not given.
        others: folders of the installation's other gateways' journals.
    """

    def __init__(
        self,
        store: Store,
        journal: Path | None = None,
        others: Sequence[Path] = (),
        *,
        effort: Effort = _EFFORT,
    ) -> None:
        self._effort = effort
        self._store = store
        if journal is None and store.path is None:
            raise ValueError("a store on a server does not say where the journals are")
        self._journals = [journal or (store.path or Path()).parent / JOURNAL_NAME, *others]

    def get_call(self, call_id: CallId) -> CallRow | None:
        """Everything that is known of one call."""
        with self._store.read() as connection:
            for table in (calls, running_calls):
                statement = select(table).where(table.c.call_id == call_id)
                row = connection.execute(statement).mappings().one_or_none()
                if row is not None:
                    return self._to_calls([row])[0]
        return None

    def search_calls(
        self, query: CallQuery, *, before: CallCursor | None, limit: int
    ) -> Sequence[CallRow]:
        """Calls that match, newest first, older than ``before``."""
        with self._store.read() as connection:
            rows = search(connection, query, before, limit, self._effort)
            if running := search_running(connection, query, before, limit):
                rows += running
                rows.sort(key=get_place_in_time, reverse=True)
            return self._to_calls(rows[:limit])

    def list_arrivals(self, *, since_unix_ns: int, limit: int) -> Sequence[CallRow]:
        """Closed calls that arrived at or after a time, in order of arrival."""
        columns = calls.c
        with self._store.read() as connection:
            first = find_arrival(connection, since_unix_ns)
            statement = (
                select(calls).where(columns.number >= first).order_by(columns.number).limit(limit)
            )
            rows = connection.execute(statement).mappings().all()
            return self._to_calls(rows)

    def _to_calls(self, rows: Iterable[RowMapping]) -> list[CallRow]:
        with EntryFiles(self._journals) as files:
            return [_to_call(row, files) for row in rows]


def find_arrival(connection: Connection, since_unix_ns: int) -> int:
    """The first number that arrived at or after a time; halves, because both grow together."""
    columns = calls.c
    low, high = 0, (connection.scalar(select(columns.number).order_by(columns.number.desc())) or 0)
    high += 1
    while low < high:
        middle = (low + high) // 2
        statement = (
            select(columns.arrived_at_unix_ns)
            .where(columns.number >= middle)
            .order_by(columns.number)
            .limit(1)
        )
        arrived_at = connection.scalar(statement)
        if arrived_at is None or arrived_at >= since_unix_ns:
            high = middle
        else:
            low = middle + 1
    return low


def _to_call(row: RowMapping, files: EntryFiles) -> CallRow:
    call_id = CallId(row["call_id"])
    opening = closing = place = elsewhere = None
    for name in ("closing", "opening"):
        writer = row.get(f"{name}_writer")
        if writer is not None and files.is_elsewhere(writer):
            elsewhere = elsewhere or WriterId(writer)
    if elsewhere is not None:
        return CallRow(
            call_id=call_id,
            opened_at_unix_ns=row["opened_at_unix_ns"],
            elsewhere=elsewhere,
            indexed=dict(row),
            arrived_at_unix_ns=row["arrived_at_unix_ns"],
        )
    if row["opening_writer"] is not None:
        opening, _ = files.decode(call_id, *(row[f"opening_{name}"] for name in _PLACE))
    if row.get("closing_writer") is not None:
        closing, frame = files.decode(call_id, *(row[f"closing_{name}"] for name in _PLACE))
        place = EntryPlace(
            writer=WriterId(row["closing_writer"]),
            sequence=row["closing_sequence"],
            hash=frame.hash.hex(),
        )
    return CallRow(
        call_id=call_id,
        opened_at_unix_ns=row["opened_at_unix_ns"],
        opening=opening if isinstance(opening, OpeningEntry) else None,
        closing=closing if isinstance(closing, ClosingEntry) else None,
        place=place,
        arrived_at_unix_ns=row["arrived_at_unix_ns"],
    )

"""The :class:`alos.ports.call_store.CallStore` on the embedded store and the journals.

The index finds a call; what is shown of it is read from its entries in the journals.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, or_, select, text

from alos.domain.ids import CallId, WriterId
from alos.domain.record import ClosingEntry, OpeningEntry, Outcome
from alos.ports.call_store import CallCursor, CallQuery, CallRow, EntryPlace
from alos.store.engine import Store
from alos.store.entry_files import EntryFiles
from alos.store.tables import calls, running_calls

_PLACE: Final = ("writer", "segment", "byte_offset")
JOURNAL_NAME: Final = "journal"
"""The journals' folder beside the store, in a data folder."""


class CallIndex:
    """Reads calls; it changes nothing.

    Args:
        journal: the journals' folder; the one beside the store where it is not given.
    """

    def __init__(self, store: Store, journal: Path | None = None) -> None:
        self._store = store
        if journal is None and store.path is None:
            raise ValueError("a store on a server does not say where the journals are")
        self._journal = journal or (store.path or Path()).parent / JOURNAL_NAME

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
            rows = _search(connection, calls, _to_conditions(query), before, limit)
            if (running := _to_running_conditions(query)) is not None:
                rows += _search(connection, running_calls, running, before, limit)
                rows.sort(key=_get_place_in_time, reverse=True)
            return self._to_calls(rows[:limit])

    def list_arrivals(self, *, since_unix_ns: int, limit: int) -> Sequence[CallRow]:
        """Closed calls that arrived at or after a time, in order of arrival."""
        columns = calls.c
        with self._store.read() as connection:
            first = _find_arrival(connection, since_unix_ns)
            statement = (
                select(calls).where(columns.number >= first).order_by(columns.number).limit(limit)
            )
            rows = connection.execute(statement).mappings().all()
            return self._to_calls(rows)

    def _to_calls(self, rows: Iterable[RowMapping]) -> list[CallRow]:
        with EntryFiles(self._journal) as files:
            return [_to_call(row, files) for row in rows]


def _search(
    connection: Connection,
    table: Table,
    where: Iterable[ColumnElement[bool]],
    before: CallCursor | None,
    limit: int,
) -> list[RowMapping]:
    columns = table.c
    statement = (
        select(table)
        .where(*where)
        .order_by(columns.opened_at_unix_ns.desc(), columns.call_id.desc())
        .limit(limit)
    )
    if before is not None:
        at, call_id = before.opened_at_unix_ns, before.call_id
        statement = statement.where(
            columns.opened_at_unix_ns <= at,
            or_(columns.opened_at_unix_ns < at, columns.call_id < call_id),
        )
    return list(connection.execute(statement).mappings())


def _get_place_in_time(row: RowMapping) -> tuple[int, str]:
    return row["opened_at_unix_ns"], row["call_id"]


def _find_arrival(connection: Connection, since_unix_ns: int) -> int:
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
    opening = closing = place = None
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


def _to_conditions(query: CallQuery) -> list[Any]:
    columns = calls.c
    exact: dict[str, Any] = {
        "workflow": query.workflow,
        "workspace": query.workspace,
        "principal": query.person,
        "key_id": query.key_id,
        "task": query.task,
        "vendor": query.vendor,
        "outcome": query.outcome,
        "reason": query.reason,
    }
    where = [columns[name] == value for name, value in exact.items() if value is not None]
    if query.outcome not in {None, Outcome.ANSWERED}:
        where.append(text("outcome <> 'answered'"))  # the words of the index of rare outcomes
    if query.model is not None:
        where.append(or_(columns.model == query.model, columns.upstream_model == query.model))
    if query.finding is not None:
        where.append(columns.finding_words.is_not(None))
        where.append(columns.finding_words.contains(f"|{query.finding}|", autoescape=True))
    if query.min_cost_nanousd is not None:
        where.append(columns.cost_nanousd >= query.min_cost_nanousd)
    if query.min_duration_ms is not None:
        where.append(columns.duration_ms >= query.min_duration_ms)
    return where + _to_time_conditions(calls, query)


def _to_running_conditions(query: CallQuery) -> list[ColumnElement[bool]] | None:
    """Conditions on a running call; nothing where it can't match, because it has not ended."""
    unknown_yet = (
        query.person,
        query.task,
        query.model,
        query.vendor,
        query.outcome,
        query.reason,
        query.finding,
        query.min_cost_nanousd,
        query.min_duration_ms,
    )
    if any(one is not None for one in unknown_yet):
        return None
    columns = running_calls.c
    exact = {
        "workflow": query.workflow,
        "workspace": query.workspace,
        "key_id": query.key_id,
    }
    where = [columns[name] == value for name, value in exact.items() if value is not None]
    return where + _to_time_conditions(running_calls, query)


def _to_time_conditions(table: Table, query: CallQuery) -> list[ColumnElement[bool]]:
    opened_at = table.c.opened_at_unix_ns
    where: list[ColumnElement[bool]] = []
    if query.since_unix_ns is not None:
        where.append(opened_at >= query.since_unix_ns)
    if query.until_unix_ns is not None:
        where.append(opened_at < query.until_unix_ns)
    return where

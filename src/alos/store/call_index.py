"""The :class:`alos.ports.call_store.CallStore` on the embedded store."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from alos.domain.ids import CallId
from alos.ports.call_store import CallCursor, CallQuery, CallRow
from alos.store.engine import Store
from alos.store.rows import from_row
from alos.store.tables import calls


class CallIndex:
    """Reads calls; it changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_call(self, call_id: CallId) -> CallRow | None:
        """Everything that is known of one call."""
        with self._store.read() as connection:
            row = (
                connection.execute(select(calls).where(calls.c.call_id == call_id))
                .mappings()
                .one_or_none()
            )
        return None if row is None else from_row(row)

    def search_calls(
        self, query: CallQuery, *, before: CallCursor | None, limit: int
    ) -> Sequence[CallRow]:
        """Calls that match, newest first, older than ``before``."""
        columns = calls.c
        where = _to_conditions(query)
        if before is not None:
            where.append(
                or_(
                    columns.opened_at_unix_ns < before.opened_at_unix_ns,
                    and_(
                        columns.opened_at_unix_ns == before.opened_at_unix_ns,
                        columns.call_id < before.call_id,
                    ),
                )
            )
        statement = (
            select(calls)
            .where(*where)
            .order_by(columns.opened_at_unix_ns.desc(), columns.call_id.desc())
            .limit(limit)
        )
        with self._store.read() as connection:
            return [from_row(row) for row in connection.execute(statement).mappings()]

    def list_arrivals(self, *, since_unix_ns: int, limit: int) -> Sequence[CallRow]:
        """Closed calls that arrived at or after a time, in order of arrival."""
        columns = calls.c
        statement = (
            select(calls)
            .where(columns.arrived_at_unix_ns >= since_unix_ns, columns.outcome.is_not(None))
            .order_by(columns.arrived_at_unix_ns, columns.closed_at_unix_ns, columns.call_id)
            .limit(limit)
        )
        with self._store.read() as connection:
            return [from_row(row) for row in connection.execute(statement).mappings()]


def _to_conditions(query: CallQuery) -> list[ColumnElement[bool]]:
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
    if query.model is not None:
        where.append(or_(columns.model == query.model, columns.upstream_model == query.model))
    if query.finding is not None:
        where.append(columns.finding_words.contains(f"|{query.finding}|", autoescape=True))
    if query.min_cost_nanousd is not None:
        where.append(columns.cost_nanousd >= query.min_cost_nanousd)
    if query.min_duration_ms is not None:
        where.append(columns.duration_ms >= query.min_duration_ms)
    if query.since_unix_ns is not None:
        where.append(columns.opened_at_unix_ns >= query.since_unix_ns)
    if query.until_unix_ns is not None:
        where.append(columns.opened_at_unix_ns < query.until_unix_ns)
    return where

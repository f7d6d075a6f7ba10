"""Sums over calls: what a month cost by the scopes of caps, and what a dashboard shows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, func, select

from alos.ports.call_store import SumQuery, SumRow
from alos.store.engine import Store
from alos.store.rollups import HOUR_NAMES
from alos.store.tables import call_days, call_hours, scope_days

_DAY_SECONDS: Final = 86_400
_SUMS: Final = ("calls", "cost_nanousd", "duration_ms", "overhead_us")
_HIGHEST: Final = ("highest_cost_nanousd", "highest_duration_ms")


def get_spend_nanousd(store: Store, month: str) -> dict[str, int]:
    """Sum the cost of the closed calls that began in ``month`` (``YYYY-MM``, UTC).

    Running calls are not in it. Sweep dead writers and ship before asking, so that theirs are.

    Returns:
        Nano-dollars by scope as :class:`alos.domain.standing.Cap` writes it; scopes that cost
        nothing are left out.

    Raises:
        StoreDown: the store can't be read.
    """
    since, until = get_bounds(month)
    return CallTotals(store).sum_scopes(since_unix=since, until_unix=until)


class CallTotals:
    """The :class:`alos.ports.call_store.CallSums` on the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sum_calls(self, query: SumQuery) -> Sequence[SumRow]:
        """Sums by names, in their order."""
        table, time = _choose(query)
        columns = table.c
        by = [_get_name(table, time, name) for name in query.by]
        sums = [func.sum(columns[name]) for name in _SUMS]
        highest = [func.max(columns[name]) for name in _HIGHEST]
        statement = select(*by, *sums, *highest).where(
            time >= query.since_unix,
            time < query.until_unix,
            *(_get_name(table, time, name) == value for name, value in query.where),
        )
        if by:
            statement = statement.group_by(*by).order_by(*by)
        with self._store.read() as connection:
            rows = connection.execute(statement).all()
        return [_to_sum(row, len(by)) for row in rows if row[len(by)] is not None]

    def sum_scopes(self, *, since_unix: int, until_unix: int) -> dict[str, int]:
        """Nano-dollars by scope of a cap over whole days; those that cost nothing left out."""
        columns = scope_days.c
        cost = func.sum(columns.cost_nanousd)
        statement = (
            select(columns.scope, cost)
            .where(columns.day_unix >= since_unix, columns.day_unix < until_unix)
            .group_by(columns.scope)
            .having(cost > 0)
        )
        with self._store.read() as connection:
            return {scope: int(cost) for scope, cost in connection.execute(statement)}


def _choose(query: SumQuery) -> tuple[Table, ColumnElement[int]]:
    """The coarser sums where they say what is asked."""
    is_whole = query.since_unix % _DAY_SECONDS == query.until_unix % _DAY_SECONDS == 0
    names = {*query.by, *(name for name, _ in query.where)}
    if is_whole and "hour" not in names:
        return call_days, call_days.c.day_unix
    return call_hours, call_hours.c.hour_unix


def _get_name(table: Table, time: ColumnElement[int], name: str) -> ColumnElement[Any]:
    if name == "hour":
        return time
    if name == "day":
        return time - time % _DAY_SECONDS
    if name not in HOUR_NAMES:
        raise ValueError(f"calls are not summed by {name!r}")
    return table.c[name]


def _to_sum(row: Row[Any], names: int) -> SumRow:
    calls, cost, duration, overhead, highest_cost, highest_duration = map(int, row[names:])
    return SumRow(
        names=tuple(map(str, row[:names])),
        calls=calls,
        cost_nanousd=cost,
        duration_ms=duration,
        overhead_us=overhead,
        highest_cost_nanousd=highest_cost,
        highest_duration_ms=highest_duration,
    )


def get_bounds(month: str) -> tuple[int, int]:
    """First second of a month (``YYYY-MM``, UTC), and of the next one."""
    since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    years, months = divmod(since.month, 12)
    until = since.replace(year=since.year + years, month=months + 1)
    return int(since.timestamp()), int(until.timestamp())

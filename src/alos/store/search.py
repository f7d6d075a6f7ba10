"""Finds calls, newest first, without reading hours in which there can be no match.

``call_hours`` and ``finding_hours`` say of each hour what its calls were like. Going back in
time window by window, only the hours that may hold a match are read, along whatever index the
database finds best.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Subquery,
    Table,
    func,
    select,
    text,
    true,
    tuple_,
)

from alos.domain.record import Outcome
from alos.ports.call_store import CallCursor, CallQuery
from alos.store.bulk import is_postgresql
from alos.store.tables import (
    NOT_ANSWERED,
    call_days,
    call_hours,
    calls,
    finding_hours,
    model_names,
    running_calls,
)

_NS: Final = 1_000_000_000
_HOUR_SECONDS: Final = 3600
_DAY_SECONDS: Final = 86_400
_WINDOW_DAYS: Final = (1, 7, 31)
"""The last one for all that is older."""
_IN_HOURS: Final = ("workspace", "workflow", "vendor", "outcome", "reason")
_IN_CALLS: Final = (*_IN_HOURS, "key_id", "task", "run")
_OF_RUNNING: Final = frozenset({"workflow", "workspace", "key_id"})
_TIMES: Final = frozenset({"since_unix_ns", "until_unix_ns"})
PRODUCTION: Final = "production"
"""What a call is for that does not say so."""
_HOURS_AT_ONCE: Final = 64
_WITH_INDEX: Final = ("workflow", "person", "task", "run", "reason", "finding", "is_near_miss")
Range = tuple[int, int]
"""(first nanosecond, the one after the last)."""


class Effort(NamedTuple):
    """When which way is the shorter one.

    Attributes:
        few: a window with so few calls is read as it is.
        dense: where one in so many calls may match, going back in time fills a page soon.
    """

    few: int = 20_000
    dense: int = 50


class _Model(NamedTuple):
    """A model by our name, and the provider's where it was asked for by that."""

    ours: str | None = None
    theirs: str | None = None


class _Stretch(NamedTuple):
    """A stretch of time that may hold a match.

    Attributes:
        pairs: hours of it whose workflows are looked up one by one, because matches are thin.
    """

    span: Range
    pairs: Sequence[int] | None = None


def search(
    connection: Connection,
    query: CallQuery,
    before: CallCursor | None,
    limit: int,
    effort: Effort,
) -> list[RowMapping]:
    """Rows of calls that ended and match, newest first, older than ``before``."""
    rows: list[RowMapping] = []
    for model in _list_models(connection, query):
        rows += _search_model(connection, query, model, before, limit, effort)
    rows.sort(key=get_place_in_time, reverse=True)
    return rows[:limit]


def search_running(
    connection: Connection, query: CallQuery, before: CallCursor | None, limit: int
) -> list[RowMapping]:
    """The same of calls that run; of these only who and where is known."""
    asked = {name for name in query.__slots__ if getattr(query, name) is not None}
    if asked - _OF_RUNNING - _TIMES:
        return []
    columns = running_calls.c
    where = [columns[name] == getattr(query, name) for name in asked & _OF_RUNNING]
    span = _get_span(query, None)
    return _read(connection, running_calls, where, span, before, limit)


def get_place_in_time(row: RowMapping) -> tuple[int, str]:
    """What pages are ordered by."""
    return row["opened_at_unix_ns"], row["call_id"]


def _search_model(
    connection: Connection,
    query: CallQuery,
    model: _Model,
    before: CallCursor | None,
    limit: int,
    effort: Effort,
) -> list[RowMapping]:
    where = _to_conditions(query, model)
    rows: list[RowMapping] = []
    for stretch in _list_stretches(connection, query, model, before, effort):
        left = limit - len(rows)
        if stretch.pairs is None:
            rows += _read(connection, calls, where, stretch.span, before, left)
        elif is_postgresql(connection):
            rows += _read_one_by_one(connection, query, model, stretch, before, left)
        else:
            conditions = [*where, *_to_pairs(_list_pairs(stretch, query, model))]
            rows += _read(connection, calls, conditions, stretch.span, before, left)
        if len(rows) == limit:
            break
    return rows


def _read(
    connection: Connection,
    table: Table,
    where: Sequence[ColumnElement[bool]],
    span: Range,
    before: CallCursor | None,
    limit: int,
) -> list[RowMapping]:
    statement = _select(table, where, span, before, limit)
    return list(connection.execute(statement).mappings())


def _read_one_by_one(
    connection: Connection,
    query: CallQuery,
    model: _Model,
    stretch: _Stretch,
    before: CallCursor | None,
    limit: int,
) -> list[RowMapping]:
    """The same of a thin stretch, pair by pair; PostgreSQL would read whole days else."""
    hours = _list_pairs(stretch, query, model)
    where = [*_to_conditions(query, model), *_to_pairs(hours)]
    found = _select(calls, where, stretch.span, before, limit).correlate(hours).lateral()
    statement = (
        select(found)
        .select_from(hours.join(found, true()))
        .order_by(found.c.opened_at_unix_ns.desc(), found.c.call_id.desc())
        .limit(limit)
    )
    return list(connection.execute(statement).mappings())


def _select(
    table: Table,
    where: Sequence[ColumnElement[bool]],
    span: Range,
    before: CallCursor | None,
    limit: int,
) -> Select[Any]:
    columns = table.c
    order = (columns.opened_at_unix_ns, columns.call_id)
    statement = (
        select(table)
        .where(*where, columns.opened_at_unix_ns >= span[0], columns.opened_at_unix_ns < span[1])
        .order_by(*(column.desc() for column in order))
        .limit(limit)
    )
    if before is None:
        return statement
    return statement.where(
        columns.opened_at_unix_ns <= before.opened_at_unix_ns,
        tuple_(*order) < (before.opened_at_unix_ns, before.call_id),
    )


def _to_conditions(query: CallQuery, model: _Model) -> list[Any]:
    columns = calls.c
    asked = [(columns[name], getattr(query, name)) for name in _IN_CALLS]
    asked += [(columns.principal, query.person), (columns.model, model.ours)]
    asked.append((columns.upstream_model, model.theirs))
    where: list[Any] = [column == value for column, value in asked if value is not None]
    if query.outcome not in {None, Outcome.ANSWERED}:
        where.append(text(f"calls.{NOT_ANSWERED}"))  # the words of the index of rare outcomes
    if query.purpose is not None:
        where.append(func.coalesce(columns.purpose, PRODUCTION) == query.purpose)
    if query.is_near_miss:
        where.append(columns.near_miss.is_not(None))
    if query.finding is not None:
        where.append(columns.finding_words.is_not(None))
        where.append(columns.finding_words.contains(f"|{query.finding}|", autoescape=True))
    if query.min_cost_nanousd is not None:
        where.append(columns.cost_nanousd >= query.min_cost_nanousd)
    if query.min_duration_ms is not None:
        where.append(columns.duration_ms >= query.min_duration_ms)
    return where


def _list_models(connection: Connection, query: CallQuery) -> list[_Model]:
    """The models that are asked for, by our name or by the provider's."""
    if query.model is None:
        return [_Model()]
    columns = model_names.c
    found = connection.scalars(
        select(columns.model).where(
            columns.upstream_model == query.model, columns.model != query.model
        )
    )
    return [_Model(query.model), *(_Model(name, query.model) for name in found)]


# --- where in time there can be a match -----------------------------------------------------


def _get_span(query: CallQuery, before: CallCursor | None) -> Range:
    """The time that is asked for."""
    ends = [2**63 - 1]
    if query.until_unix_ns is not None:
        ends.append(query.until_unix_ns)
    if before is not None:
        ends.append(before.opened_at_unix_ns + 1)
    return query.since_unix_ns or 0, min(ends)


def _list_stretches(
    connection: Connection,
    query: CallQuery,
    model: _Model,
    before: CallCursor | None,
    effort: Effort,
) -> Iterator[_Stretch]:
    """Stretches of time that may hold a match, newest first."""
    whole = _get_span(query, before)
    where = _to_sum_conditions(call_hours, query, model)
    if not where and query.finding is None:
        yield _Stretch(whole)
        return
    has_index = any(getattr(query, name) is not None for name in _WITH_INDEX)
    for window in _list_windows(connection, whole):
        span = _cut(whole, window)
        total = _count(connection, window, [])
        matching = _count(connection, window, _to_sum_conditions(call_days, query, model))
        if matching * effort.dense >= total > effort.few and _asks_for_highest(query):
            matching = _count(connection, window, where, call_hours)  # a day's highest says little
        if matching and total <= effort.few:
            yield _Stretch(span)
        elif matching and (has_index or matching * effort.dense >= total):
            hours = _list_hours(connection, query, where, window)
            yield from (_Stretch(_cut(whole, one)) for one in _join(hours))
        elif matching:
            hours = _list_hours(connection, query, where, window)
            for at in range(0, len(hours), _HOURS_AT_ONCE):
                some = hours[at : at + _HOURS_AT_ONCE]
                yield _Stretch(_cut(whole, (some[-1], some[0] + _HOUR_SECONDS)), some)


def _list_pairs(stretch: _Stretch, query: CallQuery, model: _Model) -> Subquery:
    """Hours and workflows of a thin stretch in which there can be a match."""
    assert stretch.pairs is not None, "asked for thin stretches only"
    columns = call_hours.c
    return (
        select(columns.hour_unix, columns.workflow)
        .where(columns.hour_unix.in_(stretch.pairs), *_to_sum_conditions(call_hours, query, model))
        .distinct()
        .subquery()
    )


def _to_pairs(hours: Subquery) -> list[Any]:
    """Conditions that a call is of one of them."""
    opened_at, columns = calls.c.opened_at_unix_ns, hours.c
    return [
        calls.c.workflow == columns.workflow,
        opened_at >= columns.hour_unix * _NS,
        opened_at < (columns.hour_unix + _HOUR_SECONDS) * _NS,
    ]


def _cut(whole: Range, seconds: Range) -> Range:
    return max(whole[0], seconds[0] * _NS), min(whole[1], seconds[1] * _NS)


def _asks_for_highest(query: CallQuery) -> bool:
    return query.min_cost_nanousd is not None or query.min_duration_ms is not None


def _count(
    connection: Connection, window: Range, where: Sequence[Any], table: Table = call_days
) -> int:
    """How many calls there are in the days (or hours) of a window that may match."""
    columns = table.c
    at = columns.day_unix if table is call_days else columns.hour_unix
    statement = select(func.sum(columns.calls)).where(
        at >= window[0] // _DAY_SECONDS * _DAY_SECONDS, at < window[1], *where
    )
    return int(connection.scalar(statement) or 0)


def _to_sum_conditions(table: Table, query: CallQuery, model: _Model) -> list[Any]:
    columns = table.c
    asked = [(columns[name], getattr(query, name)) for name in _IN_HOURS]
    asked.append((columns.model, model.ours))
    where: list[Any] = [column == value for column, value in asked if value is not None]
    if query.purpose is not None:
        names = ("", PRODUCTION) if query.purpose == PRODUCTION else (query.purpose,)
        where.append(columns.purpose.in_(names))
    if query.min_cost_nanousd is not None:
        where.append(columns.highest_cost_nanousd >= query.min_cost_nanousd)
    if query.min_duration_ms is not None:
        where.append(columns.highest_duration_ms >= query.min_duration_ms)
    return where


def _list_windows(connection: Connection, whole: Range) -> Iterator[Range]:
    """Stretches (in seconds) to look up at once, from the newest back to the first."""
    column = call_hours.c.hour_unix
    first, last = connection.execute(select(func.min(column), func.max(column))).one()
    if first is None:
        return
    first = max(first, whole[0] // _NS // _HOUR_SECONDS * _HOUR_SECONDS)
    end = min(last + _HOUR_SECONDS, -(-whole[1] // _NS))
    days = iter(_WINDOW_DAYS)
    while end > first:
        begin = end - next(days, _WINDOW_DAYS[-1]) * _DAY_SECONDS
        begin -= begin % _HOUR_SECONDS
        yield max(first, begin), end
        end = begin


def _list_hours(
    connection: Connection, query: CallQuery, where: Sequence[Any], window: Range
) -> list[int]:
    """Hours of a window that may hold a match, newest first."""
    column = call_hours.c.hour_unix
    hours = (
        select(column).where(column >= window[0], column < window[1], *where).distinct().subquery()
    )
    statement = select(hours.c.hour_unix).order_by(hours.c.hour_unix.desc())
    if query.finding is not None:
        statement = statement.join(
            finding_hours,
            (finding_hours.c.hour_unix == hours.c.hour_unix)
            & (finding_hours.c.word == query.finding),
        )
    return list(connection.scalars(statement))


def _join(hours: Sequence[int]) -> Iterator[Range]:
    """Hours that follow each other, newest first, as stretches."""
    begin = end = 0
    for hour in hours:
        if hour + _HOUR_SECONDS == begin:
            begin = hour
            continue
        if end:
            yield begin, end
        begin, end = hour, hour + _HOUR_SECONDS
    if end:
        yield begin, end

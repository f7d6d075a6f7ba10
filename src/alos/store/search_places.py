"""Says where in time calls that match a search can be, newest first.

``call_hours`` and ``finding_hours`` say of each hour what its calls were like, and between which
moments. Going back window by window, hours without a match are passed over; where matches are
thin, an hour is narrowed to the moments between which they began.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Subquery, Table, case, func, literal, select

from alos.ports.call_store import CallCursor, CallQuery
from alos.store.tables import call_days, call_hours, finding_hours

_NS: Final = 1_000_000_000
_HOUR_SECONDS: Final = 3600
_DAY_SECONDS: Final = 86_400
_WINDOW_DAYS: Final = (1, 3, 7, 7, 14, 31)
"""The last one for all that is older."""
IN_HOURS: Final = ("workspace", "workflow", "vendor", "outcome", "reason")
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
        rare: where so few calls of a window may match, each is looked up where it is, index or
            not.
    """

    few: int = 20_000
    dense: int = 100
    rare: int = 2_000


class Model(NamedTuple):
    """A model by our name, and the provider's where it was asked for by that."""

    ours: str | None = None
    theirs: str | None = None


class Stretch(NamedTuple):
    """A stretch of time that may hold a match.

    Attributes:
        spots: where in it, because matches are thin: ``first`` and ``last`` moments, and the
            ``workflow`` where that helps.
        has_unnamed: some calls there name no workflow; the spots say "".
    """

    span: Range
    spots: Subquery | None = None
    has_unnamed: bool = False


class _Hour(NamedTuple):
    """An hour that may hold a match.

    Attributes:
        calls: that may match.
        matches: that do, at least, unless they are gone.
        first_workflow: of them; "" where some name none.
    """

    begin: int
    calls: int
    matches: int
    first_workflow: str


def get_span(query: CallQuery, before: CallCursor | None) -> Range:
    """The time that is asked for."""
    ends = [2**63 - 1]
    if query.until_unix_ns is not None:
        ends.append(query.until_unix_ns)
    if before is not None:
        ends.append(before.opened_at_unix_ns + 1)
    return query.since_unix_ns or 0, min(ends)


def list_stretches(
    connection: Connection,
    query: CallQuery,
    model: Model,
    before: CallCursor | None,
    limit: int,
    effort: Effort,
) -> Iterator[Stretch]:
    """Stretches of time that may hold a match, newest first; ``limit`` are looked for."""
    whole = get_span(query, before)
    where = _to_sum_conditions(call_hours, query, model)
    if not where and query.finding is None:
        yield Stretch(whole)
        return
    has_index = any(getattr(query, name) is not None for name in _WITH_INDEX)
    for window in _list_windows(connection, whole):
        total = _count_days(connection, window, [])
        if not _count_days(connection, window, _to_sum_conditions(call_days, query, model)):
            continue
        if total <= effort.few:
            yield Stretch(_cut(whole, window))
            continue
        if where:
            hours = _list_hours(connection, query, where, window)
        else:
            hours = _list_found_hours(connection, query, window)
        is_dense = sum(hour.calls for hour in hours) * effort.dense >= total
        is_rare = sum(hour.matches for hour in hours) <= effort.rare
        if is_dense or (has_index and not is_rare):
            yield from (Stretch(_cut(whole, one)) for one in _join(hours))
            continue
        for some in _split(hours, limit):
            span = _cut(whole, (some[-1].begin, some[0].begin + _HOUR_SECONDS))
            has_unnamed = any(not hour.first_workflow for hour in some)
            spots = _list_spots([hour.begin for hour in some], query, where)
            yield Stretch(span, spots, has_unnamed)


def _list_spots(hours: Sequence[int], query: CallQuery, where: Sequence[Any]) -> Subquery:
    """Where in some hours there can be a match.

    Findings have an index of their own by time; else calls of a workflow are read.
    """
    if query.finding is not None:
        found = finding_hours.c
        return (
            select(
                found.first_opened_at_unix_ns.label("first"),
                found.last_opened_at_unix_ns.label("last"),
            )
            .where(found.hour_unix.in_(hours), found.word == query.finding)
            .subquery()
        )
    columns = call_hours.c
    first: ColumnElement[int] = columns.first_opened_at_unix_ns
    last: ColumnElement[int] = columns.last_opened_at_unix_ns
    for least, following, at in (
        (query.min_cost_nanousd, columns.next_cost_nanousd, columns.highest_cost_at_unix_ns),
        (query.min_duration_ms, columns.next_duration_ms, columns.highest_duration_at_unix_ns),
    ):
        if least is not None:  # where the next one is below, only the highest matches
            first = case((following < least, at), else_=first)
            last = case((following < least, at), else_=last)
    return (
        select(columns.workflow, func.min(first).label("first"), func.max(last).label("last"))
        .where(columns.hour_unix.in_(hours), *where)
        .group_by(columns.hour_unix, columns.workflow)
        .subquery()
    )


def _cut(whole: Range, seconds: Range) -> Range:
    return max(whole[0], seconds[0] * _NS), min(whole[1], seconds[1] * _NS)


def _asks_for_highest(query: CallQuery) -> bool:
    return query.min_cost_nanousd is not None or query.min_duration_ms is not None


def _count_days(connection: Connection, window: Range, where: Sequence[Any]) -> int:
    """How many calls there are in the days of a window that may match."""
    columns = call_days.c
    begin = window[0] // _DAY_SECONDS * _DAY_SECONDS
    statement = select(func.sum(columns.calls)).where(
        columns.day_unix >= begin, columns.day_unix < window[1], *where
    )
    return int(connection.scalar(statement) or 0)


def _to_sum_conditions(table: Table, query: CallQuery, model: Model) -> list[Any]:
    columns = table.c
    asked = [(columns[name], getattr(query, name)) for name in IN_HOURS]
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
    ends = (select(end(column)).scalar_subquery() for end in (func.min, func.max))
    first, last = connection.execute(select(*ends)).one()  # SQLite reads all for both at once
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
) -> list[_Hour]:
    """Hours of a window that may hold a match, newest first."""
    columns, found = call_hours.c, finding_hours.c
    calls = func.sum(columns.calls) if query.finding is None else func.min(found.calls)
    matches = func.count() if _asks_for_highest(query) else calls
    statement = (
        select(columns.hour_unix, calls, matches, func.min(columns.workflow))
        .where(columns.hour_unix >= window[0], columns.hour_unix < window[1], *where)
        .group_by(columns.hour_unix)
        .order_by(columns.hour_unix.desc())
    )
    if query.finding is not None:
        is_there = (found.hour_unix == columns.hour_unix) & (found.word == query.finding)
        statement = statement.join(finding_hours, is_there)
    return [
        _Hour(begin, int(calls), int(matches), first)
        for begin, calls, matches, first in connection.execute(statement)
    ]


def _list_found_hours(connection: Connection, query: CallQuery, window: Range) -> list[_Hour]:
    """The same where nothing but a finding is asked for."""
    columns = finding_hours.c
    statement = (
        select(columns.hour_unix, columns.calls, columns.calls, literal("any"))
        .where(columns.hour_unix >= window[0], columns.hour_unix < window[1])
        .where(columns.word == query.finding)
        .order_by(columns.hour_unix.desc())
    )
    return [_Hour(*row) for row in connection.execute(statement)]


def _split(hours: Sequence[_Hour], limit: int) -> Iterator[list[_Hour]]:
    """Hours in parts that may each hold enough matches, because a part is read whole."""
    some: list[_Hour] = []
    matches = 0
    for hour in hours:
        some.append(hour)
        matches += hour.matches
        if matches >= limit or len(some) == _HOURS_AT_ONCE:
            yield some
            some, matches = [], 0
    if some:
        yield some


def _join(hours: Sequence[_Hour]) -> Iterator[Range]:
    """Hours that follow each other, newest first, as stretches."""
    begin = end = 0
    for hour, *_ in hours:
        if hour + _HOUR_SECONDS == begin:
            begin = hour
            continue
        if end:
            yield begin, end
        begin, end = hour, hour + _HOUR_SECONDS
    if end:
        yield begin, end

"""Finds calls, newest first, without reading where there can be no match.

:mod:`alos.store.search_places` says where there can be one; only there calls are read, along
whatever index the database finds best.
"""

from collections.abc import Sequence
from typing import Any, Final

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
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import Join

from alos.domain.record import Outcome
from alos.ports.call_store import CallCursor, CallQuery
from alos.store.bulk import is_postgresql
from alos.store.search_places import (
    IN_HOURS,
    PRODUCTION,
    Effort,
    Model,
    Range,
    Stretch,
    get_span,
    list_stretches,
)
from alos.store.tables import NOT_ANSWERED, calls, model_names, running_calls

_IN_CALLS: Final = (*IN_HOURS, "key_id", "task", "run")
_OF_RUNNING: Final = frozenset({"workflow", "workspace", "key_id"})
_TIMES: Final = frozenset({"since_unix_ns", "until_unix_ns"})


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
    span = get_span(query, None)
    return _read(connection, running_calls, where, span, before, limit)


def get_place_in_time(row: RowMapping) -> tuple[int, str]:
    """What pages are ordered by."""
    return row["opened_at_unix_ns"], row["call_id"]


def _search_model(
    connection: Connection,
    query: CallQuery,
    model: Model,
    before: CallCursor | None,
    limit: int,
    effort: Effort,
) -> list[RowMapping]:
    where = _to_conditions(query, model)
    rows: list[RowMapping] = []
    for stretch in list_stretches(connection, query, model, before, limit, effort):
        left = limit - len(rows)
        if stretch.spots is None:
            rows += _read(connection, calls, where, stretch.span, before, left)
        else:
            rows += _read_spots(connection, where, stretch, before, left)
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


def _read_spots(
    connection: Connection,
    where: Sequence[ColumnElement[bool]],
    stretch: Stretch,
    before: CallCursor | None,
    limit: int,
) -> list[RowMapping]:
    """The same of the spots of a stretch, along the index of workflows where they name one."""
    spots = stretch.spots
    assert spots is not None, "asked for stretches with spots only"
    opened_at, workflow = calls.c.opened_at_unix_ns, calls.c.workflow
    inside = (opened_at >= spots.c.first, opened_at <= spots.c.last)
    ways = [[workflow == spots.c.workflow]] if "workflow" in spots.c else [[]]
    if stretch.has_unnamed and "workflow" in spots.c:  # one condition for both would use no index
        ways.append([workflow.is_(None), spots.c.workflow == ""])
    rows: list[RowMapping] = []
    for way in ways:
        found = _select(calls, [*where, *inside, *way], stretch.span, before, limit)
        if is_postgresql(connection):
            found = _select_spot_by_spot(found, spots, limit)
        else:
            found = found.select_from(_CrossJoin(spots, calls, true()))
        rows += connection.execute(found).mappings()
    rows.sort(key=get_place_in_time, reverse=True)
    return rows[:limit]


def _select_spot_by_spot(found: Select[Any], spots: Subquery, limit: int) -> Select[Any]:
    """The same rows; PostgreSQL would read whole days else."""
    lateral = found.correlate(spots).lateral("found")
    return (
        select(text("found.*"))
        .select_from(spots.join(lateral, true()))
        .order_by(text("found.opened_at_unix_ns DESC, found.call_id DESC"))
        .limit(limit)
    )


class _CrossJoin(Join):
    """In SQLite it also says which of two tables is read first."""

    inherit_cache = True


@compiles(_CrossJoin)
def _say_cross_join(join: Join, compiler: SQLCompiler, **options: Any) -> str:
    options["asfrom"] = True
    left, right = (compiler.process(one, **options) for one in (join.left, join.right))
    return f"{left} CROSS JOIN {right}"


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


def _to_conditions(query: CallQuery, model: Model) -> list[Any]:
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


def _list_models(connection: Connection, query: CallQuery) -> list[Model]:
    """The models that are asked for, by our name or by the provider's."""
    if query.model is None:
        return [Model()]
    columns = model_names.c
    found = connection.scalars(
        select(columns.model).where(
            columns.upstream_model == query.model, columns.model != query.model
        )
    )
    return [Model(query.model), *(Model(name, query.model) for name in found)]

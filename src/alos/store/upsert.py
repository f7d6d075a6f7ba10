"""Insert-or-update of many rows at the price of the driver alone.

SQLAlchemy writes the statement once; the rows then go to the driver as they are. For a wide row
its own parameter processing costs several times what the database does.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import JSON, Connection, Table, bindparam, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

Row = dict[str, Any]


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    replace: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
) -> None:
    """Insert rows of the same columns; where one is there already, ``replace`` its columns.

    Columns in ``keep`` hold on to their old value where the new one is null.
    """
    if not rows:
        return
    sql, order = _compile(connection.dialect, table, tuple(rows[0]), replace, keep)
    json_columns = [column.name for column in table.columns if isinstance(column.type, JSON)]
    encode = msgspec.json.encode
    for row in rows:
        for name in json_columns:
            if row.get(name) is not None:
                row[name] = encode(row[name]).decode()
    parameters: list[Any] = list(rows) if order is None else [order(row) for row in rows]
    connection.exec_driver_sql(sql, parameters)


@lru_cache(maxsize=32)
def _compile(
    dialect: Dialect,
    table: Table,
    columns: tuple[str, ...],
    replace: tuple[str, ...],
    keep: tuple[str, ...],
) -> tuple[str, Callable[[Row], tuple[Any, ...]] | None]:
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values({name: bindparam(name) for name in columns})
    key = [column.name for column in table.primary_key]
    changes: Row = {
        name: func.coalesce(statement.excluded[name], table.c[name])
        if name in keep
        else statement.excluded[name]
        for name in replace
        if name not in key
    }
    final = (
        statement.on_conflict_do_update(index_elements=key, set_=changes)
        if changes
        else statement.on_conflict_do_nothing(index_elements=key)
    )
    compiled = final.compile(dialect=dialect)
    if not compiled.positional:
        return str(compiled), None
    return str(compiled), itemgetter(*(compiled.positiontup or ()))

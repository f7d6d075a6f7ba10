"""Many rows into a table at the price of the driver alone, on either engine.

A statement is written once with ``?`` for a value. On PostgreSQL new rows of the wide or busy
tables come by COPY.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection

Values = tuple[Any, ...]
_POSTGRESQL: Final = "postgresql"


def is_postgresql(connection: Connection) -> bool:
    """Whether the other side is PostgreSQL and not SQLite."""
    return connection.dialect.name == _POSTGRESQL


def run_many(connection: Connection, statement: str, rows: Sequence[Values]) -> None:
    """Run a statement of ours for each row of values."""
    if rows:
        connection.exec_driver_sql(_to_dialect(connection, statement), list(rows))


def run(connection: Connection, statement: str, values: Values = ()) -> Any:
    """Run a statement of ours once; returns SQLAlchemy's result."""
    return connection.exec_driver_sql(_to_dialect(connection, statement), values)


def insert_new(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Values]
) -> int:
    """Insert rows and leave out those that collide with one that is there.

    Returns:
        How many were inserted.
    """
    if not rows:
        return 0
    if is_postgresql(connection):
        return _copy_new(connection, table, columns, rows)
    before = _count_changes(connection)
    run_many(connection, f"{to_insert(table, columns)} ON CONFLICT DO NOTHING", rows)
    return _count_changes(connection) - before


def append(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Values]
) -> None:
    """Insert rows of which none may be there; an error where one is."""
    if not rows:
        return
    if is_postgresql(connection):
        _copy(connection, table, columns, rows)
    else:
        run_many(connection, to_insert(table, columns), rows)


def to_insert(table: str, columns: Sequence[str]) -> str:
    """The beginning of an insert of one row."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 (our own names)


def list_in_parts(connection: Connection, statement: str, size: int) -> Iterator[list[Values]]:
    """Yield a statement's rows as the driver's own tuples, never more than ``size`` in memory."""
    raw: Any = connection.connection.driver_connection
    cursor = raw.cursor("parts") if is_postgresql(connection) else raw.cursor()
    with closing(cursor):
        cursor.execute(_to_dialect(connection, statement))
        while rows := cursor.fetchmany(size):
            yield rows


def _copy_new(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Values]
) -> int:
    names, arriving = ", ".join(columns), f"arriving_{table}"
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {arriving} ON COMMIT DELETE ROWS"  # noqa: S608 (our own names)
        f" AS SELECT {names} FROM {table} WITH NO DATA"
    )
    _copy(connection, arriving, columns, rows)
    done = connection.exec_driver_sql(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {arriving} ON CONFLICT DO NOTHING"  # noqa: S608 (our own names)
    )
    connection.exec_driver_sql(f"TRUNCATE {arriving}")
    return done.rowcount


def _copy(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Values]
) -> None:
    raw: Any = connection.connection.driver_connection
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _count_changes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one())


def _to_dialect(connection: Connection, statement: str) -> str:
    return _to_percent(statement) if is_postgresql(connection) else statement


@lru_cache(maxsize=64)
def _to_percent(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")

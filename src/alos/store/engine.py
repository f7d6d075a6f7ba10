"""The store: SQLite in the data folder, or PostgreSQL; both behind the same three transactions.

Writers queue, so that two of them never fail half-way or see each other's half; readers have
one consistent view and wait for nobody. Whatever goes wrong below is ``StoreDown`` above.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from alos.domain.fault import StoreDown
from alos.store.postgresql import PostgresqlDatabase
from alos.store.sqlite import SqliteFile

_BUSY_MS: Final = 5000


class Database(Protocol):
    """One engine's way of opening, changing and leaving a database.

    Attributes:
        writing: transactions that are durable on return.
        shipping: transactions whose newest may be lost with the power, whole and in order.
        reading: one consistent view each.
        sharing: like ``writing``, for what gateways share out; it does not wait for writers.
    """

    writing: Engine
    shipping: Engine
    reading: Engine
    sharing: Engine

    @property
    def is_ready(self) -> bool:
        """Whether it is there and has the newest schema, as far as was seen."""

    def prepare(self) -> None:
        """Make what has to be there before the schema is brought to the newest revision."""

    def note_ready(self) -> None:
        """Remember that it has the newest schema."""

    def look_before_reading(self) -> None:
        """Notice that the database was replaced.

        Raises:
            StoreDown: there is none.
        """

    def wipe(self) -> bool:
        """Leave old values in no file of ours; false where somebody's reading kept them."""

    def close(self) -> None:
        """Close all connections."""


class Store:
    """A database with transactions for writing, shipping and reading.

    Args:
        place: a file for SQLite, or a URL that begins with ``postgresql://``.
        busy_ms: how long a writer waits for others.
    """

    def __init__(self, place: Path | str, *, busy_ms: int = _BUSY_MS) -> None:
        self._preparing = threading.Lock()
        self.path = place if isinstance(place, Path) else None
        self._database: Database = (
            SqliteFile(place, busy_ms)
            if isinstance(place, Path)
            else PostgresqlDatabase(place, busy_ms)
        )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change things; committed when the block ends.

        Raises:
            StoreDown: nothing of the block was kept.
        """
        with _to_store_down():
            self.ensure()
            with self._database.writing.begin() as connection:
                yield connection

    @contextmanager
    def ingest(self) -> Iterator[Connection]:
        """Like :meth:`write`, for what can be made again from the journals.

        After a loss of power the newest of these transactions may be missing, whole and in
        order. A later :meth:`write` makes them durable too.

        Raises:
            StoreDown: nothing of the block was kept.
        """
        with _to_store_down():
            self.ensure()
            with self._database.shipping.begin() as connection:
                yield connection

    @contextmanager
    def share(self) -> Iterator[Connection]:
        """Like :meth:`write`, among others that share something out; never behind a shipment.

        Raises:
            StoreDown: nothing of the block was kept, or nobody knows.
        """
        with _to_store_down():
            self.ensure()
            with self._database.sharing.begin() as connection:
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view.

        Raises:
            StoreDown: the store can't be read.
        """
        with _to_store_down():
            self._database.look_before_reading()
            with self._database.reading.begin() as connection:
                yield connection

    def ensure(self) -> None:
        """Create the database or its newer tables where they are missing.

        Raises:
            StoreDown: the disk or the server refuses.
        """
        if self._database.is_ready:
            return
        with self._preparing, _to_store_down():
            self._prepare()

    def _prepare(self) -> None:
        """Do it once, where several threads wait for it."""
        if not self._database.is_ready:
            self._database.prepare()
            migrate(self._database.writing)
            self._database.note_ready()

    def wipe(self) -> bool:
        """Leave what was overwritten or deleted in no file of the database.

        Returns:
            False when somebody was reading, so that it has to be done again.

        Raises:
            StoreDown: the store can't be used.
        """
        with _to_store_down():
            return self._database.wipe()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@contextmanager
def _to_store_down() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreDown(f"the store can't be used: {cause}") from error

"""PostgreSQL as the store of many gateways.

Writers of one database queue on an advisory lock, so that they see what SQLite's writers see:
nobody else's half. Readers have a snapshot and wait for nobody.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url

_WRITERS: Final = 0x414C4F53
"""Number of the lock on which writers queue; ``ALOS``."""
_CONNECT_SECONDS: Final = 5
_SHARERS: Final = _WRITERS + 1
"""Number of the lock on which gateways queue that take shares of budgets and rates."""
_RANDOM_PAGE_COST: Final = "1.1"
"""As on a disk without moving parts; the default has a few calls of one workflow found by reading
all calls of their hour."""


class PostgresqlDatabase:
    """A :class:`alos.store.engine.Database` on a server.

    Args:
        url: ``postgresql://user@host/name``; what is left out comes from libpq's own settings
            (``PGPASSWORD``, ``~/.pgpass``…).
    """

    def __init__(self, url: str, busy_ms: int) -> None:
        self._has_schema = False
        self.writing = _make_engine(url, busy_ms, "on")
        self.shipping = _make_engine(url, busy_ms, "off")
        self.reading = _make_engine(url, busy_ms, None)
        self.sharing = _make_engine(url, busy_ms, "on", lock=_SHARERS)
        for engine in (self.writing, self.shipping, self.reading, self.sharing):
            event.listen(engine, "handle_error", self._look_again)

    @property
    def is_ready(self) -> bool:
        """Nothing went wrong since it had the newest schema."""
        return self._has_schema

    def prepare(self) -> None:
        """The server makes databases, not we."""

    def note_ready(self) -> None:
        """Remember that the schema is the newest one."""
        self._has_schema = True

    def look_before_reading(self) -> None:
        """The server says by itself what is wrong."""

    def wipe(self) -> bool:
        """Remove rows that nobody sees any more from the tables that hold personal values."""
        with self.writing.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM calls, notes, erasures_due")
        return True

    def close(self) -> None:
        """Close all connections."""
        for engine in (self.reading, self.shipping, self.writing, self.sharing):
            engine.dispose()

    def _look_again(self, _: Any) -> None:
        """After an error the database may be another one."""
        self._has_schema = False


def _make_engine(
    url: str, busy_ms: int, synchronous: str | None, *, lock: int = _WRITERS
) -> Engine:
    """One engine; without ``synchronous`` for reading."""
    settings = {"lock_timeout": str(busy_ms), "timezone": "UTC", "client_encoding": "UTF8"}
    settings["random_page_cost"] = _RANDOM_PAGE_COST
    if synchronous is not None:
        settings["synchronous_commit"] = synchronous
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
        isolation_level="REPEATABLE READ" if synchronous is None else "READ COMMITTED",
        pool_pre_ping=True,
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        take = f"SELECT pg_advisory_xact_lock({lock})"
        connection.exec_driver_sql("SET TRANSACTION READ ONLY" if synchronous is None else take)

    return engine

"""Opens the embedded store (SQLite in WAL mode) and brings it to the newest schema.

Writers take the write lock when they begin, so that two of them queue instead of failing
half-way; readers use connections of their own and never wait for writers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from alos.domain.fault import StoreDown

_BUSY_MS: Final = 5000
_CHECKPOINT_PAGES: Final = 4000
"""The write-ahead log is folded in when it is about 16 MB long."""


class Store:
    """One SQLite file with engines for writing, shipping and reading.

    A file that was deleted or replaced under a running process is noticed, and the store is
    made anew; the call index then fills again from the journals.
    """

    def __init__(self, path: Path, *, busy_ms: int = _BUSY_MS) -> None:
        self.path = path
        self._inode: int | None = None
        self._writing = _make_engine(path, mode="rwc", begin="BEGIN IMMEDIATE", busy_ms=busy_ms)
        self._shipping = _make_engine(
            path, mode="rwc", begin="BEGIN IMMEDIATE", busy_ms=busy_ms, synchronous="NORMAL"
        )
        self._reading = _make_engine(path, mode="ro", begin="BEGIN", busy_ms=busy_ms)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change things; committed when the block ends.

        Raises:
            StoreDown: nothing of the block was kept.
        """
        with _to_store_down():
            self.ensure()
            with self._writing.begin() as connection:
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
            with self._shipping.begin() as connection:
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view.

        Raises:
            StoreDown: the store can't be read.
        """
        with _to_store_down():
            if self._inode is None and not self.path.exists():
                raise StoreDown("there is no store at this place yet")
            if self._inode is not None and self._get_inode() != self._inode:
                self._reading.dispose()
            with self._reading.begin() as connection:
                yield connection

    def ensure(self) -> None:
        """Create the file or its newer tables where they are missing.

        Raises:
            StoreDown: the disk refuses.
        """
        if self._inode is not None and self._get_inode() == self._inode:
            return
        with _to_store_down():
            self._shipping.dispose()
            self._writing.dispose()
            self._reading.dispose()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self._remove_leftovers()
            migrate(self._writing)
            self.path.chmod(0o600)
            self._inode = self._get_inode()

    def wipe(self) -> bool:
        """Fold the write-ahead log in and empty it, so that old values are in no file of ours.

        Returns:
            False when somebody was reading, so that it has to be done again.

        Raises:
            StoreDown: the store can't be used.
        """
        with _to_store_down():
            raw = self._writing.raw_connection()
            try:
                row = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.close()
        return not row[0]

    def close(self) -> None:
        """Close all connections; the writing one last, which folds the write-ahead log in."""
        self._reading.dispose()
        self._shipping.dispose()
        self._writing.dispose()

    def _remove_leftovers(self) -> None:
        """A deleted file's write-ahead log would be replayed into the new one."""
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _get_inode(self) -> int | None:
        try:
            return self.path.stat().st_ino
        except OSError:
            return None


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _make_engine(
    path: Path, *, mode: str, begin: str, busy_ms: int, synchronous: str = "FULL"
) -> Engine:
    engine = create_engine(
        f"sqlite:///file:{path}?mode={mode}&uri=true",
        connect_args={"timeout": busy_ms / 1000, "check_same_thread": False},
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        if mode != "ro":
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute("PRAGMA secure_delete=FAST")  # overwrites where it writes anyway
            connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def _to_store_down() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreDown(f"the store can't be used: {cause}") from error

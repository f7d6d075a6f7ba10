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


class Store:
    """One SQLite file with an engine for writing and one for reading.

    A file that was deleted or replaced under a running process is noticed, and the store is
    made anew; the call index then fills again from the journals.
    """

    def __init__(self, path: Path, *, busy_ms: int = _BUSY_MS) -> None:
        self._path = path
        self._inode: int | None = None
        self._writing = _make_engine(path, mode="rwc", begin="BEGIN IMMEDIATE", busy_ms=busy_ms)
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
    def read(self) -> Iterator[Connection]:
        """One consistent view.

        Raises:
            StoreDown: the store can't be read.
        """
        with _to_store_down():
            if self._inode is None and not self._path.exists():
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
            self._writing.dispose()
            self._reading.dispose()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._path.exists():
                self._remove_leftovers()
            migrate(self._writing)
            self._path.chmod(0o600)
            self._inode = self._get_inode()

    def close(self) -> None:
        """Close all connections; the writing one last, which folds the write-ahead log in."""
        self._reading.dispose()
        self._writing.dispose()

    def _remove_leftovers(self) -> None:
        """A deleted file's write-ahead log would be replayed into the new one."""
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _get_inode(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except OSError:
            return None


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _make_engine(path: Path, *, mode: str, begin: str, busy_ms: int) -> Engine:
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
            connection.execute("PRAGMA synchronous=FULL")

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

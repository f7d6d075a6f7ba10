"""The embedded database: one SQLite file in WAL mode.

Writers take the write lock when they begin; readers use connections of their own. A file that
was deleted or replaced under a running process is noticed, and the store is made anew; the call
index then fills again from the journals.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event

from alos.domain.fault import StoreDown

_CHECKPOINT_PAGES: Final = 4000
"""The write-ahead log is folded in when it is about 16 MB long."""


class SqliteFile:
    """A :class:`alos.store.engine.Database` in one file."""

    def __init__(self, path: Path, busy_ms: int) -> None:
        self._path = path
        self._inode: int | None = None
        self.writing = _make_engine(path, mode="rwc", begin="BEGIN IMMEDIATE", busy_ms=busy_ms)
        self.shipping = _make_engine(
            path, mode="rwc", begin="BEGIN IMMEDIATE", busy_ms=busy_ms, synchronous="NORMAL"
        )
        self.sharing = self.writing  # the file has one lock
        self.reading = _make_engine(path, mode="ro", begin="BEGIN", busy_ms=busy_ms)

    @property
    def is_ready(self) -> bool:
        """The file is the one that was brought to the newest schema."""
        return self._inode is not None and self._get_inode() == self._inode

    def prepare(self) -> None:
        """Make the folder; take nothing over from a file that is gone."""
        self.shipping.dispose()
        self.writing.dispose()
        self.reading.dispose()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            self._remove_leftovers()

    def note_ready(self) -> None:
        """Keep others out of the file, and know it again."""
        self._path.chmod(0o600)
        self._inode = self._get_inode()

    def look_before_reading(self) -> None:
        """Open a replaced file anew.

        Raises:
            StoreDown: there is none.
        """
        if self._inode is None and not self._path.exists():
            raise StoreDown("there is no store at this place yet")
        if self._inode is not None and self._get_inode() != self._inode:
            self.reading.dispose()

    def wipe(self) -> bool:
        """Fold the write-ahead log in and empty it."""
        raw = self.writing.raw_connection()
        try:
            row = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            raw.close()
        return not row[0]

    def close(self) -> None:
        """Close all connections; the writing one last, which folds the write-ahead log in."""
        self.reading.dispose()
        self.shipping.dispose()
        self.writing.dispose()

    def _remove_leftovers(self) -> None:
        """A deleted file's write-ahead log would be replayed into the new one."""
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _get_inode(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except OSError:
            return None


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

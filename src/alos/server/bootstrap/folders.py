"""Opens a data folder: for the server, or for reading it without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alos.ports.clock import SystemClock
from alos.server.folder import Folder, read_folder
from alos.server.settings import SettingsError
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.ledger_home import LedgerHome
from alos.store.ledger_keys import KeyFileBadError
from alos.store.sealer_job import SealerJob


def open_call_index(home: Path) -> CallIndex:
    """The call index of a data folder, for reading without a server.

    Raises:
        SettingsError: it is no data folder.
    """
    return CallIndex(Store(read_folder(home).database))


@contextmanager
def open_ledger_home(home: Path) -> Iterator[LedgerHome]:
    """The ledger of a data folder, without a server.

    Raises:
        SettingsError: it is no data folder.
    """
    folder = read_folder(home)
    store = Store(folder.database)
    try:
        yield _to_ledger(folder, store)
    finally:
        store.close()


def build_sealer(folder: Folder, store: Store, journal: FileJournal) -> SealerJob:
    """The sealer of this process.

    Raises:
        SettingsError: the key file can't be used.
    """
    try:
        return _to_ledger(folder, store).build_sealer(clock=SystemClock(), note=journal.note)
    except KeyFileBadError as error:
        raise SettingsError(str(error)) from error


def _to_ledger(folder: Folder, store: Store) -> LedgerHome:
    return LedgerHome(
        path=folder.path, journal=folder.journal, id=folder.id, is_dev=folder.dev, store=store
    )

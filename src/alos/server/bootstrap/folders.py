"""Opens a data folder: for the server, or for reading it without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alos.ledger.note import SigningKey
from alos.ports.clock import SystemClock
from alos.server.folder import POSTGRESQL, SQLITE, Folder, read_folder
from alos.server.settings import SettingsError, get_database, get_other_journals
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.ledger_home import LedgerHome
from alos.store.ledger_keys import KeyFileBadError
from alos.store.ledger_witness import GIT, FolderWitness, GitWitness
from alos.store.sealer_job import SealerJob, Witness
from alos.store.statements import KeyedStatements


def open_store(folder: Folder) -> Store:
    """The store that belongs to a data folder: its own file, or what ``ALOS_DATABASE`` names.

    Raises:
        SettingsError: the folder's records are in the other kind of store.
    """
    url = get_database()
    kind = SQLITE if url is None else POSTGRESQL
    known = folder.get_store_kind()
    if known not in {None, kind}:
        there = "ALOS_DATABASE names" if url is None else "this data folder's file holds"
        raise SettingsError(
            f"the keys and kill switches of {folder.path} are in the store that {there};"
            " `docs/how-to/postgresql.md` says how to move"
        )
    return Store(url or folder.database)


def claim_store(folder: Folder) -> Store:
    """Open the store, and keep in mind for good which kind it is.

    Raises:
        SettingsError: the folder's records are in the other kind of store.
    """
    store = open_store(folder)
    folder.note_store_kind(SQLITE if store.path is not None else POSTGRESQL)
    return store


def open_call_index(home: Path) -> CallIndex:
    """The call index of a data folder, for reading without a server.

    Raises:
        SettingsError: it is no data folder.
    """
    folder = read_folder(home)
    return CallIndex(open_store(folder), folder.journal, get_other_journals())


@contextmanager
def open_ledger_home(home: Path) -> Iterator[LedgerHome]:
    """The ledger of a data folder, without a server.

    Raises:
        SettingsError: it is no data folder.
    """
    folder = read_folder(home)
    store = open_store(folder)
    try:
        yield _to_ledger(folder, store)
    finally:
        store.close()


def build_sealer(
    folder: Folder, store: Store, journal: FileJournal, witness: str | None
) -> SealerJob:
    """The sealer of this process, and its witness where one is named.

    Raises:
        SettingsError: the key file can't be used.
    """
    try:
        return _to_ledger(folder, store).build_sealer(
            clock=SystemClock(), note=journal.note, witness=_to_witness(folder, witness)
        )
    except KeyFileBadError as error:
        raise SettingsError(str(error)) from error


def open_signing_key(folder: Folder, store: Store) -> SigningKey:
    """The installation's signing key, made at the first start.

    Raises:
        SettingsError: the key file can't be used.
    """
    try:
        return _to_ledger(folder, store).key_file.open()[0]
    except KeyFileBadError as error:
        raise SettingsError(str(error)) from error


def open_statements(folder: Folder, store: Store) -> KeyedStatements:
    """The installation's signing key, for statements.

    Raises:
        SettingsError: the key file can't be used.
    """
    try:
        key, change = _to_ledger(folder, store).key_file.open()
    except KeyFileBadError as error:
        raise SettingsError(str(error)) from error
    earlier = [change.previous] if change.is_vouched and change.previous is not None else []
    return KeyedStatements(key, earlier)


def _to_witness(folder: Folder, place: str | None) -> Witness | None:
    if place is None:
        return None
    if place.startswith(GIT):
        return GitWitness(folder.path / "witness", place.removeprefix(GIT))
    return FolderWitness(Path(place))


def _to_ledger(folder: Folder, store: Store) -> LedgerHome:
    return LedgerHome(
        path=folder.path,
        journal=folder.journal,
        id=folder.id,
        gateway=folder.gateway,
        others=get_other_journals(),
        is_dev=folder.dev,
        store=store,
    )

"""Opens the vault where the settings put it, and changes or tries its master key."""

import asyncio
from pathlib import Path

from alos.domain.fault import VaultDown
from alos.domain.record import NoteEntry, NoteKind
from alos.ports.clock import Clock
from alos.ports.journal import Journal
from alos.server.folder import Folder, read_folder
from alos.server.settings import SettingsError, VaultPaths
from alos.store.vault.files import FileVault
from alos.store.vault.keys import VaultKeys, get_master_name
from alos.store.vault.master import MasterKeyBadError, create_master_key, read_master_key
from alos.store.vault.rotation import (
    Progress,
    Rotation,
    forget_rotations,
    list_rotations,
    list_unreadable,
    rotate_master,
)

__all__ = [
    "MasterKeyBadError",
    "check_vault",
    "create_master_key",
    "open_vault",
    "rotate_master_key",
]


async def open_vault(
    folder: Folder, paths: VaultPaths, journal: Journal, clock: Clock
) -> FileVault:
    """Open it, or found it; tells the ledger of changes of its master key since the last start.

    Raises:
        SettingsError: the master key is missing, open to others, in the wrong place or another
            one than the vault is under; or the folders can't be used.
        JournalDown: the ledger can't be told.
    """
    try:
        path = _find_master_key(folder, paths)
        if folder.dev and not path.exists():
            create_master_key(path)
        keys, bodies = _find_folders(folder, paths)
        vault = await FileVault.start(keys, bodies, read_master_key(path))
        await _note_rotations(keys, journal, clock)
    except (MasterKeyBadError, VaultDown) as error:
        raise SettingsError(str(error)) from error
    return vault


async def _note_rotations(keys: Path, journal: Journal, clock: Clock) -> None:
    told = await asyncio.to_thread(list_rotations, keys)
    for one in told:
        facts = {name: str(value) for name, value in one._asdict().items()}
        entry = NoteEntry(
            kind=NoteKind.VAULT_KEY_ROTATED,
            at_unix_ns=clock.unix_ns(),
            facts=tuple(sorted(facts.items())),
        )
        await journal.note(entry)
    if told:
        await asyncio.to_thread(forget_rotations, keys)


def rotate_master_key(home: Path, paths: VaultPaths, new: Path, progress: Progress) -> Rotation:
    """Put the vault of a data folder under the master key in file ``new`` (blocks).

    Raises:
        SettingsError: a key can't be used, or a gateway uses the vault.
    """
    folder = read_folder(home)
    try:
        old = read_master_key(_find_master_key(folder, paths))
        after = read_master_key(_find_master_key(folder, paths._replace(master_key=new)))
        keys = VaultKeys(*_find_folders(folder, paths), old)
        return rotate_master(keys, old, after, progress)
    except (MasterKeyBadError, VaultDown) as error:
        raise SettingsError(str(error)) from error


def check_vault(home: Path, paths: VaultPaths) -> tuple[str, int, list[str]]:
    """(name of the master key, shelves' keys in all, files of those that it does not open).

    Raises:
        SettingsError: the master key is missing or another one than the vault is under.
    """
    folder = read_folder(home)
    keys, bodies = _find_folders(folder, paths)
    try:
        name = get_master_name(keys)
        try:
            master = read_master_key(_find_master_key(folder, paths))
        except MasterKeyBadError as error:
            raise MasterKeyBadError(
                f"{error}. The vault is under {name}: without that key nobody reads what it keeps"
            ) from error
        opened = VaultKeys(keys, bodies, master)
        opened.check_master()
        count, unreadable = list_unreadable(opened, master)
    except (MasterKeyBadError, VaultDown) as error:
        raise SettingsError(str(error)) from error
    return name, count, unreadable


def _find_folders(folder: Folder, paths: VaultPaths) -> tuple[Path, Path]:
    """The folders of keys and of bodies."""
    return paths.keys or folder.path / "vault-keys", paths.bodies or folder.path / "bodies"


def _find_master_key(folder: Folder, paths: VaultPaths) -> Path:
    path = paths.master_key
    if folder.dev:
        return path or folder.path / "vault-master.key"
    if path is None:
        raise SettingsError(
            "a production folder needs ALOS_VAULT_MASTER_KEY: a file outside of the data folder"
            " and its backups; `alos vault create-key FILE` makes one"
        )
    if path.resolve().is_relative_to(folder.path.resolve()):
        raise SettingsError(
            f"{path} lies in the data folder, so whoever copies that can read every body;"
            " move the master key elsewhere"
        )
    return path

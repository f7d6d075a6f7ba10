"""Opens the vault where the settings put it."""

from alos.domain.fault import VaultDown
from alos.server.folder import Folder
from alos.server.settings import SettingsError, VaultPaths
from alos.store.vault.files import FileVault
from alos.store.vault.master import (
    FileMasterKey,
    MasterKeyBadError,
    create_master_key,
    read_master_key,
)

__all__ = ["MasterKeyBadError", "create_master_key", "open_vault"]


async def open_vault(folder: Folder, paths: VaultPaths) -> FileVault:
    """Open it, or found it.

    Raises:
        SettingsError: the master key is missing, open to others, in the wrong place or another
            one than the vault was founded with; or the folders can't be used.
    """
    try:
        master = _open_master_key(folder, paths)
        keys = paths.keys or folder.path / "vault-keys"
        return await FileVault.start(keys, paths.bodies or folder.path / "bodies", master)
    except (MasterKeyBadError, VaultDown) as error:
        raise SettingsError(str(error)) from error


def _open_master_key(folder: Folder, paths: VaultPaths) -> FileMasterKey:
    path = paths.master_key
    if folder.dev:
        path = path or folder.path / "vault-master.key"
        return read_master_key(path) if path.exists() else create_master_key(path)
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
    return read_master_key(path)

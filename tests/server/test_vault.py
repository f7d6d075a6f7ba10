"""Where the vault's master key may be, and what a start does without the right one."""

from pathlib import Path

import pytest

from alos.ports.clock import SystemClock
from alos.server.bootstrap import vault
from alos.server.folder import Folder
from alos.server.settings import SettingsError, VaultPaths
from alos.store.vault.files import FileVault
from alos.store.vault.master import create_master_key
from tests.pipeline.conversation import MemoryJournal


def _folder(path: Path, *, dev: bool) -> Folder:
    home = path / "home"
    home.mkdir(exist_ok=True)
    return Folder(path=home, id="0" * 32, gateway="0" * 32, dev=dev)


async def open_vault(folder: Folder, paths: VaultPaths) -> FileVault:
    return await vault.open_vault(folder, paths, MemoryJournal(), SystemClock())


async def test_a_dev_folder_makes_its_master_key_at_the_first_start(tmp_path: Path) -> None:
    folder = _folder(tmp_path, dev=True)
    await (await open_vault(folder, VaultPaths())).stop()
    key = folder.path / "vault-master.key"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_text()
    await (await open_vault(folder, VaultPaths())).stop()
    assert key.read_text() == before


async def test_a_production_folder_demands_one_outside_of_itself(tmp_path: Path) -> None:
    folder = _folder(tmp_path, dev=False)
    with pytest.raises(SettingsError, match="needs ALOS_VAULT_MASTER_KEY"):
        await open_vault(folder, VaultPaths())
    inside = folder.path / "master.key"
    create_master_key(inside)
    with pytest.raises(SettingsError, match="lies in the data folder"):
        await open_vault(folder, VaultPaths(master_key=inside))
    with pytest.raises(SettingsError, match="there is no master key"):
        await open_vault(folder, VaultPaths(master_key=tmp_path / "none"))
    outside = tmp_path / "elsewhere" / "master.key"
    create_master_key(outside)
    await (await open_vault(folder, VaultPaths(master_key=outside))).stop()


async def test_a_lost_or_replaced_master_key_stops_the_start(tmp_path: Path) -> None:
    folder = _folder(tmp_path, dev=True)
    await (await open_vault(folder, VaultPaths())).stop()
    (folder.path / "vault-master.key").unlink()
    with pytest.raises(SettingsError, match="the vault is under master key"):
        await open_vault(folder, VaultPaths())

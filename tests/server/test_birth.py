"""A data folder is what its ledger says it is."""

from pathlib import Path

import pytest

from alos.ports.clock import SystemClock
from alos.server.bootstrap.past import check_birth
from alos.server.folder import Folder
from alos.server.settings import SettingsError
from alos.store.birth import Birth, list_births
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.shipper import Shipper

_SETTINGS = JournalSettings(reserve_bytes=0, anonymous_floor_bytes=0, tick_seconds=0.02)


async def start(home: Path, *, folder_id: str = "f1", dev: bool) -> None:
    """What a start does about the folder's birth, and its end."""
    folder = Folder(path=home, id=folder_id, gateway=folder_id, dev=dev)
    store = Store(folder.database)
    journal = await FileJournal.start(folder.journal, clock=SystemClock(), settings=_SETTINGS)
    try:
        shipper = Shipper(
            store, folder.journal, clock=SystemClock(), durable=lambda: journal.durable
        )
        shipper.ship_once()
        await check_birth(folder, journal, store)
        shipper.ship_once()
    finally:
        await journal.stop()
        store.close()


@pytest.mark.parametrize("dev", [True, False])
async def test_the_first_start_tells_the_ledger_and_later_ones_agree(
    tmp_path: Path, *, dev: bool
) -> None:
    await start(tmp_path, dev=dev)
    await start(tmp_path, dev=dev)
    store = Store(tmp_path / "alos.db")
    assert list_births(store) == [Birth("f1", dev)]
    store.close()


@pytest.mark.parametrize("dev", [True, False])
async def test_a_folder_whose_birth_was_changed_by_hand_does_not_start(
    tmp_path: Path, *, dev: bool
) -> None:
    await start(tmp_path, dev=dev)
    with pytest.raises(SettingsError, match="somebody changed its birth"):
        await start(tmp_path, dev=not dev)


async def test_it_does_not_help_to_throw_the_index_away(tmp_path: Path) -> None:
    await start(tmp_path, dev=True)
    throw_index_away(tmp_path)
    with pytest.raises(SettingsError, match="somebody changed its birth"):
        await start(tmp_path, dev=False)


def throw_index_away(home: Path) -> None:
    for path in home.glob("alos.db*"):
        path.unlink()


async def test_another_folder_does_not_take_over_the_records(tmp_path: Path) -> None:
    await start(tmp_path, dev=True)
    with pytest.raises(SettingsError, match="another installation"):
        await start(tmp_path, folder_id="f2", dev=True)

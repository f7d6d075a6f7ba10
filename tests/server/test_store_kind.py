"""A folder keeps to the kind of store that holds its keys."""

from pathlib import Path

import pytest

from alos.server.bootstrap.folders import claim_store, open_store
from alos.server.folder import Folder
from alos.server.settings import SettingsError

_URL = "postgresql://alos@127.0.0.1:1/alos"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(path=tmp_path, id="f1", gateway="f1", dev=True)


def test_a_folder_with_a_file_does_not_start_on_a_server(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim_store(folder).close()
    monkeypatch.setenv("ALOS_DATABASE", _URL)
    with pytest.raises(SettingsError, match="this data folder's file"):
        open_store(folder)


def test_a_folder_on_a_server_does_not_start_with_a_new_file(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALOS_DATABASE", _URL)
    claim_store(folder).close()
    monkeypatch.delenv("ALOS_DATABASE")
    with pytest.raises(SettingsError, match="ALOS_DATABASE names"):
        open_store(folder)


def test_what_is_no_server_of_postgresql_is_refused(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALOS_DATABASE", "mysql://host/alos")
    with pytest.raises(SettingsError, match="postgresql://"):
        open_store(folder)

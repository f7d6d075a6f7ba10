"""A data folder is born dev or production and never changes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from alos.server.folder import BIRTH_FILE, open_folder, read_folder
from alos.server.settings import SettingsError


def test_a_folder_keeps_its_birth_and_its_id(tmp_path: Path) -> None:
    born = open_folder(tmp_path / "home", dev=True)
    assert open_folder(tmp_path / "home", dev=True) == born == read_folder(tmp_path / "home")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("dev", [True, False])
def test_a_folder_never_becomes_the_other_kind(tmp_path: Path, *, dev: bool) -> None:
    open_folder(tmp_path / "home", dev=dev)
    with pytest.raises(SettingsError, match="stays one"):
        open_folder(tmp_path / "home", dev=not dev)


def test_a_damaged_birth_is_not_overwritten(tmp_path: Path) -> None:
    open_folder(tmp_path / "home", dev=True)
    (tmp_path / "home" / BIRTH_FILE).write_text("{")
    with pytest.raises(SettingsError, match="backup"):
        open_folder(tmp_path / "home", dev=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_a_folder_that_git_tracks_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_folder(home, dev=True)
    for command in (["init", "-q"], ["add", "-f", "."]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)  # noqa: S603, S607 - fixed words
    with pytest.raises(SettingsError, match="git tracks"):
        open_folder(home, dev=True)

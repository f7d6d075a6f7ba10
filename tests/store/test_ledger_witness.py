import shutil
import subprocess
from pathlib import Path

import pytest

from alos.ledger.checkpoint import Checkpoint, sign_checkpoint
from alos.ledger.note import SigningKey
from alos.store.ledger_outside import read_outside
from alos.store.ledger_witness import FolderWitness, GitWitness, WitnessFailedError

KEY = SigningKey("alos/test", b"k" * 32)
NOTES = [
    sign_checkpoint(Checkpoint(origin="alos/test", size=size, root=bytes(32)), KEY)
    for size in (1, 2, 3)
]
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def test_a_folder_keeps_what_it_was_given(tmp_path: Path) -> None:
    witness = FolderWitness(tmp_path / "share")
    witness.keep(NOTES[:1])
    witness.keep(NOTES[1:])
    assert read_outside(tmp_path / "share") == NOTES


def test_a_folder_that_can_not_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WitnessFailedError):
        FolderWitness(tmp_path / "file").keep(NOTES)


def run_git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)  # noqa: S603, S607 (our own words)


@needs_git
def test_a_git_remote_keeps_what_it_was_given_even_from_a_new_clone(tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    run_git("init", "--quiet", "--bare", str(remote))
    GitWitness(tmp_path / "one", str(remote)).keep(NOTES[:1])
    GitWitness(tmp_path / "one", str(remote)).keep(NOTES[1:2])
    GitWitness(tmp_path / "two", str(remote)).keep(NOTES[2:])
    run_git("clone", "--quiet", "--branch=main", str(remote), str(tmp_path / "look"))
    assert read_outside(tmp_path / "look") == NOTES


@needs_git
def test_a_git_remote_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WitnessFailedError, match="git refuses"):
        GitWitness(tmp_path / "one", str(tmp_path / "nowhere.git")).keep(NOTES)

"""Witnesses: places that keep checkpoints where whoever owns this host can't change them.

A folder counts as off the host only where it is one (a mounted share that only appends, a
removable disk); a git remote that refuses forced pushes is the better one.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

GIT: Final = "git:"
"""Stands before a git remote where a place is named."""
FILE_NAME: Final = "checkpoints.txt"
_GIT_SECONDS: Final = 60


class WitnessFailedError(Exception):
    """The witness did not take the checkpoints; the message says why."""


class FolderWitness:
    """Appends to one file in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def keep(self, notes: Sequence[str]) -> None:
        """Append signed notes.

        Raises:
            WitnessFailedError: the disk refuses.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write("".join(notes))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WitnessFailedError(f"{self._path}: {error.strerror}") from error


class GitWitness:
    """Commits checkpoints and pushes them, never by force.

    Args:
        clone: a folder of ours; made by cloning ``remote`` where it is missing.
        remote: anything that git takes.
    """

    def __init__(self, clone: Path, remote: str, *, branch: str = "main") -> None:
        self._clone = clone
        self._remote = remote
        self._branch = branch

    def keep(self, notes: Sequence[str]) -> None:
        """Commit and push signed notes.

        Raises:
            WitnessFailedError: git is missing, refuses, or takes too long.
        """
        if not (self._clone / ".git").exists():
            self._git("init", "--quiet", f"--initial-branch={self._branch}", str(self._clone))
            self._here("remote", "add", "origin", self._remote)
            if self._here("ls-remote", "origin", self._branch).strip():
                self._here("fetch", "--quiet", "origin", self._branch)
                self._here("reset", "--quiet", "--hard", f"origin/{self._branch}")
        FolderWitness(self._clone).keep(notes)
        self._here("add", FILE_NAME)
        who = ("-c", "user.name=ALOS sealer", "-c", "user.email=sealer@localhost")
        size = notes[-1].split("\n")[1] if notes else "no"
        self._here(*who, "commit", "--quiet", "--allow-empty", "-m", f"ledger: {size} leaves")
        self._here("push", "--quiet", "origin", f"HEAD:{self._branch}")

    def _here(self, *arguments: str) -> str:
        return self._git("-C", str(self._clone), *arguments)

    def _git(self, *arguments: str) -> str:
        command = ["git", "-c", "core.hooksPath=/dev/null", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - our own words, and settings of the operator's
                command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WitnessFailedError(f"git can't be run: {error}") from error
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise WitnessFailedError(f"git refuses: {said[-1] if said else done.returncode}")
        return done.stdout


def fetch_witness(remote: str, folder: Path) -> Path:
    """Get what a git remote holds; returns the file of its checkpoints.

    Raises:
        WitnessFailedError: git is missing, refuses, or takes too long.
    """
    command = ["git", "-c", "core.hooksPath=/dev/null", "clone", "--quiet", "--", remote]
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and a place of the operator's
            [*command, str(folder)],
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WitnessFailedError(f"git can't be run: {error}") from error
    path = folder / FILE_NAME
    if done.returncode or not path.exists():
        said = done.stderr.strip().splitlines()
        raise WitnessFailedError(f"{remote}: {said[-1] if said else 'it holds no checkpoint'}")
    return path

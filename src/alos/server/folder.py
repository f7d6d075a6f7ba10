"""The data folder: born once as dev or production, and never anything else after that."""

import fcntl
import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from alos.server.settings import SettingsError

BIRTH_FILE = "folder.json"
LOCK_FILE = "serving"
STORE_FILE = "store"
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One installation's data folder.

    Attributes:
        id: random, made at birth.
        dev: what is served and exported from here is not production evidence.
    """

    path: Path
    id: str
    dev: bool

    @property
    def journal(self) -> Path:
        """Where gateway processes write."""
        return self.path / "journal"

    @property
    def database(self) -> Path:
        """The embedded store."""
        return self.path / "alos.db"

    def get_store_kind(self) -> str | None:
        """Which kind of store holds the folder's keys; nothing before the first start."""
        try:
            return (self.path / STORE_FILE).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return SQLITE if self.database.exists() else None

    def note_store_kind(self, kind: str) -> None:
        """Keep in mind which kind it is."""
        path = self.path / STORE_FILE
        if not path.exists():
            path.write_text(f"{kind}\n", encoding="ascii")


def open_folder(path: Path, *, dev: bool) -> Folder:
    """Open the folder, or give birth to it.

    Raises:
        SettingsError: it was born the other way, git tracks it, or it can't be used.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
    except OSError as error:
        raise SettingsError(f"the data folder {path} can't be made: {error.strerror}") from error
    birth = path / BIRTH_FILE
    if not birth.exists():
        _refuse_tracked(path)
        _give_birth(birth, dev=dev)
    folder = _read(birth)
    if folder.dev != dev:
        born = "a dev" if folder.dev else "a production"
        hint = "leave --dev out" if dev else "add --dev"
        raise SettingsError(
            f"{path} was born as {born} folder and stays one: {hint}, or name another ALOS_HOME"
        )
    _refuse_tracked(path)
    return folder


class FolderClaim:
    """The one process that serves from a folder; it ends with the process at the latest."""

    def __init__(self, folder: Folder) -> None:
        """Claim it.

        Raises:
            SettingsError: another process serves from it: each would spend the whole budget.
        """
        self._file = os.open(folder.path / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise SettingsError(
                f"another gateway already serves from {folder.path}: stop it first, or name"
                " another ALOS_HOME"
            ) from None

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._file)


def read_folder(path: Path) -> Folder:
    """Read the birth of an existing folder.

    Raises:
        SettingsError: there is none.
    """
    birth = path / BIRTH_FILE
    if not birth.exists():
        raise SettingsError(f"{path} is no data folder; `alos serve` makes one")
    return _read(birth)


def _read(birth: Path) -> Folder:
    try:
        known = json.loads(birth.read_text(encoding="utf-8"))
        return Folder(path=birth.parent, id=str(known["id"]), dev=known["born"] == "dev")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{birth} can't be read; restore it from a backup") from error


def _give_birth(birth: Path, *, dev: bool) -> None:
    text = json.dumps({"id": secrets.token_hex(16), "born": "dev" if dev else "production"})
    draft = birth.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(birth)


def _refuse_tracked(path: Path) -> None:
    """A data folder in git would publish what must be forgettable."""
    try:
        listed = subprocess.run(  # noqa: S603 - our own words and a path of the operator's
            ["git", "-C", str(path), "ls-files", "--", "."],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if listed.returncode == 0 and listed.stdout.strip():
        raise SettingsError(f"git tracks files in {path}; `git rm -r --cached {path}` first")

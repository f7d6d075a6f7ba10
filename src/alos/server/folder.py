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
KEY_FILE = "ledger.key"
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The data folder of one gateway.

    Attributes:
        id: of the installation; random, made at the birth of its first folder.
        gateway: tells this folder from the others of the installation.
        dev: what is served and exported from here is not production evidence.
    """

    path: Path
    id: str
    gateway: str
    dev: bool

    @property
    def is_joined(self) -> bool:
        """Another gateway of the installation was there before this one."""
        return self.gateway != self.id

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


def join_folder(path: Path, source: Path) -> Folder:
    """Give birth to the folder of one more gateway of an installation.

    Args:
        path: the new folder.
        source: a data folder of the installation, or a folder with copies of its ``folder.json``
            and ``ledger.key``.

    Raises:
        SettingsError: there is a folder already, or the source is none.
    """
    if (path / BIRTH_FILE).exists():
        raise SettingsError(f"{path} is a data folder already; name a new ALOS_HOME")
    first = read_folder(source)
    try:
        key = (source / KEY_FILE).read_bytes()
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
        _refuse_tracked(path)
        _write(path / KEY_FILE, key)
        (path / STORE_FILE).write_text(f"{POSTGRESQL}\n", encoding="ascii")
    except OSError as error:
        raise SettingsError(f"{error.filename} can't be used: {error.strerror}") from error
    _give_birth(path / BIRTH_FILE, dev=first.dev, installation=first.id)
    return _read(path / BIRTH_FILE)


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
        return Folder(
            path=birth.parent,
            id=str(known["id"]),
            gateway=str(known.get("gateway", known["id"])),
            dev=known["born"] == "dev",
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{birth} can't be read; restore it from a backup") from error


def _give_birth(birth: Path, *, dev: bool, installation: str | None = None) -> None:
    known = {"id": installation or secrets.token_hex(16), "born": "dev" if dev else "production"}
    if installation is not None:
        known["gateway"] = secrets.token_hex(16)
    _write(birth, f"{json.dumps(known)}\n".encode())


def _write(path: Path, data: bytes) -> None:
    """Write a file whole and durable, for nobody else to read."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


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

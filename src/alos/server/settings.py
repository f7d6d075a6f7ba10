"""Everything that comes from outside: the environment, read here and nowhere else."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8080
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(Exception):
    """A setting can't be used; the message says which and what to do."""


class Secret:
    """A value that is never shown: its ``repr`` is ``***`` and it does not pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        """Nothing of the value."""
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str:
        """Refuse to be pickled or copied."""
        raise TypeError("a secret does not serialize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one process runs.

    Attributes:
        home: the data folder (``ALOS_HOME``, ``.alos`` unless set).
        config: folder of ``alos.yaml``.
        dev: serve what is unreleased, on loopback only; decides the birth of the folder.
    """

    home: Path
    config: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    dev: bool = False

    @property
    def socket(self) -> Path:
        """The local management socket, mode 0600."""
        return self.home / "alos.sock"

    @property
    def kill_file(self) -> Path:
        """Watched file whose lines stop workflows with everything else down."""
        return self.home / "kill"


def get_home(given: Path | None = None) -> Path:
    """The data folder: as given, else ``ALOS_HOME``, else ``.alos`` below the current one."""
    return given or Path(os.environ.get("ALOS_HOME") or ".alos")


def get_url() -> str | None:
    """``ALOS_URL``: a gateway to manage over HTTP instead of the local socket."""
    return os.environ.get("ALOS_URL") or None


def resolve_credential(reference: str) -> Secret | None:
    """Read the credential behind ``env:NAME`` or ``file:PATH``; empty reference, no credential.

    Raises:
        SettingsError: it is not set, not readable, empty, or readable by everybody.
    """
    if not reference:
        return None
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = os.environ.get(name, "").strip()
        if not value:
            raise SettingsError(f"the environment variable {name} is not set")
        return Secret(value)
    if kind != "file":
        raise SettingsError("a credential is env:NAME or file:PATH")
    path = Path(name)
    try:
        if path.stat().st_mode & stat.S_IROTH:
            raise SettingsError(f"everybody can read {path}; `chmod 600 {path}` first")
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}") from error
    if not value:
        raise SettingsError(f"{path} is empty")
    return Secret(value)

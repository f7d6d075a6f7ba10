"""Everything that comes from outside: the environment, read here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8080
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(Exception):
    """A setting can't be used; the message says which and what to do."""


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


def get_environment() -> Mapping[str, str]:
    """The environment, for the credentials that ``alos.yaml`` refers to by ``env:NAME``."""
    return os.environ

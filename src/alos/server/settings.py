"""Everything that comes from outside: the environment, read here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from alos.pipeline.current import StaleLimits

DEFAULT_PORT = 8080
_POSTGRESQL = ("postgresql://", "postgres://")
_VALKEY = ("valkey://", "valkeys://", "redis://", "rediss://")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(Exception):
    """A setting can't be used; the message says which and what to do."""


class Otlp(NamedTuple):
    """An OpenTelemetry collector.

    Attributes:
        headers: may hold a credential.
    """

    url: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        """Keep the headers out of logs."""
        return f"Otlp(url={self.url!r}, headers=***)"


class VaultPaths(NamedTuple):
    """Where the vault's three parts stand; each may be on a volume of its own.

    Attributes:
        bodies: folder of encrypted bodies; ``None`` = ``bodies`` in the data folder.
        keys: folder of their keys; ``None`` = ``vault-keys`` in the data folder.
        master_key: file of the master key; ``None`` = in a dev folder ``vault-master.key`` in
            it, made at the first start; in a production folder it has to be named.
    """

    bodies: Path | None = None
    keys: Path | None = None
    master_key: Path | None = None


NO_VAULT_PATHS = VaultPaths()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one process runs.

    Attributes:
        home: the data folder (``ALOS_HOME``, ``.alos`` unless set).
        config: folder of ``alos.yaml``.
        dev: serve what is unreleased, on loopback only; decides the birth of the folder.
        otlp: where copies of records go as spans; ``None`` = nowhere.
        vault: where bodies, their keys and the master key stand.
    """

    home: Path
    config: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    dev: bool = False
    vault: VaultPaths = NO_VAULT_PATHS
    otlp: Otlp | None = None

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


def get_database() -> str | None:
    """``ALOS_DATABASE``: a PostgreSQL server for the store instead of a file in the data folder.

    Raises:
        SettingsError: it is no URL of PostgreSQL.
    """
    url = os.environ.get("ALOS_DATABASE") or None
    if url is not None and not url.startswith(_POSTGRESQL):
        raise SettingsError(
            "ALOS_DATABASE begins with postgresql://; without it the store is a file of ours"
        )
    return url


def get_valkey() -> str | None:
    """``ALOS_VALKEY``: a Valkey server over which gateways hear of kill switches.

    Raises:
        SettingsError: it is no URL of one.
    """
    url = os.environ.get("ALOS_VALKEY") or None
    if url is not None and not url.startswith(_VALKEY):
        raise SettingsError("ALOS_VALKEY begins with valkey://, valkeys:// (TLS) or redis://")
    return url


def get_other_journals() -> list[Path]:
    """``ALOS_JOURNALS``: journal folders of the installation's other gateways, for reading.

    Raises:
        SettingsError: one of them is no folder.
    """
    places = [Path(one) for one in os.environ.get("ALOS_JOURNALS", "").split(os.pathsep) if one]
    for place in places:
        if not place.is_dir():
            raise SettingsError(
                f"ALOS_JOURNALS names {place}, which is no folder: give the `journal` folders of"
                f" the other gateways, with {os.pathsep} between them"
            )
    return places


def get_stale_limits() -> StaleLimits:
    """``ALOS_STALE_LIMIT_SECONDS`` and ``ALOS_LAST_STALE_LIMIT_SECONDS``.

    Raises:
        SettingsError: they are not whole numbers of seconds.
    """
    usual = StaleLimits()
    by_tier = os.environ.get("ALOS_STALE_LIMIT_SECONDS") or ""
    last = os.environ.get("ALOS_LAST_STALE_LIMIT_SECONDS") or str(usual.last_seconds)
    try:
        limits = tuple(int(one) for one in by_tier.split(",")) if by_tier else usual.by_tier
        seconds = int(last)
    except ValueError:
        limits, seconds = (), -1
    if len(limits) == 1:
        limits *= len(usual.by_tier)
    if len(limits) != len(usual.by_tier) or min(*limits, seconds) < 0:
        raise SettingsError(
            "ALOS_STALE_LIMIT_SECONDS is a number of seconds, or five of them with commas between"
            " for Tier 0 to 4; ALOS_LAST_STALE_LIMIT_SECONDS is one"
        )
    return StaleLimits(by_tier=limits, last_seconds=seconds)


def get_witness() -> str | None:
    """``ALOS_WITNESS``: where checkpoints go off this host, ``git:REMOTE`` or a folder.

    Raises:
        SettingsError: it is neither.
    """
    place = os.environ.get("ALOS_WITNESS") or None
    if place is None or place.startswith("git:") or Path(place).is_absolute():
        return place
    raise SettingsError("ALOS_WITNESS is git: and a remote, or the whole path of a mounted folder")


def get_url() -> str | None:
    """``ALOS_URL``: a gateway to manage over HTTP instead of the local socket."""
    return os.environ.get("ALOS_URL") or None


def get_eval_key() -> str | None:
    """``ALOS_KEY``: the key by which `alos eval` makes its calls."""
    return os.environ.get("ALOS_KEY") or None


def get_vault_paths(master_key: Path | None = None) -> VaultPaths:
    """Three variables, ``ALOS_VAULT_BODIES``, ``_KEYS`` and ``_MASTER_KEY``; a given key wins."""
    bodies, keys, master = (
        Path(text) if (text := os.environ.get(f"ALOS_VAULT_{name}")) else None
        for name in ("BODIES", "KEYS", "MASTER_KEY")
    )
    return VaultPaths(bodies=bodies, keys=keys, master_key=master_key or master)


def get_otlp() -> Otlp | None:
    """``ALOS_OTLP_URL``, and ``ALOS_OTLP_HEADERS`` as ``name=value,name=value``.

    Raises:
        SettingsError: the headers can't be read.
    """
    url = os.environ.get("ALOS_OTLP_URL")
    if not url:
        return None
    headers = {}
    for pair in filter(None, os.environ.get("ALOS_OTLP_HEADERS", "").split(",")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise SettingsError("ALOS_OTLP_HEADERS is name=value, with commas between")
        headers[name.strip().lower()] = value.strip()
    return Otlp(url, headers)


def get_token() -> str | None:
    """``ALOS_TOKEN``: a session's or a workload's token, in place of what `alos login` keeps."""
    return os.environ.get("ALOS_TOKEN") or None


class CiTokens(NamedTuple):
    """Where a CI job asks for tokens that say which job it is (GitHub Actions' OIDC).

    Attributes:
        url: of the CI's token service; the audience is added to it.
        request_token: what the job shows there.
        audience: whom the tokens are made out to.
    """

    url: str
    request_token: str
    audience: str

    def __repr__(self) -> str:
        """Keep the token out of logs."""
        return f"CiTokens(url={self.url!r}, request_token=***)"


def get_ci_tokens() -> CiTokens | None:
    """``ACTIONS_ID_TOKEN_REQUEST_URL`` and ``_TOKEN``, as GitHub Actions sets them in a job.

    The audience is ``ALOS_AUDIENCE``, else ``ALOS_URL``; without either there is none.
    """
    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    token = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    audience = os.environ.get("ALOS_AUDIENCE") or (get_url() or "").rstrip("/")
    return CiTokens(url, token, audience) if url and token and audience else None


def get_sessions_file() -> Path:
    """Where ``alos login`` keeps sessions: below ``XDG_CONFIG_HOME``, else ``~/.config``."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "alos" / "sessions.json"


def get_environment() -> Mapping[str, str]:
    """The environment, for the credentials that ``alos.yaml`` refers to by ``env:NAME``."""
    return os.environ

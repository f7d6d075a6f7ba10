"""Keeps the sessions of ``alos login``, one for each gateway, readable by their user alone."""

import json
import os
from pathlib import Path

from alos.server.settings import get_home, get_sessions_file, get_url


def get_gateway(home: Path | None = None) -> str:
    """What a session is kept under: the gateway's URL, or the data folder of its socket."""
    url = get_url() if home is None else None
    return url.rstrip("/") if url else f"socket:{get_home(home).resolve()}"


def is_local(home: Path | None = None) -> bool:
    """Whether commands go over a local socket."""
    return get_gateway(home).startswith("socket:")


def find_token(home: Path | None = None) -> str | None:
    """The session's token for a gateway, if there is one."""
    return _read().get(get_gateway(home))


def keep_token(token: str) -> Path:
    """Keep a token; returns where."""
    return _write({**_read(), get_gateway(): token})


def forget_token(home: Path | None = None) -> None:
    """Drop the token of a gateway."""
    known = _read()
    if known.pop(get_gateway(home), None) is not None:
        _write(known)


def _read() -> dict[str, str]:
    try:
        known = json.loads(get_sessions_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {}


def _write(known: dict[str, str]) -> Path:
    path = get_sessions_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(known, file)
    draft.replace(path)
    return path

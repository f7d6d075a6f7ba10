"""Provider credentials: references in the configuration, values only here and on the wire."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

_MAX_BYTES = 16_384


class Secret:
    """A value that is never shown: its repr is ``***`` and it refuses to be serialized."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one header it goes into."""
        return self._value

    def __repr__(self) -> str:
        """Three stars."""
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        """Three stars, whatever the format."""
        return "***"

    def __reduce__(self) -> NoReturn:
        """Refuse."""
        message = "a secret is not serialized"
        raise TypeError(message)

    def to_basic(self) -> str:
        """The value as the credentials of HTTP Basic (RFC 7617)."""
        return base64.b64encode(self._value.encode()).decode()


Credentials = Callable[[str], Secret | None]
"""Gives the secret that a reference names; ``None`` where there is none."""


def open_credentials(environ: Mapping[str, str]) -> Credentials:
    """Resolve ``env:NAME`` and ``file:PATH``; a file is read again once it has changed.

    A value with anything but visible ASCII in it is taken as missing: it can't be a header.
    """
    files: dict[str, tuple[tuple[int, int], Secret | None]] = {}

    def resolve(reference: str) -> Secret | None:
        kind, _, name = reference.partition(":")
        if kind == "env":
            return to_secret(environ.get(name, ""))
        if kind != "file":
            return None
        path = Path(name)
        try:
            state = path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            if (known := files.get(name)) is None or known[0] != stamp:
                with path.open("rb") as file:
                    files[name] = (stamp, to_secret(file.read(_MAX_BYTES).decode("latin-1")))
        except OSError:
            return None
        return files[name][1]

    return resolve


def to_secret(value: str) -> Secret | None:
    """A secret that can stand in a header; ``None`` for anything else."""
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable():
        return None
    return Secret(value)

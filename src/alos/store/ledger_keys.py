"""The ledger's signing key: a file of mode 0600 in the data folder, never in the database.

The first line is the key. After a rotation a second one says which key it follows, signed by
that key::

    PRIVATE+KEY+alos/…
    follows <the key before> <base64 of its signature>
"""

import os
import secrets
from pathlib import Path

from alos.ledger.keys import KeyChange, sign_change
from alos.ledger.note import (
    NoteMalformedError,
    SigningKey,
    VerifyKey,
    decode_base64,
    encode_base64,
)

_SEED_BYTES = 32
_MODE = 0o600


class KeyFileBadError(Exception):
    """The key file can't be used; the message says why."""


class KeyFile:
    """The key file of one ledger."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin

    def open(self) -> tuple[SigningKey, KeyChange]:
        """Read the key, or make the first one; with how it came to be.

        Raises:
            KeyFileBadError: the file can't be read, is open to others, or holds another
                ledger's key.
        """
        if not self._path.exists():
            self._write(SigningKey(self._origin, secrets.token_bytes(_SEED_BYTES)), None)
        try:
            if self._path.stat().st_mode & 0o077:
                raise KeyFileBadError(f"{self._path} is open to others; chmod 600 it")
            key, *rest = self._path.read_text(encoding="ascii").splitlines()
            secret = SigningKey.parse(key)
            change = _read_change(secret.verify_key, rest)
        except (OSError, ValueError) as error:
            raise KeyFileBadError(f"{self._path} is no key file: {error}") from error
        if secret.verify_key.name != self._origin:
            raise KeyFileBadError(f"{self._path} belongs to another ledger")
        return secret, change

    def rotate(self) -> KeyChange:
        """Replace the key by a new one that the old one vouches for; in force at the next start.

        Raises:
            KeyFileBadError: there is no key to follow.
        """
        if not self._path.exists():
            raise KeyFileBadError(f"there is no key in {self._path} yet")
        old, _ = self.open()
        new = SigningKey(self._origin, secrets.token_bytes(_SEED_BYTES))
        change = sign_change(old, new.verify_key)
        self._write(new, change)
        return change

    def _write(self, key: SigningKey, change: KeyChange | None) -> None:
        lines = [key.to_secret_text()]
        if change is not None and change.previous is not None:
            lines.append(f"follows {change.previous} {encode_base64(change.signature)}")
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise KeyFileBadError(f"{self._path} can't be written: {error.strerror}") from error


def _read_change(key: VerifyKey, rest: list[str]) -> KeyChange:
    if not rest:
        return KeyChange(key=key)
    word, previous, signature = rest[0].split(" ")
    if word != "follows":
        raise NoteMalformedError("the second line says which key this one follows")
    return KeyChange(
        key=key, previous=VerifyKey.parse(previous), signature=decode_base64(signature)
    )

"""The master key in a file of mode 0600: one line, ``alos-vault-master-v1 <hex>``."""

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alos.domain.fault import VaultTampered
from alos.store.folder import sync_folder

_WORD: Final = "alos-vault-master-v1"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class MasterKeyBadError(Exception):
    """The master key can't be used; the message says why and what to do."""


class FileMasterKey:
    """A :class:`alos.ports.master_key.MasterKey` whose key this process holds itself."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.name = "file:" + sha256(b"alos-vault-master-name\n" + key).hexdigest()[:16]

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Nonce ‖ AES-256-GCM of the key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Give the key back.

        Raises:
            VaultTampered: changed bytes, another context or another master key.
        """
        try:
            nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, sealed, context)
        except (InvalidTag, ValueError):
            raise VaultTampered(
                "a shelf's key was changed, or another master wrapped it"
            ) from None


def create_master_key(path: Path) -> FileMasterKey:
    """Make a new master key in a file that must not be there yet.

    Raises:
        MasterKeyBadError: the file is there, or can't be written.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{_WORD} {key.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise MasterKeyBadError(f"{path} can't be made: {error.strerror}") from error
    return FileMasterKey(key)


def read_master_key(path: Path) -> FileMasterKey:
    """Read the master key.

    Raises:
        MasterKeyBadError: there is none, it is open to others, or it is something else.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise MasterKeyBadError(f"{path} is open to others; chmod 600 it")
        text = path.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise MasterKeyBadError(f"there is no master key in {path}") from error
    except (OSError, ValueError) as error:
        raise MasterKeyBadError(f"{path} can't be read: {error}") from error
    word, _, digits = text.strip().partition(" ")
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        key = b""
    if word != _WORD or len(key) != _KEY_BYTES:
        raise MasterKeyBadError(f"{path} holds no master key of the vault")
    return FileMasterKey(key)

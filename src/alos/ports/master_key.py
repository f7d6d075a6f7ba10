"""The key above all keys of the vault: held in a file, or by a key service."""

from typing import Protocol


class MasterKey(Protocol):
    """Wraps the keys of shelves; both methods may block and are called in a thread."""

    name: str
    """Says which key it is, and nothing about it; kept beside the vault's keys."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a key, bound to ``context``.

        Raises:
            VaultDown: the key service can't be reached.
        """

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt a key that :meth:`wrap` gave for the same ``context``.

        Raises:
            VaultDown: the key service can't be reached.
            VaultTampered: it is not what was wrapped, or another master key wrapped it.
        """

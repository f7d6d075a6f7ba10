"""Where a call's entries, their place in the tree and the signed heads are read.

The methods are synchronous and may block. Every method may raise ``StoreDown``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.domain.ids import CallId, WriterId


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """An entry as the journal has it.

    Attributes:
        position: its leaf; ``None`` while it waits for the sealer.
        chained: the bytes that its leaf is made of.
        personal: salts and values that are not erased, as the journal keeps them.
    """

    writer: WriterId
    sequence: int
    position: int | None
    chained: bytes
    personal: bytes


class Ledger(Protocol):
    """Reads the ledger; it changes nothing."""

    def list_entries(self, call_id: CallId) -> Sequence[LedgerEntry]:
        """The entries that name a call, in the order of the log; those that are lost left out."""

    def get_checkpoint(self, least_size: int = 0) -> str | None:
        """The newest signed head of at least so many leaves."""

    def get_inclusion(self, position: int, size: int) -> list[bytes]:
        """The path from a leaf to the head of ``size`` leaves."""

    def get_consistency(self, old: int, new: int) -> list[bytes]:
        """Show that the tree of ``old`` leaves is the beginning of that of ``new``."""

    def get_root(self, size: int) -> bytes:
        """The head of the first ``size`` leaves."""

    def get_size(self) -> int:
        """How many leaves the tree has."""

    def find_leaf(self, leaf: bytes) -> int | None:
        """Where the tree has a leaf of this hash, whatever the index says of it."""

    def list_key_changes(self) -> Sequence[dict[str, str]]:
        """The facts of the notes that announce keys, oldest first."""

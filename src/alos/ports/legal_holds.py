"""Where legal holds are kept.

The methods are synchronous and may block; callers run them in a thread. Any may raise
``StoreDown``.
"""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.legal_hold import LegalHold


class LegalHoldState(Protocol):
    """Every legal hold ever placed."""

    def add_hold(self, hold: LegalHold) -> None:
        """Keep a new one."""

    def end_hold(self, hold_id: str, *, by: str, at_unix: int) -> bool:
        """Mark it released; False where there is none in force by that id."""

    def list_holds(self) -> Sequence[LegalHold]:
        """All of them, released ones too, oldest first."""

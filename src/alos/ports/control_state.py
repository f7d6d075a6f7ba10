"""What the control plane keeps: keys and kill switches.

The methods are synchronous and may block; the composition root calls them in a thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.domain.ids import KeyId
from alos.domain.standing import KeyGrant, Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as it is kept; the key itself is nowhere.

    Attributes:
        grant: what it allows; ``grant.active`` means nothing here (the directory says).
        created_by, revoked_by: a person's id or ``local-operator``.
    """

    grant: KeyGrant
    created_at_unix: int
    created_by: str
    revoked_at_unix: int | None = None
    revoked_by: str | None = None


class ControlState(Protocol):
    """Durable control state; every change is committed on return.

    Every method may raise ``StoreDown``, and then nothing was changed.
    """

    def add_key(self, row: KeyRow) -> None:
        """Keep a new key."""

    def revoke_key(self, key_id: KeyId, *, by: str, at_unix: int) -> bool:
        """Revoke; False where there is no such key, True also where it was revoked before."""

    def list_keys(self) -> Sequence[KeyRow]:
        """Every key, revoked ones too, oldest first."""

    def add_stop(self, stop: Stop) -> None:
        """Keep a pulled kill switch; pulling it again changes nothing."""

    def end_stop(self, kind: str, target: str, *, by: str, at_unix: int) -> bool:
        """Mark it revived; False where nothing was stopped."""

    def list_stops(self) -> Sequence[Stop]:
        """Those in force."""

"""What the control plane keeps: keys and kill switches.

The methods are synchronous and may block; the composition root calls them in a thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.domain.ids import KeyId
from alos.domain.revival import RevivalVote
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
    rotation: "RotationMark | None" = None
    follows: KeyId | None = None
    """The key that this one was made to replace."""
    last_used_at_unix: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationMark:
    """A key that works and should be replaced.

    Attributes:
        due_unix: seconds; after it the control is red, and the key still works.
        reason: in our own words.
    """

    key: KeyId
    due_unix: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNews:
    """What the store says of kill switches now.

    Attributes:
        stops: those in force.
        revived: by (kind, target), when the newest was pulled (nanoseconds) that was taken back.
    """

    stops: Sequence[Stop]
    revived: Mapping[tuple[str, str], int]


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

    def get_key_version(self) -> tuple[int, ...]:
        """Numbers that change with any key; cheap to ask for."""

    def mark_key(self, mark: RotationMark) -> None:
        """Mark a key for rotation; a key marked before keeps its earlier mark."""

    def replace_key(self, row: KeyRow, *, old_ends_at_unix: int) -> None:
        """Keep the new key and let the one it follows end by then, both or neither."""

    def keep_uses(self, uses: Mapping[KeyId, int]) -> None:
        """Keep when keys were last used, in seconds; an earlier time changes nothing."""

    def add_stop(self, stop: Stop) -> bool:
        """Keep a pulled kill switch; pulling it again changes nothing.

        Returns:
            False, and nothing is kept, where this pull or a later one was taken back already.
        """

    def end_stop(self, kind: str, target: str, *, by: str, at_unix: int) -> bool:
        """Mark it revived; False where nothing was stopped."""

    def list_stops(self) -> Sequence[Stop]:
        """Those in force."""

    def read_stop_news(self) -> StopNews:
        """Those in force, and when others were taken back."""

    def add_revival_vote(self, vote: RevivalVote) -> None:
        """Keep what a person said of a revival; it takes the place of what they said before."""

    def list_revival_votes(self, kind: str, target: str) -> Sequence[RevivalVote]:
        """What people said about taking that kill switch back, whenever it was pulled."""

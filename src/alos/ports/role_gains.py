"""Since when people have held their roles.

The methods are synchronous and may block; callers run them in a thread. Each may raise
``StoreDown``, and then nothing was changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.domain.ids import PersonId
from alos.domain.people import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGain:
    """A role that a person holds.

    Attributes:
        founding: held at set-up, and so exempt from waiting.
    """

    person: PersonId
    role: Role
    gained_at_unix: int
    founding: bool


class RoleGains(Protocol):
    """Durable role gains; every change is committed on return."""

    def list_gains(self) -> Sequence[RoleGain]:
        """Every role that somebody holds."""

    def change_gains(
        self, gained: Sequence[RoleGain], lost: Sequence[tuple[PersonId, Role]]
    ) -> None:
        """Keep new ones and forget lost ones, all or none; one kept already stays as it is."""

"""What gateways of one installation owe each other after an erasure."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.erasure import ErasureOrder
from alos.domain.ids import PersonId, WriterId


class ErasuresDue(Protocol):
    """Erasures of persons, by the journals that they concern; every method may block.

    Raises:
        StoreDown: from each of them.
    """

    def ask_others(self, order: ErasureOrder) -> Sequence[WriterId]:
        """Ask the gateways of all other journals that may know the person to erase it there.

        Returns:
            The writers of journals that still have to, from this time or an earlier one.
        """

    def list_mine(self) -> Sequence[ErasureOrder]:
        """What this gateway was asked and has not done yet, oldest first."""

    def list_all(self) -> Sequence[tuple[ErasureOrder, WriterId]]:
        """What any gateway has not done yet, by writer, oldest first."""

    def end_mine(self, person: PersonId) -> None:
        """This gateway has done its part; nothing of the person stays with it."""

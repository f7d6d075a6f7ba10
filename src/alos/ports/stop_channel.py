"""A second way by which gateways hear of kill switches, beside the store; each works alone."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.standing import Stop


class StopChannel(Protocol):
    """Holds every kill switch in force, and wakes whoever waits when one is pulled.

    Every method raises ``ChannelDown`` where it can't be reached, after a second at most.
    """

    async def tell(self, stop: Stop) -> None:
        """Add a switch and wake everybody who waits."""

    async def forget(self, kind: str, target: str) -> None:
        """Take a switch out that was taken back."""

    async def list_stops(self) -> Sequence[Stop]:
        """Every switch that it was told of and did not forget."""

    async def wait(self, seconds: float) -> None:
        """Return when somebody told it something, or after so long."""


class NoChannel:
    """Where the store is the only way: nobody is told, and nothing is ever heard."""

    async def tell(self, stop: Stop) -> None:
        """Tell nobody."""

    async def forget(self, kind: str, target: str) -> None:
        """Nothing was kept."""

    async def list_stops(self) -> Sequence[Stop]:
        """Nothing at all."""
        return ()

    async def wait(self, seconds: float) -> None:
        """Wait for nothing."""

"""Where waivers are kept."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.waiver import Waiver


class WaiverStore(Protocol):
    """Every method may block and may raise ``StoreDown``."""

    def put(self, waiver: Waiver) -> None:
        """Keep it, in the place of an earlier state of the same id."""

    def list_waivers(self) -> Sequence[Waiver]:
        """Every waiver there ever was, oldest first."""


class MemoryWaivers:
    """Waivers in memory, for tests."""

    def __init__(self) -> None:
        self._waivers: dict[str, Waiver] = {}

    def put(self, waiver: Waiver) -> None:
        """See :class:`WaiverStore`."""
        self._waivers[waiver.id] = waiver

    def list_waivers(self) -> Sequence[Waiver]:
        """See :class:`WaiverStore`."""
        return tuple(self._waivers.values())

"""Holds the Standing in force; a swap is one assignment, then the listeners hear of it."""

from collections.abc import Callable

from alos.domain.standing import Standing


class StandingHolder:
    """The one :class:`alos.ports.standing.StandingSource` of a process."""

    def __init__(self, first: Standing) -> None:
        self.current = first
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every swap, in this event loop."""
        self._listeners.append(listener)

    def swap(self, standing: Standing) -> None:
        """Put ``standing`` into force for every request and stream chunk from now on."""
        self.current = standing
        for listener in self._listeners:
            listener()

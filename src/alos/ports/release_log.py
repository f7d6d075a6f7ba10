"""What happened to releases, in order and for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.domain.ids import WorkflowId
from alos.domain.release_events import ReleaseEvent


class LogMovedOn(Exception):  # noqa: N818 - not a fault: somebody else was quicker
    """Another process appended to the lineage first; read it again and decide again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event at its place.

    Attributes:
        number: grows over all lineages.
        sequence: place within its lineage, from 0 without a gap.
    """

    number: int
    workflow: WorkflowId
    sequence: int
    event: ReleaseEvent


class ReleaseLog(Protocol):
    """Appends and lists; every method may block and may raise ``StoreDown``."""

    def append(self, workflow: WorkflowId, sequence: int, event: ReleaseEvent) -> LoggedEvent:
        """Keep ``event`` as the lineage's ``sequence``-th.

        Raises:
            LogMovedOn: that place is taken.
        """

    def list_events(self, after: int = 0) -> Sequence[LoggedEvent]:
        """Those with a larger number, in order."""


class MemoryReleaseLog:
    """A log in memory, for tests and one-off runs."""

    def __init__(self) -> None:
        self._events: list[LoggedEvent] = []

    def append(self, workflow: WorkflowId, sequence: int, event: ReleaseEvent) -> LoggedEvent:
        """See :class:`ReleaseLog`."""
        if sequence != sum(one.workflow == workflow for one in self._events):
            raise LogMovedOn(workflow)
        logged = LoggedEvent(
            number=len(self._events) + 1, workflow=workflow, sequence=sequence, event=event
        )
        self._events.append(logged)
        return logged

    def list_events(self, after: int = 0) -> Sequence[LoggedEvent]:
        """See :class:`ReleaseLog`."""
        return self._events[after:]

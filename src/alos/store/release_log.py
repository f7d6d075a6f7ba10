"""The :class:`alos.ports.release_log.ReleaseLog` on the database."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import func, insert, select

from alos.domain.ids import WorkflowId
from alos.domain.release_events import (
    Consulted,
    Drilled,
    Granted,
    Halted,
    ReleaseEvent,
    Resumed,
    RolledBack,
    Submitted,
    VoteCast,
    VotesVoided,
)
from alos.ports.release_log import LoggedEvent, LogMovedOn
from alos.store.engine import Store
from alos.store.release_tables import release_events

_KINDS: Final[dict[str, type[ReleaseEvent]]] = {
    "submitted": Submitted,
    "vote_cast": VoteCast,
    "votes_voided": VotesVoided,
    "consulted": Consulted,
    "granted": Granted,
    "halted": Halted,
    "resumed": Resumed,
    "rolled_back": RolledBack,
    "drilled": Drilled,
}
_NAMES: Final = {cls: name for name, cls in _KINDS.items()}


class StoredReleaseLog:
    """Events of all lineages; a place in a lineage is taken once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, workflow: WorkflowId, sequence: int, event: ReleaseEvent) -> LoggedEvent:
        """See :class:`alos.ports.release_log.ReleaseLog`."""
        with self._store.write() as connection:
            taken = connection.scalar(
                select(func.count())
                .select_from(release_events)
                .where(release_events.c.workflow == workflow)
            )
            if taken != sequence:
                raise LogMovedOn(workflow)
            values = {
                "workflow": workflow,
                "sequence": sequence,
                "kind": _NAMES[type(event)],
                "event": msgspec.json.encode(event).decode(),
            }
            done = connection.execute(insert(release_events), values)
            number = done.inserted_primary_key
        assert number is not None
        return LoggedEvent(number=number[0], workflow=workflow, sequence=sequence, event=event)

    def list_events(self, after: int = 0) -> Sequence[LoggedEvent]:
        """See :class:`alos.ports.release_log.ReleaseLog`."""
        self._store.ensure()
        statement = (
            select(release_events)
            .where(release_events.c.number > after)
            .order_by(release_events.c.number)
        )
        with self._store.read() as connection:
            return [
                LoggedEvent(
                    number=row.number,
                    workflow=WorkflowId(row.workflow),
                    sequence=row.sequence,
                    event=msgspec.json.decode(row.event, type=_KINDS[row.kind]),
                )
                for row in connection.execute(statement)
            ]

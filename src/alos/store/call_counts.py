"""How many calls began lately, and by how many keys; read from the index alone."""

from collections.abc import Sequence

from sqlalchemy import and_, distinct, func, select

from alos.control.blast_radius import CallCounts
from alos.domain.record import Outcome
from alos.store.engine import Store
from alos.store.tables import calls, running_calls


class StoredCallCounts:
    """Counts; it changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def count(
        self,
        *,
        since_unix_ns: int,
        workflows: Sequence[str] | None,
        model: str | None,
        vendor: str | None,
    ) -> CallCounts:
        """Calls that were let through since then; those that run have no model yet.

        Raises:
            StoreDown: it can't be read.
        """
        wanted = [calls.c.opened_at_unix_ns >= since_unix_ns, calls.c.outcome != Outcome.REFUSED]
        running = select(func.count()).select_from(running_calls)
        if workflows is not None:
            wanted.append(calls.c.workflow.in_(workflows))
            running = running.where(running_calls.c.workflow.in_(workflows))
        if model is not None:
            wanted.append(calls.c.model == model)
        if vendor is not None:
            wanted.append(calls.c.vendor == vendor)
        counted = select(func.count(), func.count(distinct(calls.c.key_id))).where(and_(*wanted))
        with self._store.read() as connection:
            number, callers = connection.execute(counted).one()
            return CallCounts(
                calls=number, callers=callers, running=connection.scalar(running) or 0
            )

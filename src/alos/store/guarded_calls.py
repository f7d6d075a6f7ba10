"""The :class:`alos.ports.guarded_calls.GuardedCalls` on the call index."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select

from alos.domain.guarded import GuardedCall
from alos.domain.ids import Digest, WorkflowId
from alos.store.call_index import find_arrival
from alos.store.engine import Store
from alos.store.tables import calls


class StoredGuardedCalls:
    """Reads each call once, by its number: writers take turns, so numbers grow as they commit."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find_first(self, since_unix_ns: int) -> int:
        """The number after which calls arrived from that time on."""
        with self._store.read() as connection:
            return find_arrival(connection, since_unix_ns) - 1

    def list_after(
        self, number: int, *, workflow: WorkflowId, release: Digest, limit: int
    ) -> tuple[Sequence[GuardedCall], int]:
        """Production calls of a release that arrived after ``number``, in order."""
        columns = calls.c
        with self._store.read() as connection:
            newest = connection.scalar(select(func.max(columns.number))) or 0
            if newest <= number:
                return (), number
            statement = (
                select(
                    columns.number,
                    columns.opened_at_unix_ns,
                    columns.outcome,
                    columns.reason,
                    columns.finding_words.is_not(None),
                    columns.duration_ms,
                    columns.cost_nanousd,
                )
                .where(
                    columns.number > number,
                    columns.number <= newest,
                    columns.workflow == workflow,
                    columns.release == release,
                    or_(columns.purpose.is_(None), columns.purpose == "production"),
                )
                .order_by(columns.number)
                .limit(limit)
            )
            found = [GuardedCall(*row) for row in connection.execute(statement)]
        return found, found[-1].number if len(found) == limit else newest

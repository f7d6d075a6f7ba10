"""The :class:`alos.ports.feedback.FeedbackStore` on the database."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select

from alos.domain.feedback import Feedback
from alos.domain.ids import CallId, Digest, WorkflowId
from alos.store.engine import Store
from alos.store.feedback_tables import feedback

_FIELDS = tuple(feedback.c[name] for name in Feedback._fields)


class StoredFeedback:
    """Writers take turns, so numbers grow as they commit."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, given: Feedback) -> bool:
        """See :class:`alos.ports.feedback.FeedbackStore`."""
        with self._store.write() as connection:
            known = select(feedback.c.number).where(feedback.c.call_id == given.call_id)
            if connection.scalar(known) is not None:
                return False
            connection.execute(insert(feedback), given._asdict())
        return True

    def get(self, call_id: CallId) -> Feedback | None:
        """See :class:`alos.ports.feedback.FeedbackStore`."""
        self._store.ensure()
        statement = select(*_FIELDS).where(feedback.c.call_id == call_id)
        with self._store.read() as connection:
            row = connection.execute(statement).one_or_none()
        return Feedback(*row) if row is not None else None

    def list_after(
        self, number: int, *, workflow: WorkflowId, release: Digest, since_unix_ns: int, limit: int
    ) -> tuple[Sequence[Feedback], int]:
        """See :class:`alos.ports.feedback.FeedbackStore`."""
        columns = feedback.c
        self._store.ensure()
        with self._store.read() as connection:
            newest = connection.scalar(select(func.max(columns.number))) or 0
            if newest <= number:
                return (), number
            statement = (
                select(columns.number, *_FIELDS)
                .where(
                    columns.number > number,
                    columns.number <= newest,
                    columns.workflow == workflow,
                    columns.release == release,
                    columns.at_unix_ns >= since_unix_ns,
                )
                .order_by(columns.number)
                .limit(limit)
            )
            rows = connection.execute(statement).all()
        end = rows[-1][0] if len(rows) == limit else newest
        return [Feedback(*fields) for _, *fields in rows], end

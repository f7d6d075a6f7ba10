"""The :class:`alos.ports.held.HeldRequests` on the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from alos.domain.held import HeldRequest, HeldState
from alos.domain.ids import BodyReference, CallId, WorkflowId, WorkspaceId
from alos.store.engine import Store
from alos.store.held_tables import held_requests


class StoredHeldRequests:
    """Requests that wait for people; a commit is on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, held: HeldRequest) -> None:
        """See :class:`alos.ports.held.HeldRequests`."""
        with self._store.write() as connection:
            connection.execute(insert(held_requests), asdict(held))

    def list_held(
        self, *, workflow: str | None = None, state: HeldState | None = None, limit: int = 200
    ) -> Sequence[HeldRequest]:
        """See :class:`alos.ports.held.HeldRequests`."""
        columns = held_requests.c
        statement = select(held_requests).order_by(columns.at_unix_ns).limit(limit)
        if workflow is not None:
            statement = statement.where(columns.workflow == workflow)
        if state is not None:
            statement = statement.where(columns.state == state.value)
        self._store.ensure()
        with self._store.read() as connection:
            return [_to_held(row) for row in connection.execute(statement).mappings()]

    def get_held(self, held_id: str) -> HeldRequest | None:
        """See :class:`alos.ports.held.HeldRequests`."""
        self._store.ensure()
        with self._store.read() as connection:
            found = select(held_requests).where(held_requests.c.id == held_id)
            row = connection.execute(found).mappings().one_or_none()
        return _to_held(row) if row is not None else None

    def mark_done(self, held_id: str, *, by: str, at_unix_ns: int) -> HeldRequest | None:
        """See :class:`alos.ports.held.HeldRequests`."""
        columns = held_requests.c
        done: dict[str, Any] = {
            "state": HeldState.DONE.value, "done_by": by, "done_at_unix_ns": at_unix_ns
        }  # fmt: skip
        waits = (columns.id == held_id) & (columns.state == HeldState.WAITING.value)
        with self._store.write() as connection:
            if not connection.execute(update(held_requests).where(waits).values(done)).rowcount:
                return None
            found = select(held_requests).where(columns.id == held_id)
            return _to_held(connection.execute(found).mappings().one())


def _to_held(row: RowMapping) -> HeldRequest:
    values = dict(row)
    values |= {
        "call_id": CallId(row["call_id"]),
        "workflow": WorkflowId(row["workflow"]),
        "workspace": WorkspaceId(row["workspace"]),
        "body": BodyReference(row["body"]),
        "state": HeldState(row["state"]),
    }
    return HeldRequest(**values)

"""Where requests wait for people; and the stand-in kept in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from alos.domain.held import HeldRequest, HeldState


class HeldRequests(Protocol):
    """Every method blocks and may raise ``StoreDown``: call it in a thread."""

    def add(self, held: HeldRequest) -> None:
        """Keep it; on return it is on disk."""

    def list_held(
        self, *, workflow: str | None = None, state: HeldState | None = None, limit: int = 200
    ) -> Sequence[HeldRequest]:
        """The oldest first."""

    def get_held(self, held_id: str) -> HeldRequest | None:
        """One of them, waiting or done."""

    def mark_done(self, held_id: str, *, by: str, at_unix_ns: int) -> HeldRequest | None:
        """Mark it done, once; ``None`` where there is no such request that waits."""


class MemoryHeldRequests:
    """For tests and one-off runs."""

    def __init__(self) -> None:
        self._held: dict[str, HeldRequest] = {}

    def add(self, held: HeldRequest) -> None:
        """See :class:`HeldRequests`."""
        self._held[held.id] = held

    def list_held(
        self, *, workflow: str | None = None, state: HeldState | None = None, limit: int = 200
    ) -> Sequence[HeldRequest]:
        """See :class:`HeldRequests`."""
        return [
            one
            for one in self._held.values()
            if workflow in (None, one.workflow) and state in (None, one.state)
        ][:limit]

    def get_held(self, held_id: str) -> HeldRequest | None:
        """See :class:`HeldRequests`."""
        return self._held.get(held_id)

    def mark_done(self, held_id: str, *, by: str, at_unix_ns: int) -> HeldRequest | None:
        """See :class:`HeldRequests`."""
        held = self._held.get(held_id)
        if held is None or held.state is HeldState.DONE:
            return None
        done = replace(held, state=HeldState.DONE, done_by=by, done_at_unix_ns=at_unix_ns)
        self._held[held_id] = done
        return done

"""The desk at which people look after requests that no model answered (R63)."""

import asyncio
from collections.abc import Sequence

from alos.control.change_notes import ChangeNotes
from alos.domain.held import HeldRequest, HeldState
from alos.domain.record import NoteKind
from alos.domain.vault import Gone
from alos.ports.clock import Clock
from alos.ports.held import HeldRequests
from alos.ports.vault import Vault

_LABEL = "held"


class HeldDesk:
    """Lists what waits, shows it, and takes down who looked after it."""

    def __init__(
        self, held: HeldRequests, vault: Vault, notes: ChangeNotes, *, clock: Clock
    ) -> None:
        self._held = held
        self._vault = vault
        self._notes = notes
        self._clock = clock

    async def list_held(
        self, *, workflow: str | None = None, state: HeldState | None = HeldState.WAITING
    ) -> Sequence[HeldRequest]:
        """The oldest first, at most 200."""
        return await asyncio.to_thread(self._held.list_held, workflow=workflow, state=state)

    async def find(self, held_id: str) -> HeldRequest | None:
        """One of them, waiting or done."""
        return await asyncio.to_thread(self._held.get_held, held_id)

    async def read(self, held: HeldRequest) -> bytes | Gone:
        """The request's body, every finding replaced, until its retention ends."""
        label = f"{held.call_id}/{_LABEL}"
        return await asyncio.to_thread(self._vault.get, held.body, label=label)

    async def mark_done(self, held: HeldRequest, *, by: str) -> bool:
        """Note who looked after it, then mark it; false where somebody was quicker.

        Raises:
            JournalDown: it could not be noted, so it still waits.
        """
        facts = {"call": held.call_id, "held": held.id}
        await self._notes.note(NoteKind.HELD_DONE, facts, by=by)
        now = self._clock.unix_ns()
        done = await asyncio.to_thread(self._held.mark_done, held.id, by=by, at_unix_ns=now)
        return done is not None

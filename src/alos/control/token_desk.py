"""Puts the value back for a token that stood in a request; each time is recorded first (R55)."""

import asyncio
import json

from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.control.stored_bodies import get_references
from alos.domain.ids import CallId
from alos.domain.record import NoteKind
from alos.domain.vault import TOKENS, Gone, get_label
from alos.ports.call_store import CallStore
from alos.ports.vault import Vault


class TokenDesk:
    """Reverses tokens for who may; the values lie in the vault and end with their retention."""

    def __init__(self, vault: Vault, *, calls: CallStore, notes: ChangeNotes) -> None:
        self._vault = vault
        self._calls = calls
        self._notes = notes

    async def reverse(self, call_id: CallId, token: str, *, reason: str, by: str) -> str | Gone:
        """Give the value that a token of a call stands for.

        Raises:
            ChangeRefused: no such call, or no token was given in it.
            JournalDown, StoreDown, VaultDown: it is not given out.
        """
        row = await asyncio.to_thread(self._calls.get_call, call_id)
        reference = get_references(row.closing if row is not None else None).get(TOKENS)
        if reference is None:
            raise ChangeRefused(f"no token of call {call_id} can be reversed")
        facts = {"call": call_id, "token": token}
        await self._notes.note(NoteKind.TOKEN_REVERSED, facts, by=by, personal={"reason": reason})
        label = get_label(call_id, TOKENS)
        body = await asyncio.to_thread(self._vault.get, reference, label=label)
        if isinstance(body, Gone):
            return body
        values: dict[str, str] = json.loads(body)
        if token not in values:
            raise ChangeRefused(f"call {call_id} has no such token")
        return values[token]

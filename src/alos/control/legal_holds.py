"""Legal holds: placed and released by people, kept, and obeyed by every erasure.

A hold marks the bodies of the calls under it, in the vault itself, and new calls are born under
it. So a body on hold outlives its retention whatever becomes of the index of calls.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.control.stored_bodies import get_references, list_held_calls
from alos.domain.ids import CallId
from alos.domain.legal_hold import HoldKind, LegalHold
from alos.domain.record import NoteKind
from alos.ports.call_store import CallStore
from alos.ports.clock import Clock
from alos.ports.legal_holds import LegalHoldState
from alos.ports.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWish:
    """What somebody wants to be kept."""

    kind: HoldKind
    target: str
    since_unix_ns: int | None
    until_unix_ns: int | None
    reason: str


class LegalHolds:
    """Every legal hold of the installation.

    Args:
        catch_up: brings the index of calls up to the journals (blocks).
        put_into_force: gives the (kind, target) pairs that new calls come under to the Standing.

    Attributes:
        lock: whoever changes what is on hold, or erases, holds it.
    """

    def __init__(
        self,
        state: LegalHoldState,
        *,
        vault: Vault,
        calls: CallStore,
        notes: ChangeNotes,
        clock: Clock,
        catch_up: Callable[[], object],
        put_into_force: Callable[[frozenset[tuple[str, str]]], None],
    ) -> None:
        self._state = state
        self._vault = vault
        self._calls = calls
        self._notes = notes
        self._clock = clock
        self._catch_up = catch_up
        self._put_into_force = put_into_force
        self._holds: dict[str, LegalHold] = {}
        self.lock = asyncio.Lock()

    @property
    def all(self) -> tuple[LegalHold, ...]:
        """Every hold, released ones too, oldest first."""
        return tuple(self._holds.values())

    @property
    def in_force(self) -> tuple[LegalHold, ...]:
        """Those that nobody has released."""
        return tuple(hold for hold in self._holds.values() if hold.is_in_force)

    async def load(self) -> None:
        """Read every hold and put those in force before new calls.

        Raises:
            StoreDown: the store can't be read, so nothing may be erased.
        """
        holds = await asyncio.to_thread(self._state.list_holds)
        self._holds = {hold.id: hold for hold in holds}
        self._publish()

    async def catch_up(self) -> bool:
        """Obey what was placed and released at other gateways; True where that was anything.

        Raises:
            StoreDown, VaultDown: it is not certain what is on hold here. A purge looks again.
        """
        async with self.lock:
            before = {hold.id: hold for hold in self.in_force}
            kept = await asyncio.to_thread(self._state.list_holds)
            if tuple(kept) == self.all:
                return False
            self._holds = {hold.id: hold for hold in kept}
            self._publish()
            after = {hold.id for hold in self.in_force}
            for hold in self.in_force:
                if hold.id not in before:
                    await asyncio.to_thread(self._mark, hold)
            for hold_id in before.keys() - after:
                await asyncio.to_thread(self._unmark, before[hold_id])
            return True

    async def place(self, wish: HoldWish, *, by: str) -> tuple[LegalHold, int]:
        """Place a hold; when this returns, nothing under it can be erased.

        Returns:
            The hold, and how many bodies are under it now.

        Raises:
            ChangeRefused: there is no such call, or the span is empty.
            JournalDown, StoreDown, VaultDown: it is not certain to hold; do it again.
        """
        hold = self._make(wish, by)
        async with self.lock:
            if hold.kind is HoldKind.CALL:
                await asyncio.to_thread(self._check_call, CallId(hold.target))
            await self._note_placed(hold, by)
            await asyncio.to_thread(self._state.add_hold, hold)
            self._holds[hold.id] = hold
            self._publish()
            return hold, await asyncio.to_thread(self._mark, hold)

    async def release(self, hold_id: str, *, by: str) -> int:
        """End a hold; what its retention has ended for goes at the next purge.

        Returns:
            How many bodies are on no hold any more.

        Raises:
            ChangeRefused: there is no such hold in force.
            JournalDown, StoreDown, VaultDown: it may still hold; do it again.
        """
        async with self.lock:
            hold = self._holds.get(hold_id)
            if hold is None or not hold.is_in_force:
                raise ChangeRefused(f"there is no legal hold {hold_id} in force")
            await self._notes.note(NoteKind.LEGAL_HOLD_RELEASED, {"hold": hold_id}, by=by)
            at_unix = self._clock.unix_ns() // 1_000_000_000
            await asyncio.to_thread(self._state.end_hold, hold_id, by=by, at_unix=at_unix)
            holds = await asyncio.to_thread(self._state.list_holds)
            self._holds = {one.id: one for one in holds}
            self._publish()
            return await asyncio.to_thread(self._unmark, hold)

    def mark_span(self, since_unix_ns: int, until_unix_ns: int) -> int:
        """Mark again what is under a hold, of calls that began in a span (blocks).

        Raises:
            StoreDown, VaultDown: it is not certain what is on hold, so nothing may be erased.
        """
        marked = 0
        for hold in self.in_force:
            rows = list_held_calls(
                self._calls, hold, since_unix_ns=since_unix_ns, until_unix_ns=until_unix_ns
            )
            for row in rows:
                marked += self._vault.hold(get_references(row.closing).values())
        return marked

    def list_held(self, until_unix_ns: int) -> frozenset[CallId]:
        """The calls under a hold that began before a time (blocks).

        Raises:
            StoreDown: it is not certain what is on hold, so nothing may be removed.
        """
        return frozenset(
            row.call_id
            for hold in self.in_force
            for row in list_held_calls(self._calls, hold, until_unix_ns=until_unix_ns)
        )

    def _make(self, wish: HoldWish, by: str) -> LegalHold:
        since, until = wish.since_unix_ns, wish.until_unix_ns
        if since is not None and until is not None and since >= until:
            raise ChangeRefused("the hold would cover no time at all")
        return LegalHold(
            id=f"hold_{secrets.token_hex(6)}",
            kind=wish.kind,
            target=wish.target,
            since_unix_ns=since,
            until_unix_ns=until,
            reason=wish.reason,
            placed_at_unix=self._clock.unix_ns() // 1_000_000_000,
            placed_by=by,
        )

    def _check_call(self, call_id: CallId) -> None:
        self._catch_up()
        if self._calls.get_call(call_id) is None:
            raise ChangeRefused(f"there is no call {call_id}")

    async def _note_placed(self, hold: LegalHold, by: str) -> None:
        facts = {"hold": hold.id, "kind": hold.kind.value}
        personal = {"reason": hold.reason}
        where = personal if hold.kind is HoldKind.PERSON else facts
        where["person" if hold.kind is HoldKind.PERSON else "target"] = hold.target
        await self._notes.note(NoteKind.LEGAL_HOLD_PLACED, facts, by=by, personal=personal)

    def _publish(self) -> None:
        now = self._clock.unix_ns()
        self._put_into_force(
            frozenset(
                (hold.kind.value, hold.target) for hold in self.in_force if hold.covers_from(now)
            )
        )

    def _mark(self, hold: LegalHold) -> int:
        self._catch_up()
        marked = 0
        for row in list_held_calls(self._calls, hold):
            marked += self._vault.hold(get_references(row.closing).values())
        return marked

    def _unmark(self, hold: LegalHold) -> int:
        """Release what was under the hold, then mark again what is under the others."""
        self._catch_up()
        released = 0
        for row in list_held_calls(self._calls, hold):
            released += self._vault.release(get_references(row.closing).values())
        since, until = hold.since_unix_ns, hold.until_unix_ns
        for other in self.in_force:
            rows = list_held_calls(self._calls, other, since_unix_ns=since, until_unix_ns=until)
            for row in rows:
                self._vault.hold(get_references(row.closing).values())
        return released

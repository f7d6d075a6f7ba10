"""Waivers: asked for by one person, granted by another, and over at their end."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from alos.control.change_notes import ChangeNotes
from alos.domain.ids import PersonId, WorkflowId
from alos.domain.record import NoteKind
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.waiver import (
    MOST_DAYS,
    MOST_RENEWALS,
    Waiver,
    WaiverAbout,
    get_longest_end,
)
from alos.domain.workflow import Workflow
from alos.ports.clock import Clock
from alos.ports.waivers import WaiverStore


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverWish:
    """What somebody asks for."""

    workflow: WorkflowId
    about: WaiverAbout
    owner: PersonId
    reason: str
    compensating_control: str
    ends_at_unix: int


class Waivers:
    """Keeps waivers and says which are in force.

    Args:
        publish: puts a new Standing into force.
    """

    def __init__(
        self,
        store: WaiverStore,
        notes: ChangeNotes,
        *,
        clock: Clock,
        publish: Callable[[], None],
    ) -> None:
        self._store = store
        self._notes = notes
        self._clock = clock
        self._publish = publish
        self._waivers: dict[str, Waiver] = {}

    @property
    def all(self) -> Mapping[str, Waiver]:
        """Every waiver there ever was, by id."""
        return self._waivers

    async def load(self) -> None:
        """Read them.

        Raises:
            StoreDown: they can't be read.
        """
        found = await asyncio.to_thread(self._store.list_waivers)
        self._waivers = {one.id: one for one in found}

    async def catch_up(self) -> bool:
        """Take over what was decided at other gateways; True where that was anything.

        Raises:
            StoreDown: they can't be read.
        """
        before = self._waivers
        await self.load()
        if before == self._waivers:
            return False
        self._publish()
        return True

    async def request(self, wish: WaiverWish) -> Waiver | Refusal:
        """Ask for one.

        Raises:
            JournalDown, StoreDown: nothing was changed.
        """
        now = self._now_unix()
        if not now < wish.ends_at_unix <= get_longest_end(now):
            detail = f"it ends within {MOST_DAYS} days"
            return Refusal(code=ReasonCode.WAIVER_TOO_LONG, detail=detail)
        before = [
            one
            for one in self._waivers.values()
            if one.workflow == wish.workflow and one.about is wish.about and one.granted_by
        ]
        waiver = Waiver(
            id="waiver_" + secrets.token_hex(6),
            workflow=wish.workflow,
            about=wish.about,
            owner=wish.owner,
            reason=wish.reason,
            compensating_control=wish.compensating_control,
            requested_at_unix=now,
            ends_at_unix=wish.ends_at_unix,
            renewal=len(before),
        )
        personal = {"reason": wish.reason, "control": wish.compensating_control}
        await self._keep(waiver, NoteKind.WAIVER_REQUESTED, by=wish.owner, personal=personal)
        return waiver

    async def grant(self, waiver_id: str, *, by: PersonId, is_sponsor: bool) -> Waiver | Refusal:
        """Grant one; nobody grants what they asked for.

        The security owner grants; a second renewal is the executive sponsor's (``is_sponsor``).

        Raises:
            JournalDown, StoreDown: nothing was changed.
        """
        await self.load()
        waiver = self._waivers.get(waiver_id)
        if waiver is None or waiver.granted_by is not None or waiver.ended_by is not None:
            return Refusal(code=ReasonCode.WAIVER_UNKNOWN)
        if waiver.owner == by:
            return Refusal(code=ReasonCode.WAIVER_OWN)
        if waiver.renewal > MOST_RENEWALS and not is_sponsor:
            detail = f"it would be renewal {waiver.renewal}"
            return Refusal(code=ReasonCode.WAIVER_RENEWED_TOO_OFTEN, detail=detail)
        if waiver.renewal <= MOST_RENEWALS and is_sponsor:
            detail = "until its second renewal a waiver is the security owner's to grant"
            return Refusal(code=ReasonCode.NOT_PERMITTED, detail=detail)
        granted = replace(waiver, granted_by=by, granted_at_unix=self._now_unix())
        await self._keep(granted, NoteKind.WAIVER_GRANTED, by=by)
        return granted

    async def end(self, waiver_id: str, *, by: PersonId) -> Waiver | Refusal:
        """End one before its time.

        Raises:
            JournalDown, StoreDown: nothing was changed.
        """
        await self.load()
        waiver = self._waivers.get(waiver_id)
        if waiver is None or not waiver.is_in_force(self._now_unix()):
            return Refusal(code=ReasonCode.WAIVER_UNKNOWN)
        ended = replace(waiver, ended_by=by)
        await self._keep(ended, NoteKind.WAIVER_ENDED, by=by)
        return ended

    async def _keep(
        self,
        waiver: Waiver,
        kind: NoteKind,
        *,
        by: PersonId,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        facts = {
            "waiver": waiver.id,
            "workflow": waiver.workflow,
            "about": waiver.about.value,
            "ends_at_unix": str(waiver.ends_at_unix),
        }
        await self._notes.note(kind, facts, by=by, personal=personal)
        await asyncio.to_thread(self._store.put, waiver)
        self._waivers[waiver.id] = waiver
        self._publish()

    def list_missing(self, workflow: Workflow, needed: tuple[WaiverAbout, ...]) -> tuple[str, ...]:
        """What the workflow goes without and no waiver in force lets it, in words."""
        now = self._now_unix()
        held = {
            one.about
            for one in self._waivers.values()
            if one.workflow == workflow.id and one.is_in_force(now)
        }
        return tuple(about.sentence for about in needed if about not in held)

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000

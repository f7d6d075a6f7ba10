"""What follows when somebody leaves: everything of theirs ends, and production goes on.

Whoever was active before a change and is not after it has left. By then the Standing is already
the new one (keys refused, streams cut); here sessions and votes end, the note is written, and
the service accounts' keys that the person made or answers for are marked for rotation.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from alos.control.change_notes import ChangeNotes
from alos.domain.fault import Fault
from alos.domain.ids import PersonId, PrincipalId
from alos.domain.organisation import Organisation
from alos.domain.people import People
from alos.domain.record import NoteKind
from alos.domain.standing import PrincipalKind
from alos.ports.clock import Clock
from alos.ports.control_state import ControlState, KeyRow, RotationMark

_logger = logging.getLogger(__name__)

ROTATE_WITHIN_SECONDS = 7 * 86_400
"""Marked keys go on working; after so long without a rotation the control is red."""

EndWork = Callable[[PersonId], Awaitable[int]]
"""Ends something of a person's (sessions, pending votes) and says how many."""


def list_leavers(before: People, after: People) -> tuple[PersonId, ...]:
    """Everybody who was active and is not any more, by id."""
    gone = (
        person.id
        for person in before.persons.values()
        if person.active and after.get_active(person.id) is None
    )
    return tuple(sorted(gone))


def list_returned(before: People, after: People) -> tuple[PersonId, ...]:
    """Everybody who is active and was known but inactive, by id."""
    back = (
        person.id
        for person in before.persons.values()
        if not person.active and after.get_active(person.id) is not None
    )
    return tuple(sorted(back))


class Leavers:
    """Ends what people who left still had.

    Attributes:
        ends: by what it is called in the note, e.g. ``sessions``; parts add theirs.
    """

    def __init__(self, state: ControlState, *, notes: ChangeNotes, clock: Clock) -> None:
        self._state = state
        self._notes = notes
        self._clock = clock
        self._unmarked: dict[str, RotationMark] = {}
        self.ends: dict[str, EndWork] = {}

    async def end(
        self,
        leavers: Sequence[PersonId],
        *,
        by: str,
        keys: Sequence[KeyRow],
        organisation: Organisation,
        people: People,
        is_news: bool = False,
    ) -> list[RotationMark]:
        """End everything of theirs that is not a key, and note it; returns the new marks.

        What another gateway did first (``is_news``) is done again, since neither sees all that the
        other has, e.g. a vote of the last second; it is noted where there was something left.

        A part that fails holds up neither the rest nor the next person: the Standing and the
        people in force are already without them, which every part asks again.
        """
        marks: list[RotationMark] = []
        for person in leavers:
            facts = {
                "keys": str(sum(_is_own(row, person) and not row.grant.revoked for row in keys)),
                "passed_on": ",".join(
                    sorted(w.id for w in organisation.workspaces.values() if w.owner == person)
                ),
            }
            for name, end in self.ends.items():
                try:
                    facts[name] = str(await end(person))
                except Fault as fault:
                    facts[name] = type(fault).__name__
            seen = [row for row in keys if _is_seen(row, person, people)]
            facts["to_rotate"] = str(len(seen))
            marks += [self._mark(row) for row in seen]
            if not is_news or any(facts[name] != "0" for name in self.ends):
                self._notes.add(NoteKind.PERSON_ENDED, facts, by=by, personal={"person": person})
        await self.save_marks()
        return marks

    async def save_marks(self) -> None:
        """Keep the marks that wait; a store that is down gets them later."""
        for key_id, mark in tuple(self._unmarked.items()):
            try:
                await asyncio.to_thread(self._state.mark_key, mark)
            except Fault:
                return
            self._unmarked.pop(key_id, None)

    def _mark(self, row: KeyRow) -> RotationMark:
        due = self._clock.unix_ns() // 1_000_000_000 + ROTATE_WITHIN_SECONDS
        mark = RotationMark(key=row.grant.id, due_unix=due, reason="somebody who knew it has left")
        self._unmarked[row.grant.id] = mark
        return mark


def _is_own(row: KeyRow, person: PersonId) -> bool:
    grant = row.grant
    return grant.principal_kind is PrincipalKind.PERSON and PersonId(grant.principal) == person


def _is_seen(row: KeyRow, person: PersonId, people: People) -> bool:
    """Whether a service account's living key was shown to the person, or is theirs to answer."""
    grant = row.grant
    if grant.principal_kind is not PrincipalKind.SERVICE or grant.revoked:
        return False
    account = people.service_accounts.get(PrincipalId(grant.principal))
    return row.created_by == person or (account is not None and account.accountable == person)

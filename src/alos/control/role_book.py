"""Since when each person has held each role; a role gained less than a day ago can't vote.

Whoever can change a group or a file can't use a role at once that they gave themselves. Roles
held at set-up are exempt and kept as founding.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace

from alos.control.change_notes import ChangeNotes
from alos.control.standing import Configuration
from alos.domain.fault import Fault
from alos.domain.ids import PersonId
from alos.domain.people import Role
from alos.domain.principal import Principal
from alos.domain.record import NoteKind
from alos.ports.clock import Clock
from alos.ports.role_gains import RoleGain, RoleGains

WAIT_SECONDS = 86_400
"""How long a new role can't vote."""

_Holding = tuple[PersonId, Role]


class RoleBook:
    """Role gains in memory, kept in the store."""

    def __init__(self, state: RoleGains, *, notes: ChangeNotes, clock: Clock) -> None:
        self._state = state
        self._notes = notes
        self._clock = clock
        self._gains: dict[_Holding, RoleGain] = {}
        self._unsaved: dict[_Holding, RoleGain | None] = {}

    async def load(self) -> None:
        """Read what is kept; what could not be kept yet stays as it is here.

        Raises:
            StoreDown: the store can't be read.
        """
        gains = await asyncio.to_thread(self._state.list_gains)
        known = {(gain.person, gain.role): gain for gain in gains}
        for holding, gain in self._unsaved.items():
            if gain is None:
                known.pop(holding, None)
            else:
                known[holding] = gain
        self._gains = known

    async def update(self, configuration: Configuration, *, by: str, founding: str = "") -> None:
        """Compare with who holds what now; a named deputy counts from the naming on.

        Args:
            configuration: in force already.
            by: who caused the change.
            founding: ``yes`` at set-up alone, when nothing is kept yet.
        """
        held = list_holdings(configuration)
        with suppress(Fault):  # another gateway may have been first
            await self.load()
        now_unix = self._clock.unix_ns() // 1_000_000_000
        is_founding = founding == "yes" and not self._gains
        for holding in sorted(held - self._gains.keys()):
            person, role = holding
            gain = RoleGain(
                person=person, role=role, gained_at_unix=now_unix, founding=is_founding
            )
            self._gains[holding] = self._unsaved[holding] = gain
            self._add_note(holding, "founding" if is_founding else "gained", by)
        for holding in sorted(self._gains.keys() - held):
            del self._gains[holding]
            self._unsaved[holding] = None
            self._add_note(holding, "lost", by)
        await self.save()
        await self._notes.flush()

    async def save(self) -> None:
        """Keep what could not be kept before; until then a restart counts from the restart."""
        waiting = dict(self._unsaved)
        if not waiting:
            return
        gained = [gain for gain in waiting.values() if gain is not None]
        # what was lost and gained again since begins anew
        lost = list(waiting)
        try:
            await asyncio.to_thread(self._state.change_gains, gained, lost)
        except Fault:
            return
        for holding, gain in waiting.items():
            if self._unsaved.get(holding) is gain:
                self._unsaved.pop(holding, None)

    def get_gained_at(self, person: PersonId, role: Role) -> int | None:
        """When the person gained the role, in unix seconds; ``None`` for a founding one.

        Somebody who does not hold it would gain it now.
        """
        gain = self._gains.get((person, role))
        if gain is None:
            return self._clock.unix_ns() // 1_000_000_000
        return None if gain.founding else gain.gained_at_unix

    def is_settled(self, person: PersonId, role: Role) -> bool:
        """Whether the person has held the role long enough to vote with it."""
        gained_at = self.get_gained_at(person, role)
        now_unix = self._clock.unix_ns() // 1_000_000_000
        return gained_at is None or now_unix - gained_at >= WAIT_SECONDS

    def settle(self, principal: Principal) -> Principal:
        """The principal with those roles alone that can vote."""
        person = principal.person
        if person is None:
            return principal
        settled = frozenset(role for role in principal.roles if self.is_settled(person, role))
        return replace(principal, roles=settled)

    def _add_note(self, holding: _Holding, what: str, by: str) -> None:
        person, role = holding
        facts = {"role": role.value, "what": what}
        self._notes.add(NoteKind.ROLE_CHANGED, facts, by=by, personal={"person": person})


def list_holdings(configuration: Configuration) -> set[_Holding]:
    """Every (person, role) that is held now, by active people; deputies on any day."""
    organisation, people = configuration.organisation, configuration.people
    held = {
        (person.id, role)
        for role in organisation.roles
        for person in organisation.list_holders(role, people)
    }
    for role, assignment in organisation.roles.items():
        deputy = assignment.deputy
        if deputy is not None and people.get_active(deputy.person) is not None:
            held.add((deputy.person, role))
    return held

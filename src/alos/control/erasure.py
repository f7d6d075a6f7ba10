"""Erasure on request: of one person, or of one call's bodies.

Personal values and bodies go; the hashes of every entry stay as they were, so each proof still
verifies. What is on legal hold stays, and the answer says how much that is.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from alos.control.change_notes import ChangeNotes
from alos.control.legal_holds import LegalHolds
from alos.control.refused import ChangeRefused
from alos.control.stored_bodies import get_references, list_calls, list_held_calls
from alos.domain.erasure import Erasure, ErasureOrder
from alos.domain.ids import BodyReference, CallId, PersonId, WriterId
from alos.domain.legal_hold import HoldKind
from alos.domain.record import NoteKind
from alos.domain.vault import ErasedBodies
from alos.ports.call_store import CallQuery, CallRow, CallStore
from alos.ports.clock import Clock
from alos.ports.erasures_due import ErasuresDue
from alos.ports.vault import Vault

_logger = logging.getLogger(__name__)
ErasePersonal = Callable[[PersonId, frozenset[CallId]], Erasure]
"""Erases a person's values in journals and index, but for some calls (blocks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did.

    Attributes:
        calls: calls whose bodies were looked for.
        held_calls: calls that were left as they are, because they are on legal hold.
        records: what was erased in the records; ``None`` for a single call, whose record stays.
        pending: writers of journals of other gateways, which have to do the same yet.
    """

    calls: int
    held_calls: int
    bodies: ErasedBodies = field(default_factory=ErasedBodies)
    records: Erasure | None = None
    pending: tuple[WriterId, ...] = ()


class Erasures:
    """Erases on request.

    Args:
        due: what the gateways of the installation owe each other.
        catch_up: brings the index of calls up to the journals (blocks).
    """

    def __init__(
        self,
        vault: Vault,
        holds: LegalHolds,
        *,
        due: ErasuresDue,
        calls: CallStore,
        clock: Clock,
        notes: ChangeNotes,
        catch_up: Callable[[], object],
        erase_personal: ErasePersonal,
    ) -> None:
        self._vault = vault
        self._holds = holds
        self._due = due
        self._calls = calls
        self._clock = clock
        self._notes = notes
        self._catch_up = catch_up
        self._erase_personal = erase_personal

    async def erase_person(self, person: PersonId, *, request: str, by: str) -> Erased:
        """Erase what is recorded of a person's calls until now.

        Calls that the person makes afterwards are recorded as ever: take their keys first. Other
        gateways are asked to do the same with their own journals and bodies.

        Args:
            person: the directory's id.
            request: what asks for it, e.g. a ticket; it is kept, so it must not name the person.
            by: who does it.

        Raises:
            ChangeRefused: the person is on legal hold.
            StoreDown, VaultDown, OSError: not all of it is certain to be gone; doing it again
                goes on.
        """
        order = ErasureOrder(person, request, by, self._clock.unix_ns())
        async with self._holds.lock:
            await self._check_holds(person)
            pending = await asyncio.to_thread(self._due.ask_others, order)
            return await self._do(order, tuple(pending))

    async def list_pending(self) -> Sequence[tuple[ErasureOrder, WriterId]]:
        """What gateways were asked and have not done yet, by writer of a journal, oldest first.

        Raises:
            StoreDown: it can't be read.
        """
        return await asyncio.to_thread(self._due.list_all)

    async def do_mine(self) -> None:
        """Do what other gateways were asked for; what can't be done now is due the next time.

        Raises:
            StoreDown, VaultDown, OSError: not all of it is certain to be gone.
        """
        for order in await asyncio.to_thread(self._due.list_mine):
            async with self._holds.lock:
                try:
                    await self._check_holds(order.person)
                except ChangeRefused as refused:
                    _logger.warning("an erasure (%s) waits: %s", order.request, refused)
                    continue
                await self._do(order)

    async def _check_holds(self, person: PersonId) -> None:
        await self._holds.load()  # another gateway may have placed one
        for hold in self._holds.in_force:
            if hold.kind is HoldKind.PERSON and hold.target == person:
                raise ChangeRefused(f"the person is on legal hold {hold.id}")

    async def _do(self, order: ErasureOrder, pending: tuple[WriterId, ...] = ()) -> Erased:
        done = replace(await asyncio.to_thread(self._erase_person, order.person), pending=pending)
        await self._note(done, {"what": "person", "request": order.request}, order.by)
        await asyncio.to_thread(self._due.end_mine, order.person)
        return done

    async def erase_call(self, call_id: CallId, *, request: str, by: str) -> Erased:
        """Erase the bodies of one call; its record stays.

        Raises:
            ChangeRefused: there is no such call, or it has no bodies.
            StoreDown, VaultDown: it is not certain to be gone; do it again.
        """
        async with self._holds.lock:
            await self._holds.load()
            row = await asyncio.to_thread(self._get_call, call_id)
            if row is not None and row.elsewhere is not None:
                raise ChangeRefused(f"call {call_id} is another gateway's: erase it there")
            if row is not None:  # another gateway may have placed a hold that is not marked here
                opened_at = row.opened_at_unix_ns
                await asyncio.to_thread(self._holds.mark_span, opened_at, opened_at + 1)
            references = get_references(row.closing if row is not None else None)
            if not references:
                raise ChangeRefused(f"no bodies are kept of call {call_id}")
            bodies = await asyncio.to_thread(self._vault.erase, references.values())
            done = Erased(calls=1, held_calls=int(bodies.held > 0), bodies=bodies)
            await self._note(done, {"what": "call", "call": call_id, "request": request}, by)
            return done

    def _get_call(self, call_id: CallId) -> CallRow | None:
        self._catch_up()
        return self._calls.get_call(call_id)

    def _erase_person(self, person: PersonId) -> Erased:
        self._catch_up()
        spared = frozenset(self._list_held(person))
        rows = [row for row in list_calls(self._calls, CallQuery(person=person)) if row.closing]
        references: list[BodyReference] = []
        for row in rows:
            if row.call_id not in spared:
                references.extend(get_references(row.closing).values())
        bodies = self._vault.erase(references)
        records = self._erase_personal(person, spared)
        return Erased(calls=len(rows), held_calls=len(spared), bodies=bodies, records=records)

    def _list_held(self, person: PersonId) -> Iterator[CallId]:
        for hold in self._holds.in_force:
            for row in list_held_calls(self._calls, hold):
                personal = row.closing.personal if row.closing is not None else ()
                if any((one.name, one.value) == ("principal", person) for one in personal):
                    yield row.call_id

    async def _note(self, done: Erased, facts: dict[str, str], by: str) -> None:
        counted = {
            "calls": str(done.calls),
            "bodies": str(done.bodies.erased),
            "bodies_on_hold": str(done.bodies.held),
            "calls_on_hold": str(done.held_calls),
        }
        if done.records is not None:
            counted["entries"] = str(done.records.entries)
        if done.pending:
            counted["pending"] = " ".join(done.pending)
        self._notes.add(NoteKind.ERASED, {**facts, **counted}, by=by)
        await self._notes.flush()

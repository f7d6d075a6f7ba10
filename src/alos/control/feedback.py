"""Takes what people say of answers; guards of rollouts count what was rejected."""

import asyncio
from collections.abc import Callable

from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.domain.feedback import Feedback
from alos.domain.ids import CallId
from alos.domain.record import ClosingEntry, Fact, NoteKind, Outcome
from alos.ports.clock import Clock
from alos.ports.feedback import FeedbackStore


class FeedbackDesk:
    """One word of feedback for each production call that was answered.

    Args:
        store: where it is kept.
        notes: where it is noted, with who said it.
        catch_up: returns once all calls that have been answered are in the index (blocks).
        clock: of the calls.
    """

    def __init__(
        self,
        store: FeedbackStore,
        notes: ChangeNotes,
        *,
        catch_up: Callable[[], object],
        clock: Clock,
    ) -> None:
        self._store = store
        self._notes = notes
        self._catch_up = catch_up
        self._clock = clock

    async def catch_up(self) -> None:
        """Return once every call that was answered can be found."""
        await asyncio.to_thread(self._catch_up)

    async def give(
        self, call_id: CallId, closing: ClosingEntry | None, *, accepted: bool, by: str
    ) -> Feedback:
        """Keep what somebody says of an answer; the same word again changes nothing.

        Raises:
            ChangeRefused: the call is not of production, has no answer, or has another feedback.
            StoreDown, JournalDown: it was not kept.
        """
        if closing is None or closing.workflow is None or closing.release is None:
            raise ChangeRefused(f"{call_id} has no record of an answer")
        facts = dict(closing.facts)
        if facts.get(Fact.PURPOSE, "production") != "production":
            raise ChangeRefused(f"{call_id} is no call of production")
        if closing.outcome is not Outcome.ANSWERED:
            raise ChangeRefused(f"{call_id} was not answered")
        given = Feedback(
            call_id=call_id,
            workflow=closing.workflow,
            release=closing.release,
            accepted=accepted,
            at_unix_ns=self._clock.unix_ns(),
        )
        known = await asyncio.to_thread(self._store.get, call_id)
        if known is None:
            noted = {"call": call_id, "workflow": closing.workflow, "release": closing.release}
            noted["accepted"] = "yes" if accepted else "no"
            await self._notes.note(NoteKind.FEEDBACK, noted, by=by)
            if await asyncio.to_thread(self._store.add, given):
                return given
            known = await asyncio.to_thread(self._store.get, call_id)
        if known is None or known.accepted != accepted:
            raise ChangeRefused(f"{call_id} has another feedback already")
        return known

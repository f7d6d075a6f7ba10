"""How a call ends: its record is closed exactly once, by refusals, faults and leaving callers too.

Every way out of ``run`` goes through here.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable

from alos.domain.call import Denied
from alos.domain.fault import (
    ClockBehind,
    CountersDown,
    Fault,
    JournalDown,
    ScannerFault,
    StandingStale,
    VaultDown,
)
from alos.domain.money import Usage
from alos.domain.outcome import Outcome as DoorOutcome
from alos.domain.outcome import Refused
from alos.domain.record import Outcome
from alos.domain.refusal import ReasonCode, Refusal
from alos.pipeline.again import Again
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.answer_headers import write_refusal_headers
from alos.pipeline.finish import Finish
from alos.pipeline.progress import Ending, Progress
from alos.pipeline.tally import Tally
from alos.ports.tasks import Tasks

_logger = logging.getLogger(__name__)

_FAULT_CODES: dict[type[Fault], ReasonCode] = {
    JournalDown: ReasonCode.JOURNAL_DOWN,
    CountersDown: ReasonCode.COUNTERS_DOWN,
    ScannerFault: ReasonCode.SCANNER_DOWN,
    VaultDown: ReasonCode.VAULT_DOWN,
    StandingStale: ReasonCode.STANDING_STALE,
    ClockBehind: ReasonCode.CLOCK_BEHIND,
}


class Endings:
    """The ways out of a call; one per pipeline.

    Args:
        status_of: the door's table from reason code to HTTP status, for the record.
    """

    def __init__(
        self,
        finish: Finish,
        again: Again,
        *,
        anonymous: Anonymous,
        tasks: Tasks,
        status_of: Callable[[ReasonCode], int],
    ) -> None:
        self.tally = Tally()
        self._finish = finish
        self._again = again
        self._anonymous = anonymous
        self._tasks = tasks
        self._status_of = status_of

    async def close(self, progress: Progress, ending: Ending) -> int:
        """Close the record; then remember the answer, or free its Idempotency-Key."""
        try:
            cost = await self._finish(progress, ending, progress.rules)
        except BaseException:
            await self._again.let_go(progress)
            raise
        self.tally.note(progress, ending)
        await self._again.settle(progress, ending)
        return cost

    async def close_for_good(self, progress: Progress, ending: Ending) -> int:
        """Close the record in a task of its own, which outlives whoever waits for it.

        Raises:
            Fault: the record is not certain to be on disk, or the money not settled.
        """
        work = self.close(progress, ending)
        name = f"finish {progress.call.id}"
        return await asyncio.shield(self._tasks.complete(work, name=name))

    async def refuse_anonymous(self, progress: Progress, refusal: Refusal) -> DoorOutcome:
        """Refuse somebody without a key of ours; recorded one by one up to a bound."""
        call = progress.call
        if self._anonymous.is_recorded(call.client_address, now_unix_ns=call.received_unix_ns):
            return await self.refuse(progress, refusal)
        return Refused(
            refusal=refusal, call_id=call.id, headers=write_refusal_headers(progress, refusal)
        )

    async def deny(self, progress: Progress, denied: Denied) -> DoorOutcome:
        """Refuse for a stage that said no, and keep what it knew."""
        progress.deny(denied)
        return await self.refuse(progress, denied.refusal)

    async def refuse(
        self,
        progress: Progress,
        refusal: Refusal,
        *,
        usage: Usage | None = None,
        text_characters: int = 0,
    ) -> DoorOutcome:
        """Record a "no" (with what it cost, when an answer is withheld) for the door."""
        ending = Ending(
            outcome=Outcome.REFUSED,
            status=self._status_of(refusal.code),
            reason=refusal.code,
            detail=refusal.detail,
            usage=usage,
            text_characters=text_characters,
        )
        await self.close(progress, ending)
        return Refused(
            refusal=refusal,
            call_id=progress.call.id,
            headers=write_refusal_headers(progress, refusal),
        )

    async def fail(self, progress: Progress, error: Exception) -> DoorOutcome:
        """Refuse because a part of ours broke; record that too, if the journal still can.

        A journal that took no opening may still take a refusal: it keeps a reserve for those.
        """
        refusal = self.explain(progress, error)
        if not progress.is_closed:
            try:
                return await self.refuse(progress, refusal)
            except Fault as second:
                if refusal.code is not ReasonCode.JOURNAL_DOWN:
                    refusal = self.explain(progress, second)
        return Refused(
            refusal=refusal,
            call_id=progress.call.id,
            headers=write_refusal_headers(progress, refusal),
        )

    def explain(self, progress: Progress, error: Exception) -> Refusal:
        """Log where it broke, without the error's own words: they may quote the caller."""
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
        cause = str(error) if isinstance(error, Fault) else type(error).__name__
        _logger.error(
            "call %s failed at %s: %s (%s)", progress.call.id, progress.stage, cause, where
        )
        code = _FAULT_CODES.get(type(error)) if isinstance(error, Fault) else None
        return Refusal(code=code or ReasonCode.FAULT)

    def finish_later(self, progress: Progress, ending: Ending) -> None:
        """Close the record of a caller who is gone, in a task that nobody can cancel."""
        if not progress.is_closed and progress.key is not None:
            progress.is_closed = True
            work = self.close(progress, ending)
            self._tasks.complete(work, name=f"finish {progress.call.id}")

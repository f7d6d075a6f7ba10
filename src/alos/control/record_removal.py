"""The end of ``record_days``: records of whole days go, but for what is on hold.

Before anything goes the ledger says so: up to which leaf, and by which number of days. So what is
missing afterwards is told apart from damage by everybody who checks the ledger.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

from alos.control.change_notes import ChangeNotes
from alos.control.legal_holds import LegalHolds
from alos.control.purge import PURGED_BY
from alos.domain.ids import CallId
from alos.domain.record import NoteKind
from alos.domain.removal import RemovedRecords
from alos.domain.retention import Terms
from alos.ports.clock import Clock, to_datetime
from alos.ports.records import Records

_logger = logging.getLogger(__name__)
_NANOSECONDS: Final = 1_000_000_000


class RecordRemoval:
    """Runs every hour; it does something once a day, or when a hold ended.

    Args:
        terms: the organisation's numbers as they apply now.
    """

    def __init__(
        self,
        records: Records,
        holds: LegalHolds,
        *,
        notes: ChangeNotes,
        clock: Clock,
        terms: Callable[[], Terms],
    ) -> None:
        self._records = records
        self._holds = holds
        self._notes = notes
        self._clock = clock
        self._terms = terms
        self._done: tuple[object, ...] = ()

    async def run(self) -> RemovedRecords:
        """Remove what is over; what can't be removed now is tried again the next time.

        Raises:
            JournalDown: the removal can't be declared, so nothing was removed.
            StoreDown, OSError: it is not known what is on hold, or not all could be removed.
        """
        kept_days = self._terms().retention.record_days
        if kept_days is None:
            return RemovedRecords()
        today = to_datetime(self._clock.unix_ns()).date()
        day = today - timedelta(days=kept_days)
        before = int(datetime.combine(day, time(), tzinfo=UTC).timestamp()) * _NANOSECONDS
        async with self._holds.lock:
            await self._holds.load()
            spared = await asyncio.to_thread(self._holds.list_held, before)
            if self._done == (before, spared):
                return RemovedRecords()
            removed = await self._remove(before, day.isoformat(), kept_days, spared)
            self._done = (before, spared)
        return removed

    async def _remove(
        self, before: int, day: str, kept_days: int, spared: frozenset[CallId]
    ) -> RemovedRecords:
        leaves = await asyncio.to_thread(self._records.count_leaves_before, before)
        if not await asyncio.to_thread(self._records.has_removable, leaves, spared):
            return RemovedRecords()
        facts = {
            "day": day,
            "kept_days": str(kept_days),
            "leaves_before": str(leaves),
            "on_hold": str(len(spared)),
        }
        await self._notes.note(NoteKind.RECORDS_REMOVED, facts, by=PURGED_BY)
        removed = await asyncio.to_thread(self._records.remove, leaves, before, spared)
        _logger.info(
            "retention: %d records and %d rows of before %s removed, %d calls on hold",
            removed.records,
            removed.rows,
            day,
            len(spared),
        )
        return removed

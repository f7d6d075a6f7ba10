"""The end of retention: shelves whose term is over lose their keys, but for what is on hold."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from alos.control.change_notes import ChangeNotes
from alos.control.legal_holds import LegalHolds
from alos.domain.record import NoteKind
from alos.domain.retention import Terms
from alos.domain.vault import ErasedBodies, Shelf
from alos.ports.clock import Clock, to_datetime
from alos.ports.vault import Vault

_logger = logging.getLogger(__name__)
PURGED_BY: Final = "retention"
_NANOSECONDS: Final = 1_000_000_000


class Purge:
    """Runs every hour; doing it twice changes nothing more.

    Args:
        terms: the organisation's numbers as they apply now.
    """

    def __init__(
        self,
        vault: Vault,
        holds: LegalHolds,
        *,
        notes: ChangeNotes,
        clock: Clock,
        terms: Callable[[], Terms],
    ) -> None:
        self._vault = vault
        self._holds = holds
        self._notes = notes
        self._clock = clock
        self._terms = terms

    async def run(self) -> ErasedBodies:
        """Purge what is over; what can't be purged now is tried again the next time.

        Raises:
            StoreDown: what is on hold is not known, so nothing of that shelf was erased.
            VaultDown: the keys can't be read or destroyed.
        """
        async with self._holds.lock:
            await self._holds.load()  # another gateway may have placed one
        terms, today = self._terms(), to_datetime(self._clock.unix_ns()).date()
        done = ErasedBodies()
        for shelf in await asyncio.to_thread(self._vault.list_shelves):
            if terms.is_over(shelf.retention_class, shelf.day, today=today):
                done += await self._purge(shelf, terms)
        return done

    async def _purge(self, shelf: Shelf, terms: Terms) -> ErasedBodies:
        async with self._holds.lock:
            if self._holds.in_force:
                await asyncio.to_thread(self._holds.mark_span, *_get_span(shelf.day))
            purged = await asyncio.to_thread(self._vault.purge, shelf)
        if purged.erased:
            days = terms.get_days(shelf.retention_class)
            self._notes.add(
                NoteKind.BODIES_PURGED,
                {
                    "workspace": shelf.workspace,
                    "class": shelf.retention_class,
                    "day": shelf.day,
                    "kept_days": str(days),
                    "erased": str(purged.erased),
                    "on_hold": str(purged.held),
                },
                by=PURGED_BY,
            )
            await self._notes.flush()
            _logger.info(
                "retention: %d bodies of %s erased, %d on hold",
                purged.erased,
                shelf.day,
                purged.held,
            )
        return purged


def _get_span(day: str) -> tuple[int, int]:
    begin = datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC)
    end = begin + timedelta(days=1)
    return int(begin.timestamp()) * _NANOSECONDS, int(end.timestamp()) * _NANOSECONDS

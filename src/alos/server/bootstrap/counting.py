"""Where this process counts money and requests: alone in its memory, or in shares of the store."""

import asyncio
from dataclasses import dataclass

from alos.counters.memory import MemoryCounters
from alos.counters.shared import SharedCounters
from alos.domain.fault import Fault
from alos.ports.clock import SystemClock, get_month
from alos.ports.tasks import Tasks
from alos.server.bootstrap.past import settle_the_past
from alos.server.folder import Folder
from alos.server.jobs import Jobs
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.shares import StoredShares
from alos.store.shipper import Shipper
from alos.store.spend import get_spend_nanousd

_RENEW_SECONDS = 0.5
_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """The counters of one process.

    Attributes:
        shared: the same ones, where other gateways may count beside this one.
    """

    counters: MemoryCounters | SharedCounters
    shared: SharedCounters | None

    def start_jobs(self, jobs: Jobs) -> None:
        """Give back what is not needed, again and again."""
        if self.shared is not None:
            jobs.every(_RENEW_SECONDS, self.shared.renew, name="renew shares")

    async def close(self) -> None:
        """Give back everything, after the last record; the next start gives what can't be."""
        if self.shared is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.shared.close()
        except (Fault, TimeoutError):
            return


async def begin_counting(
    folder: Folder, journal: FileJournal, shipper: Shipper, store: Store, tasks: Tasks
) -> Counting:
    """Settle what the processes before this one left, and count on from what is spent.

    A file of SQLite has one process; a PostgreSQL database may get a further gateway at any time,
    so there even the only one counts in shares.

    Raises:
        SettingsError: the ledger says otherwise of the folder's birth than the folder does.
        StoreDown: nothing can be counted.
    """
    await settle_the_past(folder, journal, shipper, store)
    clock = SystemClock()
    if store.path is None:

        async def ship() -> None:
            await asyncio.to_thread(shipper.ship_own)

        shares = StoredShares(store, folder.gateway)
        shared = SharedCounters(shares, ship=ship, clock=clock, tasks=tasks)
        await shared.begin()
        return Counting(counters=shared, shared=shared)
    counters = MemoryCounters()
    month = get_month(clock.unix_ns())
    spent = await asyncio.to_thread(get_spend_nanousd, store, month)
    for scope, cost_nanousd in spent.items():
        await counters.add_spent(scope, month=month, cost_nanousd=cost_nanousd)
    return Counting(counters=counters, shared=None)

"""What a start owes to the processes before it."""

import asyncio
import logging

from alos.counters.memory import MemoryCounters
from alos.ports.clock import SystemClock, get_month
from alos.server.folder import Folder
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.shipper import Shipper
from alos.store.spend import get_spend_nanousd
from alos.store.sweeper import sweep_dead_writers

_logger = logging.getLogger(__name__)


async def settle_the_past(
    folder: Folder, journal: FileJournal, shipper: Shipper, store: Store, counters: MemoryCounters
) -> None:
    """Close what dead processes left open, and count what this month has cost so far."""
    clock = SystemClock()
    sweep = await sweep_dead_writers(folder.journal, journal, clock)
    if sweep.settled:
        _logger.warning("%d calls of a dead process closed as unknown", len(sweep.settled))
    for torn in sweep.torn:
        _logger.warning("a torn entry was cut off: %s", torn)
    for damage in sweep.damage:
        _logger.error("the journal is damaged: %s", damage)
    await asyncio.to_thread(shipper.ship_once)
    month = get_month(clock.unix_ns())
    spent = await asyncio.to_thread(get_spend_nanousd, store, month)
    for scope, cost_nanousd in spent.items():
        await counters.add_spent(scope, month=month, cost_nanousd=cost_nanousd)

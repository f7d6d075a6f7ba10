"""What a start owes to the processes before it."""

import asyncio
import logging
from collections.abc import Sequence

from alos.ports.clock import SystemClock
from alos.server.folder import Folder
from alos.server.settings import SettingsError
from alos.store.birth import Birth, list_births, write_birth
from alos.store.claims import StoredClaims
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.noted_ends import restore_revocations, restore_stops
from alos.store.noted_keys import restore_keys
from alos.store.shipper import Shipper
from alos.store.sweeper import sweep_dead_writers

_logger = logging.getLogger(__name__)


async def settle_the_past(
    folder: Folder, journal: FileJournal, shipper: Shipper, store: Store
) -> None:
    """Close what dead processes left open, and bring it into the store.

    A key, a kill switch or a revocation that the journal knows and the store does not holds again.

    Raises:
        SettingsError: the ledger says otherwise of the folder's birth than the folder does.
    """
    clock = SystemClock()
    sweep = await sweep_dead_writers(folder.journal, journal, clock)
    if sweep.settled:
        _logger.warning("%d calls of a dead process closed as unknown", len(sweep.settled))
    for torn in sweep.torn:
        _logger.warning("a torn entry was cut off: %s", torn)
    for damage in sweep.damage:
        _logger.error("the journal is damaged: %s", damage)
    _compare(folder, await asyncio.to_thread(list_births, store))  # or it would ship into it
    await asyncio.to_thread(shipper.ship_once)
    await check_birth(folder, journal, store)
    for stop in await asyncio.to_thread(restore_stops, store):
        _logger.warning("the store had lost the stop of %s %s; it holds", stop.kind, stop.target)
    if lost := await asyncio.to_thread(restore_keys, store):
        _logger.warning("the store had lost %d keys; they are made again by the journal", lost)
    if revoked := await asyncio.to_thread(restore_revocations, store):
        _logger.warning("the store had lost the revocation of %d keys; they are revoked", revoked)


async def open_claims(folder: Folder, store: Store) -> StoredClaims:
    """The Idempotency-Keys; what ran here when a process died is answered by nobody any more.

    Raises:
        StoreDown: they can't be read.
    """
    claims = StoredClaims(store, gateway=folder.gateway)
    await asyncio.to_thread(claims.end_running)
    return claims


async def check_birth(folder: Folder, journal: FileJournal, store: Store) -> None:
    """Hold the folder's word against the ledger's, or have the ledger say it from now on.

    Raises:
        SettingsError: the ledger says that it is another folder, or was born as something else.
        JournalDown, StoreDown: it can't be asked or told.
    """
    known = await asyncio.to_thread(list_births, store)
    if not known:
        mine = Birth(folder.id, folder.dev)
        await journal.note(write_birth(mine, SystemClock().unix_ns()))
    _compare(folder, known)


def _compare(folder: Folder, known: Sequence[Birth]) -> None:
    mine = Birth(folder.id, folder.dev)
    for one in known:
        if one.folder != mine.folder:
            raise SettingsError(
                f"the records in the store are those of another installation ({one.folder}): one"
                " store belongs to one installation; a further gateway of it begins with"
                " `alos join`"
            )
        if one.is_dev != mine.is_dev:
            born = "dev" if one.is_dev else "production"
            raise SettingsError(
                f"{folder.path} says that it was born otherwise than its ledger does ({born}):"
                " somebody changed its birth; put folder.json back from a backup"
            )

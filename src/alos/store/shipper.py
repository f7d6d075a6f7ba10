"""Brings durable entries from the journals into the index, each exactly once.

The cursor of a journal moves in the transaction that writes its rows, so a crash anywhere
repeats nothing and loses nothing. While the store is down the entries wait in the journals.
Each process ships its own journals and those of dead writers; never those of other living ones.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from alos.domain.fault import StoreDown
from alos.domain.ids import WriterId
from alos.ledger.encoding import CLOSING, OPENING, EntryValues
from alos.ports.clock import Clock
from alos.store.engine import Store
from alos.store.folder import claim_dead_writer, list_unsettled, list_writers
from alos.store.frame import Frame
from alos.store.journal_reader import Damage, JournalReader, Position
from alos.store.ledger_inbox import put_in_inbox
from alos.store.rows import Row, to_closing_row, to_note_row, to_opening_row
from alos.store.tables import calls, journal_damage, notes, ship_cursors
from alos.store.upsert import upsert

_logger = logging.getLogger(__name__)
_OPENING_COLUMNS: Final = ("opening_writer", "opening_sequence", "ceiling_nanousd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """What one round brought in."""

    entries: int
    damage: tuple[Damage, ...]


class Shipper:
    """Ships from one journal folder into one store.

    Args:
        durable: last durable sequence of each writer that lives in this process.
        batch_entries: entries in one transaction.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        clock: Clock,
        durable: Callable[[], Mapping[WriterId, int]],
        batch_entries: int = 1000,
    ) -> None:
        self.shipped = 0
        self._store = store
        self._folder = folder
        self._clock = clock
        self._durable = durable
        self._batch_entries = batch_entries

    async def run(self, *, interval_seconds: float = 0.2) -> None:
        """Ship for ever, in a thread; a store that is down is tried again."""
        is_down = False
        while True:
            try:
                shipment = await asyncio.to_thread(self.ship_once)
            except StoreDown as error:
                if not is_down:
                    _logger.error("%s; entries wait in the journal", error)  # noqa: TRY400
                is_down = True
            else:
                if is_down:
                    _logger.warning("the store is back, %d entries shipped", shipment.entries)
                is_down = False
                for damage in shipment.damage:
                    _logger.error("the journal is damaged: %s", damage)
            await asyncio.sleep(interval_seconds)

    def ship_once(self) -> Shipment:
        """Ship all that is durable now (blocks).

        Raises:
            StoreDown: what was not shipped stays where it is.
        """
        self._store.ensure()
        entries = 0
        damage: list[Damage] = []
        own = dict(self._durable())
        with self._store.read() as connection:
            done = set(
                connection.scalars(select(ship_cursors.c.writer).where(ship_cursors.c.is_done))
            )
        for writer in list_writers(self._folder):
            if writer in done or not (writer in own or self._is_dead(writer)):
                continue
            entries += self._ship_writer(writer, own.get(writer), damage)
        self.shipped += entries
        return Shipment(entries=entries, damage=tuple(damage))

    def _is_dead(self, writer: WriterId) -> bool:
        if writer not in list_unsettled(self._folder):
            return True
        with claim_dead_writer(self._folder, writer) as is_claimed:
            return is_claimed

    def _ship_writer(self, writer: WriterId, up_to: int | None, damage: list[Damage]) -> int:
        entries = 0
        while True:
            with self._store.write() as connection:
                position = _get_position(connection, writer)
                if up_to is not None and position.sequence > up_to:
                    return entries
                reader = JournalReader(self._folder, writer, position, up_to=up_to)
                batch = list(islice(reader.iterate_values(), self._batch_entries))
                is_last = len(batch) < self._batch_entries
                if batch or reader.damage or (is_last and up_to is None):
                    is_done = is_last and up_to is None and reader.torn is None
                    _put_batch(connection, batch, self._clock.unix_ns())
                    put_in_inbox(connection, batch)
                    _put_damage(connection, reader.damage)
                    _put_position(connection, writer, reader.position, is_done=is_done)
            entries += len(batch)
            damage += reader.damage
            if is_last:
                return entries


def _put_batch(
    connection: Connection,
    batch: Iterable[tuple[Frame, EntryValues]],
    arrived_at_unix_ns: int,
) -> None:
    opened: dict[str, Row] = {}
    closed: list[Row] = []
    noted: list[Row] = []
    for frame, entry in batch:
        if entry.kind == OPENING:
            opened[entry.values["call_id"]] = to_opening_row(entry, arrived_at_unix_ns)
        elif entry.kind == CLOSING:
            opening = opened.pop(entry.values["call_id"], None)
            closed.append(to_closing_row(entry, frame.hash, opening, arrived_at_unix_ns))
        else:
            noted.append(to_note_row(entry, frame.hash))
    if opened:
        upsert(connection, calls, list(opened.values()), replace=_OPENING_COLUMNS)
    if closed:
        upsert(connection, calls, closed, replace=tuple(closed[0]), keep=_OPENING_COLUMNS)
    upsert(connection, notes, noted)


def _put_damage(connection: Connection, damage: Iterable[Damage]) -> None:
    rows = [{"file": one.path.name, "byte_offset": one.offset, "why": one.why} for one in damage]
    if rows:
        upsert(connection, journal_damage, rows)


def _get_position(connection: Connection, writer: WriterId) -> Position:
    row = connection.execute(
        select(ship_cursors).where(ship_cursors.c.writer == writer)
    ).one_or_none()
    if row is None:
        return Position()
    return Position(row.number, row.byte_offset, row.sequence, row.hash)


def _put_position(
    connection: Connection, writer: WriterId, position: Position, *, is_done: bool
) -> None:
    row = {
        "writer": writer,
        "number": position.number,
        "byte_offset": position.offset,
        "sequence": position.sequence,
        "hash": position.hash,
        "is_done": is_done,
    }
    upsert(connection, ship_cursors, [row], replace=tuple(row))

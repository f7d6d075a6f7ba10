"""Brings durable entries from the journals into the index, each exactly once.

The cursor of a journal moves in the transaction that writes its rows, so a crash anywhere
repeats nothing and loses nothing. While the store is down the entries wait in the journals.
Each process ships its own journals and those of dead writers; never those of other living ones.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection, select

from alos.domain.fault import StoreDown
from alos.domain.ids import WriterId
from alos.ports.clock import Clock
from alos.store.engine import Store
from alos.store.folder import claim_dead_writer, list_unsettled, list_writers, segment_path
from alos.store.ingest import Ingest
from alos.store.journal_batch import RawEntry, ReadBatch, read_batch
from alos.store.journal_reader import Damage, Position
from alos.store.ledger_inbox import put_in_inbox, put_removed_in_inbox
from alos.store.tables import journal_damage, journal_writers
from alos.store.upsert import upsert

_logger = logging.getLogger(__name__)
HandOn = Callable[[Connection, Sequence[RawEntry]], None]
_LOOK_ROUND_SECONDS: Final = 10.0
"""How often a running shipper looks for journals of writers that died meanwhile."""


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
        hand_on: is given each batch in the transaction that ships it; the ledger's inbox.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        clock: Clock,
        durable: Callable[[], Mapping[WriterId, int]],
        batch_entries: int = 4000,
        hand_on: HandOn = put_in_inbox,
    ) -> None:
        self.shipped = 0
        self._store = store
        self._folder = folder
        self._clock = clock
        self._durable = durable
        self._batch_entries = batch_entries
        self._hand_on = hand_on
        self._reached: dict[WriterId, int] = {}
        self._turn = threading.Lock()
        self._days: set[int] = set()

    async def run(self, *, interval_seconds: float = 0.5) -> None:
        """Ship for ever, in a thread; a store that is down is tried again."""
        is_down = False
        look_round_at = 0.0
        while True:
            is_round = is_down or monotonic() >= look_round_at
            try:
                shipment = await asyncio.to_thread(self.ship_once if is_round else self.ship_own)
            except StoreDown as error:
                if not is_down:
                    _logger.error("%s; entries wait in the journal", error)  # noqa: TRY400
                is_down = True
            else:
                if is_round:
                    look_round_at = monotonic() + _LOOK_ROUND_SECONDS
                if is_down:
                    _logger.warning("the store is back, %d entries shipped", shipment.entries)
                is_down = False
                for damage in shipment.damage:
                    _logger.error("the journal is damaged: %s", damage)
            await asyncio.sleep(interval_seconds)

    def ship_own(self) -> Shipment:
        """Ship what is durable of the writers of this process (blocks).

        Raises:
            StoreDown: what was not shipped stays where it is.
        """
        self._store.ensure()
        return self._ship(dict(self._durable()))

    def ship_once(self) -> Shipment:
        """Ship all that is durable now, that of dead writers too (blocks).

        Raises:
            StoreDown: what was not shipped stays where it is.
        """
        self._store.ensure()
        own: dict[WriterId, int | None] = dict(self._durable())
        with self._store.read() as connection:
            columns = journal_writers.c
            done = set(connection.scalars(select(columns.writer).where(columns.is_done)))
        writers = {
            writer: own.get(writer)
            for writer in list_writers(self._folder)
            if writer not in done and (writer in own or self._is_dead(writer))
        }
        return self._ship(writers)

    def _ship(self, writers: Mapping[WriterId, int | None]) -> Shipment:
        with self._turn:
            return self._ship_in_turn(writers)

    def _ship_in_turn(self, writers: Mapping[WriterId, int | None]) -> Shipment:
        entries = 0
        damage: list[Damage] = []
        for writer, up_to in writers.items():
            if up_to is None or self._reached.get(writer, -1) < up_to:
                try:
                    entries += self._ship_writer(writer, up_to, damage)
                except BaseException:
                    self._days.clear()
                    raise
                if up_to is not None:
                    self._reached[writer] = up_to
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
            with self._store.ingest() as connection:
                position = _get_position(connection, writer)
                if up_to is not None and position.sequence > up_to:
                    return entries
                batch = read_batch(
                    self._folder, writer, position, up_to=up_to, limit=self._batch_entries
                )
                self._put(connection, writer, batch, is_dead=up_to is None)
            entries += len(batch.entries)
            damage += batch.damage
            if batch.is_end:
                return entries

    def _put(
        self,
        connection: Connection,
        writer: WriterId,
        batch: ReadBatch,
        *,
        is_dead: bool,
    ) -> None:
        def note_malformed(entry: RawEntry, why: str) -> None:
            path = segment_path(self._folder, writer, entry.segment)
            batch.damage.append(Damage(path, entry.offset, why))

        arrived_at = 0
        if batch.entries:
            ingest = Ingest(
                connection,
                unix_ns=self._clock.unix_ns(),
                on_malformed=note_malformed,
                days=self._days,
            )
            ingest.put(batch.entries)
            arrived_at = ingest.arrived_at_unix_ns
            if not batch.removed:
                self._hand_on(connection, batch.entries)
        if batch.removed:  # the store is made again from journals with a past
            put_removed_in_inbox(connection, writer, batch.entries, batch.removed)
        _put_damage(connection, batch.damage)
        is_done = is_dead and batch.is_end and batch.torn is None
        _put_position(connection, writer, batch.position, arrived_at, is_done=is_done)


def _put_damage(connection: Connection, damage: Iterable[Damage]) -> None:
    rows = [{"file": one.path.name, "byte_offset": one.offset, "why": one.why} for one in damage]
    if rows:
        upsert(connection, journal_damage, rows)


def _get_position(connection: Connection, writer: WriterId) -> Position:
    statement = select(journal_writers).where(journal_writers.c.writer == writer)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return Position()
    return Position(row.segment, row.byte_offset, row.sequence, row.hash)


def _put_position(
    connection: Connection,
    writer: WriterId,
    position: Position,
    arrived_at: int,
    *,
    is_done: bool,
) -> None:
    row: dict[str, Any] = {
        "writer": writer,
        "segment": position.number,
        "byte_offset": position.offset,
        "sequence": position.sequence,
        "hash": position.hash,
        "is_done": is_done,
    }
    if arrived_at:
        row["arrived_at_unix_ns"] = arrived_at
    upsert(connection, journal_writers, [row], replace=tuple(row))

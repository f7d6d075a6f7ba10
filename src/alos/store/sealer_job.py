"""Keeps the ledger sealed for as long as the process lives, and says what is missing.

Gaps, silent writers and new keys are entries themselves: the job notes them in this process's
journal, from where they come back into the tree.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Row, and_, exists, select, update

from alos.domain.fault import Fault
from alos.domain.record import NoteEntry, NoteKind
from alos.ledger.keys import KeyChange
from alos.ledger.note import VerifyKey
from alos.ports.clock import Clock
from alos.store.engine import Store
from alos.store.ledger_tables import ledger_gaps, ledger_writers
from alos.store.ledger_witness import WitnessFailedError
from alos.store.sealer import Sealer, add_gaps
from alos.store.sealer_batch import SILENT, NewGap, TreeBrokenError
from alos.store.tables import notes

_logger = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.8
"""Less than a second, so that a checkpoint is never older than one under load."""
HEARTBEAT_SECONDS: Final = 30.0
SILENT_SECONDS: Final = 100.0
WITNESS_SECONDS: Final = 60.0

TakeNote = Callable[[NoteEntry], Awaitable[None]]


class Witness(Protocol):
    """A place outside this installation that keeps checkpoints."""

    def keep(self, notes: Sequence[str]) -> None:
        """Keep signed notes (blocks).

        Raises:
            WitnessFailedError: they are not kept; they are offered again.
        """


class SealerJob:
    """Runs one sealer.

    Args:
        note: puts an entry into this process's journal.
        change: how the signing key came to be; announced once.
    """

    def __init__(
        self,
        sealer: Sealer,
        store: Store,
        *,
        clock: Clock,
        note: TakeNote,
        change: KeyChange,
        witness: Witness | None = None,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._sealer = sealer
        self._store = store
        self._clock = clock
        self._note = note
        self._change = change
        self._witness = witness
        self._silent_ns = int(silent_seconds * 1e9)
        self._unwitnessed: list[str] = []
        self._witness_at_ns = 0
        self._is_announced = False
        self._failing = ""

    async def run(self, *, interval_seconds: float = INTERVAL_SECONDS) -> None:
        """Seal for ever; what fails is tried again, and said once."""
        while True:
            try:
                await self.step()
            except (Fault, TreeBrokenError, WitnessFailedError, OSError) as error:
                if self._failing != str(error):
                    _logger.error("the ledger is not sealed: %s", error)  # noqa: TRY400
                self._failing = str(error)
            else:
                if self._failing:
                    _logger.warning("the ledger is sealed again")
                self._failing = ""
            await asyncio.sleep(interval_seconds)

    async def step(self) -> None:
        """One round: announce the key, seal, note gaps, tell the witness.

        Raises:
            Fault, TreeBrokenError, WitnessFailedError, OSError: the rest waits for the next one.
        """
        await self._announce()
        sealed = await asyncio.to_thread(self._sealer.seal_once)
        if sealed.checkpoints:
            self._unwitnessed = [*self._unwitnessed, sealed.checkpoints[-1]]
            await asyncio.to_thread(self._find_silent)
        await self._note_gaps()
        await self._tell_witness()

    def close(self) -> None:
        """Seal what is left and give the lease back (blocks)."""
        try:
            sealed = self._sealer.seal_once()
            self._sealer.release()
            if self._witness is not None and (sealed.checkpoints or self._unwitnessed):
                self._witness.keep([*self._unwitnessed, *sealed.checkpoints[-1:]])
        except (Fault, TreeBrokenError, WitnessFailedError, OSError) as error:
            _logger.warning("the next start seals what is left: %s", error)

    async def beat(self) -> None:
        """Note that this process lives; without it an idle writer counts as silent.

        Raises:
            JournalDown: the journal says so itself.
        """
        await self._note(
            NoteEntry(kind=NoteKind.HEARTBEAT, at_unix_ns=self._clock.unix_ns(), facts=())
        )

    async def _announce(self) -> None:
        if self._is_announced:
            return
        if self._change.key not in await asyncio.to_thread(list_announced, self._store):
            await self._note(self._write(NoteKind.LEDGER_KEY, self._change.to_facts()))
        self._is_announced = True

    def _find_silent(self) -> None:
        now = self._clock.unix_ns()
        columns = ledger_writers.c
        said_goodbye = exists().where(
            and_(notes.c.writer == columns.writer, notes.c.kind == NoteKind.WRITER_CLOSED.value)
        )
        overdue = (
            columns.seen_at_unix_ns < now - self._silent_ns,
            columns.is_silent.is_(False),
            ~said_goodbye,
        )
        with self._store.read() as connection:
            if connection.scalar(select(columns.number).where(*overdue).limit(1)) is None:
                return
        with self._store.write() as connection:
            rows = connection.execute(select(ledger_writers).where(*overdue)).all()
            gaps = [NewGap(row.writer, row.next_sequence, None, SILENT) for row in rows]
            add_gaps(connection, gaps, now)
            connection.execute(
                update(ledger_writers)
                .where(columns.number.in_([row.number for row in rows]))
                .values(is_silent=True)
            )

    async def _note_gaps(self) -> None:
        for gap in await asyncio.to_thread(self._list_unnoted):
            facts = {
                "cause": gap.why,
                "writer": gap.writer,
                "first_sequence": str(gap.first_sequence),
            }
            if gap.last_sequence is not None:
                facts["last_sequence"] = str(gap.last_sequence)
            await self._note(self._write(NoteKind.GAP, facts))
            await asyncio.to_thread(self._mark_noted, gap)

    def _list_unnoted(self) -> Sequence[Row[Any]]:
        with self._store.read() as connection:
            statement = select(ledger_gaps).where(ledger_gaps.c.is_noted.is_(False))
            rows = connection.execute(statement).all()
        return rows if rows and self._sealer.may_note() else ()

    def _mark_noted(self, gap: Row[Any]) -> None:
        columns = ledger_gaps.c
        with self._store.write() as connection:
            connection.execute(
                update(ledger_gaps)
                .where(columns.writer == gap.writer, columns.first_sequence == gap.first_sequence)
                .values(is_noted=True)
            )

    async def _tell_witness(self) -> None:
        now = self._clock.monotonic_ns()
        if self._witness is None or not self._unwitnessed or now < self._witness_at_ns:
            return
        self._witness_at_ns = now + int(WITNESS_SECONDS * 1e9)
        told = self._unwitnessed
        await asyncio.to_thread(self._witness.keep, told)
        self._unwitnessed = self._unwitnessed[len(told) :]

    def _write(self, kind: NoteKind, facts: dict[str, str]) -> NoteEntry:
        return NoteEntry(
            kind=kind, at_unix_ns=self._clock.unix_ns(), facts=tuple(sorted(facts.items()))
        )


def list_announced(store: Store) -> set[VerifyKey]:
    """Keys that a note in the index announces.

    Raises:
        StoreDown: the index can't be read.
    """
    return {change.key for change in list_changes(store)}


def list_changes(store: Store) -> list[KeyChange]:
    """Announcements of keys, oldest first; unreadable ones are left out.

    Raises:
        StoreDown: the index can't be read.
    """
    with store.read() as connection:
        rows = connection.execute(
            select(notes.c.facts)
            .where(notes.c.kind == NoteKind.LEDGER_KEY.value)
            .order_by(notes.c.at_unix_ns)
        ).scalars()
        found = []
        for facts in rows:
            try:
                found.append(KeyChange.from_facts(facts))
            except ValueError:
                _logger.warning("a note that announces a key can't be read")
        return found

"""The journal of one gateway process: an append-only file, made durable by group commit.

Openings go straight into the page cache. Closings and notes wait, not yet encoded, while the
batch before them is synced; then all of them are sealed in one go, written in one call and handed
to the writer thread, and each caller's own future is answered. One batch is under way at a time,
so under load batches grow by themselves and neither thread wakes the other more than once each.

Three states, and only the journal itself moves between them::

    UP ──disk full──▶ LOW ──still full──▶ DOWN ──new writer + GAP note──▶ UP
     │                 └──space again──▶ UP       ▲
     └──any other error, or a failed fsync────────┘

LOW lives on the disk reserve: no new calls, but refusals of authenticated callers and the
closings of running calls are still recorded. DOWN refuses everything. After a failure nothing
more is written to the same files: a later fsync that succeeds says nothing about the bytes that
an earlier one lost.
"""

import asyncio
import errno
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from alos.domain.fault import JournalDown
from alos.domain.ids import CallId, WriterId
from alos.domain.record import (
    ClosingEntry,
    Entry,
    NoteEntry,
    NoteKind,
    OpeningEntry,
)
from alos.ledger.note import SigningKey
from alos.ledger.tree import hash_entry
from alos.ports.clock import Clock
from alos.store.folder import list_segments, mark_settled
from alos.store.group_commit import Batch, GroupCommit, Promise, Waiting
from alos.store.journal_reader import get_last_time
from alos.store.journal_state import (
    Gap,
    JournalMetrics,
    JournalSettings,
    JournalState,
    to_unrecorded,
)
from alos.store.journal_upkeep import Upkeep, prepare_folder
from alos.store.live_writer import Disk, LiveWriter

__all__ = ["FileJournal", "JournalMetrics", "JournalSettings", "JournalState"]

_logger = logging.getLogger(__name__)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileJournal:
    """The :class:`alos.ports.journal.Journal` on local files; make one with :meth:`start`."""

    def __init__(
        self,
        folder: Path,
        live: LiveWriter,
        *,
        clock: Clock,
        settings: JournalSettings,
        disk: Disk,
        key: SigningKey | None,
    ) -> None:
        self.metrics = JournalMetrics()
        self.state = JournalState.UP
        self._folder = folder
        self._live = live
        self._lives = [live]
        self._clock = clock
        self._settings = settings
        self._key = key
        self._leaves: list[tuple[str, bytes]] = []
        self._write_bytes = disk.write
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Waiting] = []
        self._under_way = 0
        self._opened: dict[CallId, tuple[OpeningEntry, WriterId, int]] = {}
        self._lost: list[OpeningEntry] = []
        self._unwritten: dict[CallId, ClosingEntry] = {}
        self._gap: Gap | None = None
        self._durable: dict[WriterId, int] = {live.writer: live.durable.sequence}
        self._commit = GroupCommit(
            loop=self._loop,
            disk=disk,
            clock=clock,
            on_synced=self._on_synced,
            on_failed=self._on_failed,
            on_tick=self._on_tick,
            tick_seconds=settings.tick_seconds,
        )
        self._upkeep = Upkeep(
            folder,
            disk=disk,
            clock=clock,
            reserve_bytes=settings.reserve_bytes,
            floor_bytes=settings.anonymous_floor_bytes,
        )

    @classmethod
    async def start(
        cls,
        folder: Path,
        *,
        clock: Clock,
        settings: JournalSettings | None = None,
        disk: Disk | None = None,
        key: SigningKey | None = None,
    ) -> "FileJournal":
        """Begin a new writer in ``folder``, which is created when missing.

        Args:
            folder: of the journals.
            clock: of the process.
            settings: how large, how often.
            disk: the machine's, unless a test breaks it.
            key: the ledger's; signs one receipt root for each group commit, ``None`` for none.

        Raises:
            ClockBehind: the clock is behind the last entry in the folder.
            OSError: the disk refuses.
        """
        settings, disk = settings or JournalSettings(), disk or Disk()
        live = await asyncio.to_thread(
            prepare_folder, folder, clock.unix_ns(), disk, settings.reserve_bytes
        )
        journal = cls(folder, live, clock=clock, settings=settings, disk=disk, key=key)
        journal._commit.start()
        return journal

    async def stop(self) -> None:
        """Write that the writer closed, sync, and let go of the files."""
        note = NoteEntry(
            kind=NoteKind.WRITER_CLOSED,
            at_unix_ns=self._clock.unix_ns(),
            facts=(("open_calls", str(len(self._opened))),),
        )
        try:
            await self.note(note)
        except JournalDown:
            _logger.warning("the journal stops while it is down")
        is_settled = self.state is not JournalState.DOWN and not self._opened
        self.state = JournalState.DOWN
        await asyncio.to_thread(self._let_go, is_settled=is_settled)

    @property
    def writer(self) -> WriterId:
        """The writer that entries go to now."""
        return self._live.writer

    @property
    def durable(self) -> Mapping[WriterId, int]:
        """For each writer of this process the last sequence that is on disk."""
        return self._durable

    def open(self, entry: OpeningEntry) -> None:
        """Append an opening; on return it survives a killed process.

        Raises:
            JournalDown: it was not written.
        """
        if self.state is not JournalState.UP:
            raise self._refuse(entry)
        live = self._live
        sequence = live.sequence
        self._write(live.seal(entry))
        self._opened[entry.call_id] = (entry, live.writer, sequence)
        self.metrics.appended += 1

    async def close(self, entry: ClosingEntry) -> str | None:
        """Append a closing; on return it is on disk. Cancellation does not undo the append.

        Returns:
            The call's receipt; ``None`` where the journal has no key.

        Raises:
            JournalDown: it is not certain to be on disk.
        """
        return await self._append(entry)

    async def note(self, entry: NoteEntry) -> None:
        """Append a note; on return it is on disk.

        Raises:
            JournalDown: it is not certain to be on disk.
        """
        await self._append(entry)

    def _append(self, entry: ClosingEntry | NoteEntry) -> asyncio.Future[str | None]:
        if (self.state is not JournalState.UP or self._upkeep.is_short) and not self._takes(entry):
            raise self._refuse(entry)
        future: asyncio.Future[str | None] = self._loop.create_future()
        if not (self._waiting or self._under_way):
            self._loop.call_soon(self._flush)
        self._waiting.append((future, entry))
        return future

    def _takes(self, entry: ClosingEntry | NoteEntry) -> bool:
        if self.state is JournalState.DOWN:
            return False
        if isinstance(entry, ClosingEntry):
            return entry.key_id is not None
        return entry.kind is not NoteKind.ANONYMOUS

    def _flush(self) -> None:
        """Write what waits and have it synced, unless a batch is under way."""
        if self._under_way or self.state is JournalState.DOWN or not self._write_waiting():
            return
        live = self._live
        is_full = live.spare is not None and live.offset >= self._settings.segment_bytes
        waiting, self._waiting = self._waiting, []
        self._under_way += 1
        promise = self._take_promise()
        self._commit.hand_over(Batch(live, live.fd, live.mark(), waiting, promise, is_full))
        if is_full:
            _, header = live.turn_to_spare()
            try:
                self._write(header)
            except JournalDown:
                _logger.exception("no new segment")

    def _take_promise(self) -> Promise | None:
        if not self._leaves or self._key is None:
            return None
        leaves, self._leaves = self._leaves, []
        return Promise(self._key, self._live.writer, leaves)

    def _write_waiting(self) -> bool:
        if self._waiting:
            frames = self._seal_waiting()
            try:
                self._write(b"".join(frames))
            except JournalDown:
                return False
            self.metrics.appended += len(frames)
        return True

    def _seal_waiting(self) -> list[bytes]:
        live, seal = self._live, self._live.seal
        self._leaves = []
        frames: list[bytes] = []
        for waiting in tuple(self._waiting):
            try:
                frames.append(seal(waiting[1]))
                if self._key is not None and type(waiting[1]) is ClosingEntry:
                    self._leaves.append((waiting[1].call_id, hash_entry(live.chained)))
            except (ValueError, TypeError, OverflowError) as error:  # its own fault, its own end
                self._waiting.remove(waiting)
                if not waiting[0].done():
                    waiting[0].set_exception(error)
        return frames

    def _write(self, data: bytes) -> None:
        live = self._live
        try:
            written = self._write_bytes(live.fd, data)
        except OSError as error:
            self._write_rest(data, 0, error)
        else:
            if written != len(data):
                self._write_rest(data, written, None)
        live.offset += len(data)
        live.written = live.sequence - 1

    def _write_rest(self, data: bytes, written: int, problem: OSError | None) -> None:
        view = memoryview(data)
        while written < len(data):
            if problem is not None and not self._make_room(problem):
                self._live.cut_back()
                self._go_down(problem)
                raise JournalDown("the journal can't be written") from problem
            problem = None
            try:
                step = self._write_bytes(self._live.fd, view[written:])
            except OSError as error:
                problem = error
            else:
                written += step
                problem = None if step else OSError(errno.EIO, "nothing was written")

    def _make_room(self, problem: OSError) -> bool:
        if problem.errno not in _FULL or self.state is not JournalState.UP:
            return False
        if not self._upkeep.reserve.release():
            return False
        _logger.error("the journal's disk is full: new calls are refused, the reserve is in use")
        self.state = JournalState.LOW
        return True

    def _refuse(self, entry: Entry) -> JournalDown:
        self.metrics.refused += 1
        if self._gap is not None:
            self._gap.refused += 1
        if isinstance(entry, ClosingEntry) and entry.call_id in self._opened:
            self._unwritten[entry.call_id] = entry
        return JournalDown(f"the journal is {self.state} and does not take this entry")

    def _on_synced(self, batches: list[Batch]) -> None:
        self._end_round(batches)
        metrics = self.metrics
        metrics.sync_rounds += 1
        for batch in batches:
            metrics.synced += batch.end.sequence - self._durable[batch.live.writer]
            self._durable[batch.live.writer] = batch.end.sequence
            self._answer(batch)

    def _answer(self, batch: Batch) -> None:
        closings = 0
        for future, entry in batch.waiting:
            receipt = None
            if type(entry) is ClosingEntry:
                self._opened.pop(entry.call_id, None)
                if batch.promise is not None:
                    receipt = batch.promise.write(closings)
                closings += 1
            if not future.done():
                future.set_result(receipt)

    def _end_round(self, batches: list[Batch]) -> None:
        self._under_way -= len(batches)
        if self._waiting:
            self._loop.call_soon(self._flush)

    def _on_failed(self, batches: list[Batch], error: OSError) -> None:
        self._end_round(batches)
        if batches[-1].live is self._live:
            self._go_down(error)
        for batch in batches:
            self._fail(batch.waiting)

    def _go_down(self, error: OSError) -> None:
        if self.state is not JournalState.DOWN:
            _logger.error("the journal is down: %s", error.strerror or error)
            self.state = JournalState.DOWN
            cause = errno.errorcode.get(error.errno or 0, "OSError")
            if self._gap is None:
                self._gap = Gap(self._clock.unix_ns(), cause, self.writer)
            self._upkeep.failed = (self._live, cause)
        waiting, self._waiting = self._waiting, []
        self._fail(waiting)

    def _fail(self, waiting: list[Waiting]) -> None:
        for future, entry in waiting:
            refusal = self._refuse(entry)
            if not future.done():
                future.set_exception(refusal)

    def _on_tick(self) -> None:
        """Runs on the writer thread."""
        if self.state is JournalState.DOWN:
            born = self._upkeep.recover() if self._commit.is_idle else None
            if born is not None:
                kept, fresh = born
                self._commit.post(lambda: self._come_back(fresh, kept))
            return
        live = self._live
        if live.spare is None and live.offset * 2 >= self._settings.segment_bytes:
            self._upkeep.add_spare(live)
        if self._upkeep.look_at_space(refill=self.state is JournalState.LOW):
            self._commit.post(self._leave_low)
        if live.written > live.durable.sequence:
            self._commit.post(self._sync_openings)

    def _sync_openings(self) -> None:
        if self.state is not JournalState.DOWN:
            self._flush()

    def _leave_low(self) -> None:
        if self.state is JournalState.LOW:
            _logger.warning("the journal's disk has room again")
            self.state = JournalState.UP

    def _come_back(self, live: LiveWriter, kept_sequence: int) -> None:
        failed, self._live = self._live, live
        self._lives.append(live)
        self._durable[live.writer] = live.durable.sequence
        self._durable[failed.writer] = kept_sequence
        self.state = JournalState.UP
        self.metrics.gaps += 1
        self._lost += [
            entry
            for entry, writer, sequence in self._opened.values()
            if writer == failed.writer and sequence > kept_sequence
        ]
        gap, self._gap = self._gap, None
        assert gap is not None, "the journal was down"
        _logger.warning("the journal is back as writer %s", live.writer)
        note = gap.to_note(failed, kept_sequence, self._clock.unix_ns())
        try:
            self._append(note).add_done_callback(lambda done: self._keep_gap(done, gap))
            self._carry_over()
        except JournalDown:
            _logger.warning("the journal went down again at once")

    def _keep_gap(self, done: asyncio.Future[str | None], gap: Gap) -> None:
        if done.cancelled() or done.exception() is None:
            return
        if self._gap is not None:
            gap.refused += self._gap.refused
        self._gap = gap

    def _carry_over(self) -> None:
        """Bring into the new chain what the failed one lost: openings, and ends of calls."""
        while self._lost:
            if self._lost[-1].call_id in self._opened:
                self.open(self._lost[-1])
            self._lost.pop()
        for call_id in tuple(self._unwritten):
            closing = to_unrecorded(self._unwritten.pop(call_id))
            self._append(closing).add_done_callback(_look_at)

    def _let_go(self, *, is_settled: bool) -> None:
        self._commit.stop()
        for live in self._lives:
            live.close()
            if is_settled:
                last = get_last_time(list_segments(self._folder, live.writer))
                mark_settled(self._folder, live.writer, last or 0)


def _look_at(done: asyncio.Future[str | None]) -> None:
    """Mark a future's failure as seen; the journal has kept the entry."""
    if not done.cancelled():
        done.exception()

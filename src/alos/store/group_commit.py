"""The writer thread: one ``fdatasync`` for all entries that wait for it."""

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import NamedTuple

from alos.domain.ids import WriterId
from alos.domain.record import Entry
from alos.ledger.note import SigningKey
from alos.ledger.receipt import BatchReceipts
from alos.ports.clock import Clock
from alos.store.live_writer import Disk, LiveWriter, Mark

Waiting = tuple[asyncio.Future[str | None], Entry]


class Promise:
    """The receipts of one batch: leaves from the event loop, signed once they are on disk.

    Args:
        leaves: (call id, leaf hash) of each closing, in order.
    """

    def __init__(self, key: SigningKey, writer: WriterId, leaves: list[tuple[str, bytes]]) -> None:
        self._key = key
        self._writer = writer
        self._leaves = leaves
        self._receipts: BatchReceipts | None = None

    def sign(self, unix_ns: int) -> None:
        """Sign; on the thread, when the batch is durable."""
        self._receipts = BatchReceipts(self._key, self._writer, unix_ns, self._leaves)

    def write(self, index: int) -> str | None:
        """The receipt of one closing; nothing before the batch is signed."""
        return self._receipts.write(index) if self._receipts is not None else None


class Batch(NamedTuple):
    """Entries that were written and wait to be durable.

    Attributes:
        fd: the segment that holds the last of them.
        end: what is durable once ``fd`` is synced.
        promise: the receipts of its closings; ``None`` where there are none, or no key.
        is_last_of_segment: nothing more will be written to ``fd``.
    """

    live: LiveWriter
    fd: int
    end: Mark
    waiting: list[Waiting]
    promise: Promise | None
    is_last_of_segment: bool = False


class GroupCommit:
    """Syncs batches in a thread and answers on the event loop, once per round.

    Args:
        on_synced: called on the loop with the batches that are durable.
        on_failed: called on the loop with batches that are not certain to be, and why.
        on_tick: called on the thread every ``tick_seconds``.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        disk: Disk,
        clock: Clock,
        on_synced: Callable[[list[Batch]], None],
        on_failed: Callable[[list[Batch], OSError], None],
        on_tick: Callable[[], None],
        tick_seconds: float,
    ) -> None:
        self._loop = loop
        self._disk = disk
        self._clock = clock
        self._on_synced = on_synced
        self._on_failed = on_failed
        self._on_tick = on_tick
        self._tick_seconds = tick_seconds
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self.hand_over: Callable[[Batch], None] = self._queue.put
        self._thread = threading.Thread(target=self._run, name="alos-journal", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Sync what was handed over, then end the thread (blocks)."""
        self._queue.put(None)
        self._thread.join()

    @property
    def is_idle(self) -> bool:
        """Nothing that was handed over still waits."""
        return self._queue.empty()

    def post(self, work: Callable[[], None]) -> None:
        """Run ``work`` on the event loop; dropped when the loop is gone."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)

    def _run(self) -> None:
        next_tick = monotonic() + self._tick_seconds
        stopping = False
        while not stopping:
            batches, stopping = self._take(max(0.0, next_tick - monotonic()))
            if batches:
                self._sync(batches)
            if not stopping and monotonic() >= next_tick:
                self._on_tick()
                next_tick = monotonic() + self._tick_seconds

    def _take(self, wait_seconds: float) -> tuple[list[Batch], bool]:
        batches: list[Batch] = []
        try:
            item = self._queue.get(timeout=wait_seconds)
            while item is not None:
                batches.append(item)
                item = self._queue.get_nowait()
        except Empty:
            return batches, False
        return batches, True

    def _sync(self, batches: list[Batch]) -> None:
        synced: list[Batch] = []
        failed: list[Batch] = []
        by_file: dict[int, list[Batch]] = {}
        for batch in batches:
            by_file.setdefault(batch.fd, []).append(batch)
        for group in by_file.values():
            if group[-1].live.failure is None:
                self._sync_one(group[-1])
                self._sign(group)
            (synced if group[-1].live.failure is None else failed).extend(group)
        if synced:
            self.post(lambda: self._on_synced(synced))
        if failed:
            failure = failed[-1].live.failure or OSError("not synced")
            self.post(lambda: self._on_failed(failed, failure))

    def _sign(self, batches: list[Batch]) -> None:
        if batches[-1].live.failure is None:
            for batch in batches:
                if batch.promise is not None:
                    batch.promise.sign(self._clock.unix_ns())

    def _sync_one(self, batch: Batch) -> None:
        try:
            self._disk.sync(batch.fd)
        except OSError as error:
            batch.live.failure = error
            return
        batch.live.durable = batch.end
        if batch.is_last_of_segment:
            os.close(batch.fd)

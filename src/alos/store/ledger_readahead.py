"""Reads journal segments in processes of their own, a few ahead of the one that is needed."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alos.domain.ids import WriterId
from alos.store.folder import list_writers
from alos.store.ledger_chain import SegmentRead, list_filled, read_segment

_LEAST_BYTES: Final = 96 * 2**20
"""Below this much to read, starting processes costs more than it saves."""

ReadSegment = Callable[[Path, WriterId], SegmentRead | None]


@contextmanager
def reading_ahead(
    folders: Sequence[Path], processes: int, *, least_bytes: int = _LEAST_BYTES
) -> Iterator[ReadSegment]:
    """Yield a reader of segments; it may be asked in any order, best writer by writer."""
    wanted = [
        (path, writer)
        for folder in folders
        for writer in list_writers(folder)
        for path in list_filled(folder, writer)
    ]
    size = sum(path.stat().st_size for path, _ in wanted)
    if processes < 1 or size < least_bytes:
        yield read_segment
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        ahead = _Ahead(pool, wanted, processes + 1)
        try:
            yield ahead.read
        finally:
            pool.shutdown(cancel_futures=True)


class _Ahead:
    def __init__(
        self, pool: ProcessPoolExecutor, wanted: list[tuple[Path, WriterId]], depth: int
    ) -> None:
        self._pool = pool
        self._wanted = deque(wanted)
        self._depth = depth
        self._running: dict[Path, Future[SegmentRead | None]] = {}
        self._fill()

    def read(self, path: Path, writer: WriterId) -> SegmentRead | None:
        future = self._running.pop(path, None)
        self._fill()
        return read_segment(path, writer) if future is None else future.result()

    def _fill(self) -> None:
        while self._wanted and len(self._running) < self._depth:
            path, writer = self._wanted.popleft()
            self._running[path] = self._pool.submit(read_segment, path, writer)

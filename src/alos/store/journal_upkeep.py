"""What the journal's writer thread does between syncs: space, spare segments, recovery."""

import logging
import os
from pathlib import Path

from alos.domain.fault import ClockBehind
from alos.ports.clock import Clock
from alos.store.folder import (
    get_newest,
    keep_newest,
    list_segments,
    list_unsettled,
    list_writers,
)
from alos.store.journal_reader import get_last_time
from alos.store.live_writer import Disk, LiveWriter
from alos.store.reserve import DiskReserve

_logger = logging.getLogger(__name__)


def prepare_folder(folder: Path, unix_ns: int, disk: Disk, reserve_bytes: int) -> LiveWriter:
    """Create the folder and a new writer in it (blocks).

    Raises:
        ClockBehind: the clock is behind the last entry in the folder.
        OSError: the disk refuses.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_clock(folder, unix_ns)
    DiskReserve(folder, reserve_bytes).refill()
    return LiveWriter.create(folder, unix_ns, disk)


def _check_clock(folder: Path, unix_ns: int) -> None:
    """Compare with the entries of all writers, of which only the unsettled ones are read."""
    newest = get_newest(folder)
    writers = list_writers(folder) if newest is None else list_unsettled(folder)
    for writer in writers:
        last = get_last_time(list_segments(folder, writer))
        if last is not None and unix_ns < last:
            raise ClockBehind(f"the clock is {(last - unix_ns) / 1e9:.3f} s behind {writer}")
    if newest is None:
        keep_newest(folder, unix_ns)
    elif unix_ns < newest:
        raise ClockBehind(f"the clock is {(newest - unix_ns) / 1e9:.3f} s behind the journals")


class Upkeep:
    """Slow work on the disk, away from the event loop.

    Attributes:
        is_short: there is so little space that anonymous entries are refused.
        failed: the writer that broke and the errno's name, until a new one took its place.
    """

    def __init__(
        self, folder: Path, *, disk: Disk, clock: Clock, reserve_bytes: int, floor_bytes: int
    ) -> None:
        self.is_short = False
        self.failed: tuple[LiveWriter, str] | None = None
        self.reserve = DiskReserve(folder, reserve_bytes)
        self._folder = folder
        self._disk = disk
        self._clock = clock
        self._floor_bytes = floor_bytes

    def look_at_space(self, *, refill: bool) -> bool:
        """See how much space there is; true when the reserve could be taken back."""
        space = os.statvfs(self._folder)
        self.is_short = space.f_bavail * space.f_frsize < self._floor_bytes
        return refill and self.reserve.refill()

    def add_spare(self, live: LiveWriter) -> None:
        """Create the next segment; without it the journal stays in the present one."""
        try:
            live.add_spare()
        except OSError:
            _logger.warning("the next journal segment can't be created yet", exc_info=True)

    def recover(self) -> tuple[int, LiveWriter] | None:
        """Try to begin a new writer after a failure.

        Returns:
            The last sequence that counts of the failed writer, and the new writer.
        """
        if self.failed is None:
            return None
        failed, cause = self.failed
        if cause in {"ENOSPC", "EDQUOT"} and not self.reserve.refill():
            return None
        try:
            live = LiveWriter.create(self._folder, self._clock.unix_ns(), self._disk)
        except OSError as error:
            _logger.warning("the journal is still down: %s", error.strerror)
            return None
        kept = failed.settle_tail(self._disk)
        self.failed = None
        return kept.sequence, live

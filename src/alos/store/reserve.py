"""Disk space kept back, so that a full disk still leaves room to record refusals."""

import os
from pathlib import Path

from alos.store.folder import RESERVE_NAME


class DiskReserve:
    """A preallocated file that is removed when the disk is full."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self._path = folder / RESERVE_NAME
        self._size_bytes = size_bytes

    def release(self) -> bool:
        """Give the space back to the journal; false when there was none to give."""
        try:
            size = self._path.stat().st_size
            self._path.unlink()
        except OSError:
            return False
        return size > 0

    def refill(self) -> bool:
        """Take the space (again); false when the disk has not got it, and as much besides."""
        if not self._size_bytes or self._is_there():
            return True
        try:
            space = os.statvfs(self._path.parent)
            if space.f_bavail * space.f_frsize < 2 * self._size_bytes:
                return False
            descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)
        return True

    def _is_there(self) -> bool:
        try:
            return self._path.stat().st_size == self._size_bytes
        except OSError:
            return False

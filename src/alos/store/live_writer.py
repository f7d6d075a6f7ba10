"""One chain of entries while it grows: its files, its sequence, its last hash."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from alos.domain.ids import WriterId
from alos.domain.record import Entry, NoteEntry, NoteKind
from alos.ledger.encoding import ZERO_HASH, encode_entry
from alos.store.folder import (
    LOCK_SUFFIX,
    lock_new_writer,
    new_writer_id,
    segment_path,
    sync_folder,
)
from alos.store.frame import SegmentHeader, pack_frame, pack_segment_header

_FLAGS = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND


@dataclass(frozen=True, slots=True)
class Disk:
    """The two system calls that durability hangs on; tests pass failing ones."""

    write: Callable[[int, bytes | memoryview], int] = os.write
    sync: Callable[[int], None] = os.fdatasync


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in a writer's files up to which all is on disk."""

    number: int
    offset: int
    sequence: int
    """The last entry before the point."""


class LiveWriter:
    """The writing end of one chain.

    ``seal`` and the plain attributes belong to the event loop; ``durable``, ``failure`` and
    ``add_spare`` to the writer thread.
    """

    def __init__(self, folder: Path, writer: WriterId, born_at_unix_ns: int, lock: int) -> None:
        self.writer = writer
        self.lock = lock
        self.fd = -1
        self.number = 0
        self.offset = 0
        self.sequence = 0
        """Of the next entry."""
        self.written = -1
        """Sequence of the last entry that was written whole."""
        self.hash = ZERO_HASH
        self.chained = b""
        """Of the last entry that was sealed."""
        self.durable = Mark(0, 0, -1)
        self.failure: OSError | None = None
        self.spare: int | None = None
        self._folder = folder
        self._born_at_unix_ns = born_at_unix_ns

    @classmethod
    def create(cls, folder: Path, unix_ns: int, disk: Disk) -> "LiveWriter":
        """Make a new writer whose birth is on disk.

        Raises:
            OSError: the disk refuses; nothing is left behind.
        """
        name = new_writer_id(unix_ns)
        live = cls(folder, name, unix_ns, lock_new_writer(folder, name))
        try:
            live.fd = os.open(segment_path(folder, name, 0), _FLAGS, 0o600)
            born = NoteEntry(
                kind=NoteKind.WRITER_BORN, at_unix_ns=unix_ns, facts=(("writer", name),)
            )
            data = live.header() + live.seal(born)
            live.offset = disk.write(live.fd, data)
            live.written = 0 if live.offset == len(data) else -1
            disk.sync(live.fd)
            sync_folder(folder)
        except OSError:
            live.discard()
            raise
        if live.written < 0:
            live.discard()
            raise OSError(errno.ENOSPC, "a new writer's birth was cut short")
        live.durable = live.mark()
        return live

    def header(self) -> bytes:
        """The header of the segment that starts now."""
        return pack_segment_header(
            SegmentHeader(
                writer=self.writer,
                born_at_unix_ns=self._born_at_unix_ns,
                number=self.number,
                first_sequence=self.sequence,
                previous_hash=self.hash,
            )
        )

    def seal(self, entry: Entry) -> bytes:
        """Give an entry its place in the chain and return its frame."""
        chained, personal = encode_entry(entry, self.writer, self.sequence)
        self.chained = chained
        self.hash = entry_hash = sha256(self.hash + chained).digest()
        self.sequence += 1
        return pack_frame(chained, personal, entry_hash)

    def mark(self) -> Mark:
        """Where the last whole write ended."""
        return Mark(self.number, self.offset, self.written)

    def turn_to_spare(self) -> tuple[int, bytes]:
        """Go on in the spare segment; return the old fd and the header to write first."""
        assert self.spare is not None
        old, self.fd, self.spare = self.fd, self.spare, None
        self.number += 1
        self.offset = 0
        return old, self.header()

    def add_spare(self) -> None:
        """Create the next segment ahead of time, so that turning to it costs no disk wait."""
        path = segment_path(self._folder, self.writer, self.number + 1)
        self.spare = os.open(path, _FLAGS, 0o600)
        sync_folder(self._folder)

    def cut_back(self) -> None:
        """Remove a half-written frame from the end of the segment, if the disk lets us."""
        with suppress(OSError):
            os.ftruncate(self.fd, self.offset)

    def settle_tail(self, disk: Disk) -> Mark:
        """After a failure: make the written tail durable, or cut what is not certain to be.

        Returns:
            Up to where the entries of this writer count.
        """
        if self.failure is None:
            with suppress(OSError):
                disk.sync(self.fd)
                return self.mark()
        for number in range(self.durable.number, self.number + 2):
            keep = self.durable.offset if number == self.durable.number else 0
            with suppress(OSError):
                os.truncate(segment_path(self._folder, self.writer, number), keep)
        return self.durable

    def discard(self) -> None:
        """Take back a writer that could not be born."""
        for descriptor in (self.fd, self.lock):
            if descriptor >= 0:
                os.close(descriptor)
        segment_path(self._folder, self.writer, 0).unlink(missing_ok=True)
        (self._folder / f"{self.writer}{LOCK_SUFFIX}").unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; the lock goes with its descriptor."""
        for descriptor in (self.fd, self.spare, self.lock):
            if descriptor is not None and descriptor >= 0:
                os.close(descriptor)
        if self.spare is not None:
            segment_path(self._folder, self.writer, self.number + 1).unlink(missing_ok=True)

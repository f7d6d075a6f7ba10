"""The vault's thread: writes what was put and makes it durable, a batch at a time."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple

from alos.domain.fault import VaultDown
from alos.ports.master_key import MasterKey
from alos.store.folder import sync_folder
from alos.store.live_writer import Disk
from alos.store.vault.format import (
    ShelfKeyName,
    bind_shelf,
    bodies_path,
    pack_shelf_key,
    shelf_path,
    slots_path,
)

_MOST_OPEN: Final = 16
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY
_GROWING: Final = os.O_CREAT | os.O_WRONLY | os.O_APPEND


class NewShelf(NamedTuple):
    """A wrapping key that has to be on disk before a body under it is."""

    name: ShelfKeyName
    number: int
    key: bytes


@dataclass(slots=True, kw_only=True)
class Pack:
    """What one process writes for one (day, retention class); belongs to the event loop.

    Attributes:
        slots, offset: of the next body.
        shelf_count: shelves that have a key in this pack.
        new_shelves, frames, keys: put, and not yet handed to the thread.
    """

    day: str
    retention_class: str
    name: str
    slots: int = 0
    offset: int = 0
    shelf_count: int = 0
    new_shelves: list[NewShelf] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)


class PackPart(NamedTuple):
    """What one batch adds to one pack."""

    day: str
    retention_class: str
    pack: str
    new_shelves: list[NewShelf]
    frames: list[bytes]
    keys: list[bytes]


class Batch(NamedTuple):
    """Everything put since the batch before, and who waits for it."""

    parts: list[PackPart]
    size_bytes: int
    waiting: list[asyncio.Future[None]]


class VaultWriter:
    """Runs the thread; ``on_done`` is called on the event loop, with what failed or ``None``."""

    def __init__(
        self,
        *,
        keys: Path,
        bodies: Path,
        master: MasterKey,
        disk: Disk,
        loop: asyncio.AbstractEventLoop,
        on_done: Callable[[Batch, VaultDown | None], None],
    ) -> None:
        self._keys = keys
        self._bodies = bodies
        self._master = master
        self._disk = disk
        self._loop = loop
        self._on_done = on_done
        self._open: dict[Path, int] = {}
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self.hand_over: Callable[[Batch], None] = self._queue.put
        self._thread = threading.Thread(target=self._run, name="alos-vault", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was handed over, then end the thread (blocks)."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            failure: VaultDown | None = None
            try:
                self._write(batch)
            except OSError as error:
                failure = VaultDown(f"the vault can't be written: {error.strerror or error}")
            except VaultDown as error:
                failure = error
            if failure is not None:
                self._close_all()
            with suppress(RuntimeError):  # the loop is gone
                self._loop.call_soon_threadsafe(self._on_done, batch, failure)
        self._close_all()

    def _write(self, batch: Batch) -> None:
        """Write a batch: a shelf's key first, then bodies and slots, then wait for the disk.

        Raises:
            OSError: the disk refuses.
            VaultDown: the key service does.
        """
        touched: set[int] = set()
        for part in batch.parts:
            for shelf in part.new_shelves:
                self._write_shelf(shelf)
            place = part.day, part.retention_class, part.pack
            touched.add(self._append(bodies_path(self._bodies, *place), part.frames))
            touched.add(self._append(slots_path(self._keys, *place), part.keys))
        for descriptor in touched:
            self._disk.sync(descriptor)
        if len(self._open) > _MOST_OPEN:
            self._close_all()

    def _write_shelf(self, shelf: NewShelf) -> None:
        path = shelf_path(self._keys, shelf.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        wrapped = self._master.wrap(shelf.key, bind_shelf(shelf.name))
        descriptor = os.open(path, _NEW, 0o600)
        try:
            self._write_all(descriptor, (pack_shelf_key(shelf.number, wrapped),))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
        sync_folder(path.parent.parent)

    def _append(self, path: Path, pieces: Iterable[bytes]) -> int:
        descriptor = self._open.get(path)
        if descriptor is None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = self._open[path] = os.open(path, _GROWING, 0o600)
            sync_folder(path.parent)
            sync_folder(path.parent.parent)
        self._write_all(descriptor, pieces)
        return descriptor

    def _write_all(self, descriptor: int, pieces: Iterable[bytes]) -> None:
        view = memoryview(b"".join(pieces))
        while view:
            written = self._disk.write(descriptor, view)
            if not written:
                raise OSError("nothing was written")
            view = view[written:]

    def _close_all(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])

"""The vault on local files: put on the event loop, write in a thread, read where asked."""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alos.domain.fault import VaultDown
from alos.domain.ids import BodyReference
from alos.domain.vault import BodyPlace, ErasedBodies, Gone, Shelf, check_shelf
from alos.ports.master_key import MasterKey
from alos.store.live_writer import Disk
from alos.store.vault.format import (
    HELD,
    KEY_BYTES,
    LIVE,
    ShelfKeyName,
    seal_body,
    seal_slot,
)
from alos.store.vault.keys import VaultKeys
from alos.store.vault.reading import VaultReader
from alos.store.vault.writer import Batch, NewShelf, Pack, PackPart, VaultWriter

_logger = logging.getLogger(__name__)
_NONCE_BYTES: Final = 12
_POOL_BYTES: Final = 4400
_MOST_WAITING_BYTES: Final = 64 << 20
"""More than this waits for the disk: the vault takes nothing until it has caught up."""
_MOST_SLOTS: Final = 1 << 20
_RETRY_SECONDS: Final = 1.0


@dataclass(slots=True, kw_only=True)
class VaultMetrics:
    """Counts since the start, for ``/metrics``."""

    bodies: int = 0
    bytes_put: int = 0
    batches: int = 0
    failures: int = 0


class _OpenShelf(NamedTuple):
    pack: Pack
    number: int
    wrapping: AESGCM


class FileVault:
    """The :class:`alos.ports.vault.Vault` on local files; make one with :meth:`start`.

    Args:
        keys: folder of wrapping keys and wrapped keys, kept out of data backups.
        bodies: folder of encrypted bodies.
    """

    def __init__(self, keys: Path, bodies: Path, master: MasterKey, *, disk: Disk) -> None:
        self.metrics = VaultMetrics()
        self._loop = asyncio.get_running_loop()
        self._keys = VaultKeys(keys, bodies, master)
        self._using = ExitStack()
        self._reader = VaultReader(self._keys, bodies)
        self._packs: dict[tuple[str, str], Pack] = {}
        self._retired: list[Pack] = []
        self._shelves: dict[Shelf, _OpenShelf] = {}
        self._lost: set[str] = set()
        self._down_until = 0.0
        self._pool = b""
        self._pool_at = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._waiting_bytes = 0
        self._under_way: Batch | None = None
        self._is_scheduled = False
        self._writer = VaultWriter(
            keys=keys,
            bodies=bodies,
            master=master,
            disk=disk,
            loop=self._loop,
            on_done=self._on_done,
        )

    @classmethod
    async def start(
        cls, keys: Path, bodies: Path, master: MasterKey, *, disk: Disk | None = None
    ) -> "FileVault":
        """Open the vault, or found it.

        Raises:
            VaultDown: the folders can't be used, or the vault is under another master key.
        """
        vault = cls(keys, bodies, master, disk=disk or Disk())
        with ExitStack() as using:
            await asyncio.to_thread(using.enter_context, vault._keys.use())
            await asyncio.to_thread(vault._keys.check_master)
            vault._using = using.pop_all()
        vault._writer.start()
        return vault

    async def stop(self) -> None:
        """Write what was put, then let go of the files."""
        self._flush()
        await asyncio.to_thread(self._writer.stop)
        self._using.close()

    # --- the path of a call ---------------------------------------------------------------

    @property
    def is_down(self) -> bool:
        """The disk refused a moment ago; it is tried again every second."""
        return monotonic() < self._down_until

    def put(self, body: bytes, *, shelf: Shelf, label: str, held: bool = False) -> BodyReference:
        """See :class:`alos.ports.vault.Vault`."""
        if self._down_until and self.is_down:
            raise VaultDown("the vault could not be written a moment ago")
        if self._waiting_bytes > _MOST_WAITING_BYTES:
            raise VaultDown("the vault's disk is too slow")
        opened = self._shelves.get(shelf) or self._open_shelf(shelf)
        pack, number, wrapping = opened
        slot = pack.slots
        reference = BodyPlace(shelf, pack.name, slot, pack.offset).write()
        key, nonce = self._take(KEY_BYTES), self._take(_NONCE_BYTES)
        frame = seal_body(key, reference, label, slot, body)
        pack.frames.append(frame)
        state = HELD if held else LIVE
        pack.keys.append(seal_slot(wrapping, key, nonce, reference, (state, number)))
        pack.slots += 1
        pack.offset += len(frame)
        self._waiting_bytes += len(frame)
        self.metrics.bodies += 1
        self.metrics.bytes_put += len(frame)
        if not self._is_scheduled:
            self._is_scheduled = True
            if self._under_way is None:
                self._loop.call_soon(self._flush)
        return reference

    async def sync(self, references: Iterable[BodyReference]) -> None:
        """See :class:`alos.ports.vault.Vault`."""
        for reference in references:
            if reference.split(".")[4] in self._lost:
                raise VaultDown("the body is not certain to be on disk")
        if self._is_scheduled:
            waiting = self._waiting
        elif self._under_way is not None:
            waiting = self._under_way.waiting
        else:
            return
        future: asyncio.Future[None] = self._loop.create_future()
        waiting.append(future)
        await future

    def _take(self, size: int) -> bytes:
        start = self._pool_at
        if start + size > len(self._pool):
            self._pool, start = secrets.token_bytes(_POOL_BYTES), 0
        self._pool_at = start + size
        return self._pool[start : start + size]

    def _open_shelf(self, shelf: Shelf) -> _OpenShelf:
        check_shelf(shelf)
        place = shelf.day, shelf.retention_class
        pack = self._packs.get(place)
        if pack is None or pack.slots >= _MOST_SLOTS:
            name = secrets.token_hex(4)
            pack = Pack(day=shelf.day, retention_class=shelf.retention_class, name=name)
            days_over = [one for one in self._packs.values() if one.day < shelf.day]
            for full in (*days_over, *filter(None, [self._packs.get(place)])):
                self._retire(full)
            self._packs[place] = pack
        key = secrets.token_bytes(KEY_BYTES)
        opened = _OpenShelf(pack, pack.shelf_count, AESGCM(key))
        pack.shelf_count += 1
        pack.new_shelves.append(NewShelf(ShelfKeyName(shelf, pack.name), opened.number, key))
        self._shelves[shelf] = opened
        return opened

    def _retire(self, pack: Pack) -> None:
        """Put nothing more into a pack, and let go of its keys; what was put is still written."""
        del self._packs[pack.day, pack.retention_class]
        for shelf in [one for one, opened in self._shelves.items() if opened.pack is pack]:
            del self._shelves[shelf]
        if pack.frames:
            self._retired.append(pack)

    def _retire_of(self, shelf: Shelf) -> None:
        pack = self._packs.get((shelf.day, shelf.retention_class))
        if pack is not None:
            self._retire(pack)

    def _flush(self) -> None:
        """Hand what was put to the thread, unless a batch is under way."""
        if self._under_way is not None or not self._is_scheduled:
            return
        self._is_scheduled = False
        packs = (*self._retired, *self._packs.values())
        self._retired.clear()
        parts = [_cut(pack) for pack in packs if pack.frames]
        waiting, self._waiting = self._waiting, []
        size = sum(len(frame) for part in parts for frame in part.frames)
        self._under_way = Batch(parts, size, waiting)
        self._writer.hand_over(self._under_way)

    def _on_done(self, batch: Batch, failure: VaultDown | None) -> None:
        self._under_way = None
        self._waiting_bytes -= batch.size_bytes
        self.metrics.batches += 1
        waiting = batch.waiting
        if failure is not None:
            waiting = [*waiting, *self._go_down(batch, failure)]
        for future in waiting:
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(VaultDown(str(failure)))
        if self._is_scheduled:
            self._loop.call_soon(self._flush)

    def _go_down(self, batch: Batch, failure: VaultDown) -> list[asyncio.Future[None]]:
        """Leave every pack as it is: what they hold after a failed write is not known."""
        _logger.error("%s; it is tried again every second", failure)
        self.metrics.failures += 1
        self._lost.update(part.pack for part in batch.parts)
        self._lost.update(pack.name for pack in (*self._retired, *self._packs.values()))
        self._retired.clear()
        self._packs.clear()
        self._shelves.clear()
        self._is_scheduled = False
        self._waiting_bytes = 0
        self._down_until = monotonic() + _RETRY_SECONDS
        waiting, self._waiting = self._waiting, []
        return waiting

    # --- everything else, in a thread of the caller's --------------------------------------

    def get(self, reference: BodyReference, *, label: str) -> bytes | Gone:
        """See :class:`alos.ports.vault.Vault`."""
        return self._reader.get(reference, label=label)

    def erase(self, references: Iterable[BodyReference]) -> ErasedBodies:
        """See :class:`alos.ports.vault.Vault`."""
        return self._keys.erase(references)

    def hold(self, references: Iterable[BodyReference]) -> int:
        """See :class:`alos.ports.vault.Vault`."""
        return self._keys.hold(references)

    def release(self, references: Iterable[BodyReference]) -> int:
        """See :class:`alos.ports.vault.Vault`."""
        return self._keys.release(references)

    def list_shelves(self) -> Sequence[Shelf]:
        """See :class:`alos.ports.vault.Vault`."""
        return self._keys.list_shelves()

    def purge(self, shelf: Shelf) -> ErasedBodies:
        """See :class:`alos.ports.vault.Vault`."""
        self._loop.call_soon_threadsafe(self._retire_of, shelf)
        return self._keys.purge(shelf)


def _cut(pack: Pack) -> PackPart:
    part = PackPart(
        pack.day, pack.retention_class, pack.name, pack.new_shelves, pack.frames, pack.keys
    )
    pack.new_shelves, pack.frames, pack.keys = [], [], []
    return part

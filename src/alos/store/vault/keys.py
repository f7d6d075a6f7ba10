"""The keys of the vault: read, destroyed, put on hold.

Destroying a key overwrites it where it stands and waits for the disk. What the disk keeps behind
our back (a copy-on-write file system, spare cells of an SSD) is covered by the master key alone,
so keys belong on a volume of their own, outside of data backups.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from alos.domain.fault import VaultDown, VaultTampered
from alos.domain.ids import BodyReference
from alos.domain.vault import BodyPlace, ErasedBodies, Shelf
from alos.ports.master_key import MasterKey
from alos.store.folder import sync_folder
from alos.store.vault.format import (
    ERASED_SLOT,
    HELD,
    LIVE,
    SHELF_SUFFIX,
    SLOT_BYTES,
    ShelfKeyName,
    Slot,
    bind_shelf,
    bodies_path,
    parse_shelf_path,
    read_shelf_key,
    read_slot,
    shelf_path,
    slots_path,
)

_MASTER_FILE: Final = "master"
_LOCK_FILE: Final = "lock"
_CHECK: Final = b"alos-vault-check-v1"
_SLOTS_AT_ONCE: Final = 4096


class VaultKeys:
    """The key folder of one vault; every method may block."""

    def __init__(self, keys: Path, bodies: Path, master: MasterKey) -> None:
        self._folder = keys
        self._bodies = bodies
        self._master = master

    def check_master(self) -> None:
        """Make sure that the master key is the one that the vault was founded with.

        Raises:
            VaultDown: it is another one, or the folders can't be used.
        """
        with _as_vault_down():
            for folder in (self._folder, self._bodies):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / _MASTER_FILE
            with self._lock():
                if not path.exists():
                    sealed = self._master.wrap(bytes(32), _CHECK)
                    path.write_text(f"{self._master.name} {sealed.hex()}\n", encoding="ascii")
                    path.chmod(0o600)
                    sync_folder(self._folder)
                    return
            name, _, digits = path.read_text(encoding="ascii").strip().partition(" ")
        try:
            self._master.unwrap(bytes.fromhex(digits), _CHECK)
        except (VaultTampered, ValueError):
            ours = self._master.name
            raise VaultDown(f"the vault was founded with master key {name}, not {ours}") from None

    def read(self, place: BodyPlace) -> tuple[Slot | None, bytes | None]:
        """(the body's slot, its shelf's wrapping key); ``None`` for what is not there.

        Raises:
            VaultTampered: the shelf's key is not what was written.
        """
        path = slots_path(self._folder, place.shelf.day, place.shelf.retention_class, place.pack)
        with _as_vault_down():
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                return None, None
            try:
                data = os.pread(descriptor, SLOT_BYTES, place.slot * SLOT_BYTES)
            finally:
                os.close(descriptor)
        slot = read_slot(data) if len(data) == SLOT_BYTES else None
        name = ShelfKeyName(place.shelf, place.pack)
        found = self._read_shelf(name)
        if found is None:
            return slot or read_slot(ERASED_SLOT), None
        if slot is None or not slot.state:
            return slot, found[1]
        if found[0] != slot.number:
            raise VaultTampered("the body's key belongs to another shelf")
        return slot, self._master.unwrap(found[1], bind_shelf(name))

    def erase(self, references: Iterable[BodyReference]) -> ErasedBodies:
        """Destroy the keys of bodies, but of those on hold."""
        asked = list(references)
        counted = [0, 0, 0]
        for descriptor, slots in self._open_slots(asked):
            for slot in slots:
                state = _read_state(descriptor, slot)
                counted[state] += 1
                if state == LIVE:
                    os.pwrite(descriptor, ERASED_SLOT, slot * SLOT_BYTES)
            os.fsync(descriptor)
        erased, held = counted[LIVE], counted[HELD]
        return ErasedBodies(erased=erased, held=held, gone=len(asked) - erased - held)

    def hold(self, references: Iterable[BodyReference]) -> int:
        """Put bodies on hold; returns how many are."""
        return self._turn(references, {LIVE, HELD}, HELD)

    def release(self, references: Iterable[BodyReference]) -> int:
        """Take bodies off hold; returns how many were on."""
        return self._turn(references, {HELD}, LIVE)

    def list_shelves(self) -> Sequence[Shelf]:
        """The shelves that have a key, oldest day first."""
        names = [parse_shelf_path(path) for path in self._folder.glob(f"*/*{SHELF_SUFFIX}")]
        return sorted({one.shelf for one in names}, key=lambda shelf: (shelf.day, shelf))

    def purge(self, shelf: Shelf) -> ErasedBodies:
        """Destroy a shelf's keys, but of its bodies on hold, and what nobody can read any more."""
        done = ErasedBodies()
        pattern = f"{shelf.retention_class}.*.{shelf.workspace}{SHELF_SUFFIX}"
        with _as_vault_down(), self._lock():
            for path in sorted((self._folder / shelf.day).glob(pattern)):
                done += self._purge_pack(path, parse_shelf_path(path))
        return done

    def _purge_pack(self, path: Path, name: ShelfKeyName) -> ErasedBodies:
        found = self._read_shelf(name)
        place = name.shelf.day, name.shelf.retention_class, name.pack
        slots = slots_path(self._folder, *place)
        erased, held = _erase_of_shelf(slots, found[0]) if found else (0, 0)
        if not held:
            _destroy(path)
            others = path.parent.glob(f"{name.shelf.retention_class}.{name.pack}.*{SHELF_SUFFIX}")
            if not any(others):
                bodies_path(self._bodies, *place).unlink(missing_ok=True)
                os.truncate(slots, 0)
        return ErasedBodies(erased=erased, held=held)

    def _read_shelf(self, name: ShelfKeyName) -> tuple[int, bytes] | None:
        try:
            return read_shelf_key(shelf_path(self._folder, name).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultDown(f"a shelf's key can't be read: {error.strerror}") from error

    def _turn(self, references: Iterable[BodyReference], states: set[int], to: int) -> int:
        turned = 0
        for descriptor, slots in self._open_slots(references):
            for slot in slots:
                if _read_state(descriptor, slot) in states:
                    os.pwrite(descriptor, bytes([to]), slot * SLOT_BYTES)
                    turned += 1
            os.fsync(descriptor)
        return turned

    def _open_slots(self, references: Iterable[BodyReference]) -> Iterator[tuple[int, list[int]]]:
        """Each pack's slots file, open and locked, with the slots of the bodies in it."""
        packs: dict[Path, list[int]] = {}
        for reference in references:
            place = BodyPlace.parse(reference)
            shelf = place.shelf
            path = slots_path(self._folder, shelf.day, shelf.retention_class, place.pack)
            packs.setdefault(path, []).append(place.slot)
        with _as_vault_down(), self._lock():
            for path, slots in packs.items():
                with suppress(FileNotFoundError):
                    descriptor = os.open(path, os.O_RDWR)
                    try:
                        yield descriptor, slots
                    finally:
                        os.close(descriptor)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One change of the keys at a time, whichever process asks."""
        descriptor = os.open(self._folder / _LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _read_state(descriptor: int, slot: int) -> int:
    data = os.pread(descriptor, 1, slot * SLOT_BYTES)
    return data[0] if data and data[0] in {LIVE, HELD} else 0


def _erase_of_shelf(path: Path, number: int) -> tuple[int, int]:
    """(erased, held) of the slots of one shelf."""
    erased = held = at = 0
    step = _SLOTS_AT_ONCE * SLOT_BYTES
    descriptor = os.open(path, os.O_RDWR)
    try:
        while data := bytearray(os.pread(descriptor, step, at)):
            for start in range(0, len(data) - SLOT_BYTES + 1, SLOT_BYTES):
                slot = read_slot(bytes(data[start : start + SLOT_BYTES]))
                if slot.number != number or not slot.state:
                    continue
                if slot.state == HELD:
                    held += 1
                else:
                    os.pwrite(descriptor, ERASED_SLOT, at + start)
                    erased += 1
            at += step
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return erased, held


def _destroy(path: Path) -> None:
    """Overwrite a file where it stands, then remove it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
    sync_folder(path.parent)


@contextmanager
def _as_vault_down() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VaultDown(f"the vault's keys can't be used: {error.strerror or error}") from error

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
_USE_FILE: Final = "use"
ROTATED_FILE: Final = "rotated"
"""Changes of the master key that the ledger was not told of yet."""
NEXT_SUFFIX: Final = ".next"
"""Of what a change of the master key wrote and has not put in its place yet."""
_CHECK: Final = b"alos-vault-check-v1"
_SLOTS_AT_ONCE: Final = 4096


class VaultKeys:
    """The key folder of one vault; every method may block."""

    def __init__(self, keys: Path, bodies: Path, master: MasterKey) -> None:
        self.folder = keys
        self._bodies = bodies
        self._master = master

    def check_master(self) -> None:
        """Make sure that the master key is the one that the vault is under.

        Raises:
            VaultDown: it is another one, it is being changed, or the folders can't be used.
        """
        with as_vault_down():
            for folder in (self.folder, self._bodies):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path, after = self.folder / _MASTER_FILE, _to_next(self.folder / _MASTER_FILE)
            with self._lock():
                if not path.exists():
                    self._write_master(path, self._master)
                    return
                if after.exists():
                    name = _read_master(after)[0]
                    raise VaultDown(
                        f"a change of the vault's master key to {name} is not done: name that key"
                        " to `alos vault rotate-key` again"
                    )
        if not self.is_under(self._master):
            name, ours = _read_master(path)[0], self._master.name
            raise VaultDown(f"the vault is under master key {name}, not {ours}")

    def is_under(self, master: MasterKey) -> bool:
        """Whether the vault is under this master key; a change to it that is not done counts not.

        Raises:
            VaultDown: there is no vault.
        """
        return _opens(master, self.folder / _MASTER_FILE)

    @contextmanager
    def use(self, *, alone: bool = False) -> Iterator[None]:
        """Use the vault beside others, or alone.

        Raises:
            VaultDown: others use it, or somebody uses it alone.
        """
        with as_vault_down():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / _USE_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            _lock_now(descriptor, alone=alone)
            yield
        finally:
            os.close(descriptor)

    def begin_rotation(self, old: MasterKey, new: MasterKey) -> None:
        """Write down that the vault goes from one master key to another one.

        Raises:
            VaultDown: it is not under ``old``, or already goes to a third one.
        """
        path = self.folder / _MASTER_FILE
        if not self.is_under(old):
            raise VaultDown(f"the vault is under {_read_master(path)[0]}, not {old.name}")
        after = _to_next(path)
        if not after.exists():
            self._write_master(after, new)
        elif not _opens(new, after):
            raise VaultDown(f"a change to {_read_master(after)[0]} is not done; end that first")

    def end_rotation(self, told: str) -> None:
        """Be under the new master key from here on, with what the ledger will be told of it."""
        path = self.folder / _MASTER_FILE
        with (self.folder / ROTATED_FILE).open("a", encoding="ascii") as file:
            file.write(told)
            file.flush()
            os.fsync(file.fileno())
        _to_next(path).replace(path)
        sync_folder(self.folder)

    def _write_master(self, path: Path, master: MasterKey) -> None:
        """Write a master key's name and a text to try it on, whole or not at all."""
        draft = path.with_suffix(".draft")
        draft.write_text(f"{master.name} {master.wrap(bytes(32), _CHECK).hex()}\n", "ascii")
        draft.chmod(0o600)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(self.folder)

    def read(self, place: BodyPlace) -> tuple[Slot | None, bytes | None]:
        """(the body's slot, its shelf's wrapping key); ``None`` for what is not there.

        Raises:
            VaultTampered: the shelf's key is not what was written.
        """
        path = slots_path(self.folder, place.shelf.day, place.shelf.retention_class, place.pack)
        with as_vault_down():
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
        names = [parse_shelf_path(path) for path in self.folder.glob(f"*/*{SHELF_SUFFIX}")]
        return sorted({one.shelf for one in names}, key=lambda shelf: (shelf.day, shelf))

    def purge(self, shelf: Shelf) -> ErasedBodies:
        """Destroy a shelf's keys, but of its bodies on hold, and what nobody can read any more."""
        done = ErasedBodies()
        pattern = f"{shelf.retention_class}.*.{shelf.workspace}{SHELF_SUFFIX}"
        with as_vault_down(), self._lock():
            for path in sorted((self.folder / shelf.day).glob(pattern)):
                done += self._purge_pack(path, parse_shelf_path(path))
        return done

    def _purge_pack(self, path: Path, name: ShelfKeyName) -> ErasedBodies:
        found = self._read_shelf(name)
        place = name.shelf.day, name.shelf.retention_class, name.pack
        slots = slots_path(self.folder, *place)
        erased, held = _erase_of_shelf(slots, found[0]) if found else (0, 0)
        if not held:
            destroy(path)
            others = path.parent.glob(f"{name.shelf.retention_class}.{name.pack}.*{SHELF_SUFFIX}")
            if not any(others):
                bodies_path(self._bodies, *place).unlink(missing_ok=True)
                os.truncate(slots, 0)
        return ErasedBodies(erased=erased, held=held)

    def _read_shelf(self, name: ShelfKeyName) -> tuple[int, bytes] | None:
        try:
            return read_shelf_key(shelf_path(self.folder, name).read_bytes())
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
            path = slots_path(self.folder, shelf.day, shelf.retention_class, place.pack)
            packs.setdefault(path, []).append(place.slot)
        with as_vault_down(), self._lock():
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
        descriptor = os.open(self.folder / _LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def get_master_name(folder: Path) -> str:
    """Which master key the vault with this key folder is under.

    Raises:
        VaultDown: there is no vault.
    """
    with as_vault_down():
        return _read_master(folder / _MASTER_FILE)[0]


def _lock_now(descriptor: int, *, alone: bool) -> None:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        why = "a gateway uses it; stop that first" if alone else "its master key is being changed"
        raise VaultDown(f"the vault can't be used now: {why}") from None


def _to_next(path: Path) -> Path:
    return path.with_name(path.name + NEXT_SUFFIX)


def _read_master(path: Path) -> tuple[str, bytes]:
    """(a master key's name, the text to try it on)."""
    try:
        name, _, digits = path.read_text(encoding="ascii").strip().partition(" ")
        return name, bytes.fromhex(digits)
    except FileNotFoundError:
        raise VaultDown(f"there is no vault in {path.parent}") from None
    except ValueError:
        raise VaultDown(f"{path} names no master key") from None


def _opens(master: MasterKey, path: Path) -> bool:
    try:
        master.unwrap(_read_master(path)[1], _CHECK)
    except VaultTampered:
        return False
    return True


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


def destroy(path: Path) -> None:
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
def as_vault_down() -> Iterator[None]:
    """Turn what the disk says into a fault of the vault."""
    try:
        yield
    except OSError as error:
        raise VaultDown(f"the vault's keys can't be used: {error.strerror or error}") from error

"""Puts a vault under another master key, and says which shelves' keys open under one.

Only the keys of shelves are wrapped again, each where it stands, so that no copy under the old
master key stays behind on the disk. A change that broke off is taken up by the same call; until
it is done no gateway starts with either key.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from alos.domain.fault import VaultTampered
from alos.ports.master_key import MasterKey
from alos.store.folder import sync_folder
from alos.store.vault.format import (
    SHELF_SUFFIX,
    bind_shelf,
    pack_shelf_key,
    parse_shelf_path,
    read_shelf_key,
)
from alos.store.vault.keys import NEXT_SUFFIX, ROTATED_FILE, VaultKeys, as_vault_down, destroy

Progress = Callable[[int, int], None]
"""(shelves done, shelves in all)."""


class Rotation(NamedTuple):
    """A change of the master key.

    Attributes:
        shelves: whose keys are under the new one.
        unreadable: shelves' keys that neither opens; they stay as they are.
    """

    before: str
    after: str
    shelves: int
    unreadable: int = 0


def rotate_master(
    keys: VaultKeys, old: MasterKey, new: MasterKey, progress: Progress = lambda _done, _all: None
) -> Rotation:
    """Wrap every shelf's key under ``new`` (blocks); done already, it changes nothing.

    Raises:
        VaultDown: a process uses the vault, it is under neither key, a change to a third one is
            under way, or the disk refuses.
    """
    with as_vault_down(), keys.use(alone=True):
        if keys.is_under(new):
            return Rotation(old.name, new.name, 0)
        keys.begin_rotation(old, new)
        paths = _list_shelf_keys(keys.folder)
        unreadable = 0
        for at, path in enumerate(paths, 1):
            unreadable += not _wrap_again(path, old, new)
            progress(at, len(paths))
        rotation = Rotation(old.name, new.name, len(paths) - unreadable, unreadable)
        keys.end_rotation(" ".join(map(str, rotation)) + "\n")
        return rotation


def list_rotations(folder: Path) -> list[Rotation]:
    """Changes in this key folder that the ledger was not told of yet."""
    with as_vault_down():
        path = folder / ROTATED_FILE
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [
        Rotation(before, after, int(shelves), int(unreadable))
        for before, after, shelves, unreadable in map(str.split, lines)
    ]


def forget_rotations(folder: Path) -> None:
    """The ledger was told."""
    with as_vault_down():
        (folder / ROTATED_FILE).unlink(missing_ok=True)


def list_unreadable(keys: VaultKeys, master: MasterKey) -> tuple[int, list[str]]:
    """(shelves' keys in all, files of those that ``master`` does not open) (blocks).

    Raises:
        VaultDown: the disk or the key service fails.
    """
    with as_vault_down():
        paths = _list_shelf_keys(keys.folder)
        bad = [path for path in paths if _open(path.read_bytes(), path, master) is None]
    return len(paths), [str(path.relative_to(keys.folder)) for path in bad]


def _list_shelf_keys(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*/*{SHELF_SUFFIX}"))


def _open(data: bytes, path: Path, master: MasterKey) -> tuple[int, bytes] | None:
    """(the shelf's number in its pack, its key), where this master key opens it."""
    try:
        number, wrapped = read_shelf_key(data)
        return number, master.unwrap(wrapped, bind_shelf(parse_shelf_path(path)))
    except VaultTampered:
        return None


def _wrap_again(path: Path, old: MasterKey, new: MasterKey) -> bool:
    """Wrap one shelf's key under the new master key; false where neither opens it.

    The new bytes are on disk in a draft before the old ones are overwritten, so that a key that
    is half written is never the only one.
    """
    data, draft = path.read_bytes(), path.with_name(path.name + NEXT_SUFFIX)
    if _open(data, path, new) is None:
        found = _open(data, path, old)
        if found is not None:
            number, key = found
            _write(
                draft, pack_shelf_key(number, new.wrap(key, bind_shelf(parse_shelf_path(path))))
            )
            sync_folder(path.parent)
        elif not draft.exists() or _open(draft.read_bytes(), path, new) is None:
            return False
        _write(path, draft.read_bytes())
    if draft.exists():
        destroy(draft)
    return True


def _write(path: Path, data: bytes) -> None:
    """Write a file where it stands, and wait for the disk."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.pwrite(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

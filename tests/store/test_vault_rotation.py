"""The vault goes under another master key: whole, or broken off and taken up again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alos.domain.fault import VaultDown, VaultTampered
from alos.domain.ids import BodyReference, WorkspaceId
from alos.domain.vault import Gone, Shelf
from alos.store.vault.files import FileVault
from alos.store.vault.keys import VaultKeys
from alos.store.vault.master import FileMasterKey
from alos.store.vault.rotation import (
    Rotation,
    forget_rotations,
    list_rotations,
    list_unreadable,
    rotate_master,
)

OLD, NEW, THIRD = (FileMasterKey(bytes([number]) * 32) for number in range(3))
LABEL = "call_1/request"
Folders = tuple[Path, Path]


class Service:
    """A key service that answers with longer texts, and goes away after some."""

    def __init__(self, left: int = 1000) -> None:
        self._key = NEW
        self.name = "service:1"
        self.left = left

    def wrap(self, key: bytes, context: bytes) -> bytes:
        if not self.left:
            raise VaultDown("the key service can't be reached")
        self.left -= 1
        return b"service" + self._key.wrap(key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        if not wrapped.startswith(b"service"):
            raise VaultTampered("not ours")
        return self._key.unwrap(wrapped.removeprefix(b"service"), context)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return tmp_path / "keys", tmp_path / "bodies"


@pytest.fixture
async def kept(folders: Folders) -> list[BodyReference]:
    """Bodies on six shelves, one of them erased."""
    vault = await FileVault.start(*folders, OLD)
    kept = [
        vault.put(b"body", shelf=Shelf(WorkspaceId(name), "standard", day), label=LABEL)
        for name in ("support", "sales", "legal")
        for day in ("2026-11-24", "2026-11-25")
    ]
    await vault.sync(kept)
    vault.erase(kept[:1])
    await vault.stop()
    return kept


def keys_of(folders: Folders) -> VaultKeys:
    return VaultKeys(*folders, OLD)


async def read_all(folders: Folders, kept: list[BodyReference], master: object) -> None:
    vault = await FileVault.start(*folders, master)  # type: ignore[arg-type]
    found = [vault.get(reference, label=LABEL) for reference in kept]
    await vault.stop()
    assert found == [Gone.ERASED, *[b"body"] * 5]


@pytest.mark.parametrize("new", [NEW, Service()], ids=["file", "service"])
async def test_everything_reads_under_the_new_key_and_nothing_opens_under_the_old(
    folders: Folders, kept: list[BodyReference], new: FileMasterKey | Service
) -> None:
    before = [path.read_bytes()[8:] for path in folders[0].glob("*/*.shelf")]
    told: list[tuple[int, int]] = []
    done = rotate_master(keys_of(folders), OLD, new, lambda *at: told.append(at))
    assert done == Rotation(OLD.name, new.name, 6)
    assert told[-1] == (6, 6)
    await read_all(folders, kept, new)
    with pytest.raises(VaultDown, match=f"is under master key {new.name}, not {OLD.name}"):
        await FileVault.start(*folders, OLD)
    assert list_unreadable(keys_of(folders), OLD)[0] == len(
        list_unreadable(keys_of(folders), OLD)[1]
    )
    assert list_unreadable(keys_of(folders), new) == (6, [])
    left = b"".join(path.read_bytes() for path in folders[0].rglob("*") if path.is_file())
    assert len(before) == 6
    assert not any(wrapped in left for wrapped in before)
    assert not list(folders[0].rglob("*.next"))


@pytest.mark.parametrize("wraps", range(7))
async def test_a_change_that_broke_off_is_ended_by_the_next_call(
    folders: Folders, kept: list[BodyReference], wraps: int
) -> None:
    service = Service(wraps)
    with pytest.raises(VaultDown, match="service can't be reached"):
        rotate_master(keys_of(folders), OLD, service)
    if wraps == 0:
        await read_all(folders, kept, OLD)  # nothing had begun
    else:
        for master in (OLD, service):
            with pytest.raises(VaultDown, match=r"change .* to service:1 is not done"):
                await FileVault.start(*folders, master)
        with pytest.raises(VaultDown, match="a change to service:1 is not done"):
            rotate_master(keys_of(folders), OLD, THIRD)
    service.left = 1000
    assert rotate_master(keys_of(folders), OLD, service).shelves == 6
    await read_all(folders, kept, service)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def mix(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[30:40] = bytes(10)
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [cut, empty, mix])
async def test_a_shelf_s_key_that_was_half_overwritten_comes_from_its_draft(
    folders: Folders, kept: list[BodyReference], tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """As the power leaves it: the draft is on disk, the key under it is neither old nor new."""
    shutil.copytree(tmp_path, tmp_path.with_name("after"))
    after = tmp_path.with_name("after") / "keys", tmp_path.with_name("after") / "bodies"
    rotate_master(keys_of(after), OLD, NEW)
    service = Service(1)
    with pytest.raises(VaultDown):
        rotate_master(keys_of(folders), OLD, service)
    (folders[0] / "master.next").write_bytes((after[0] / "master").read_bytes())
    path = next(iter(sorted(folders[0].glob("*/*.shelf"))))
    draft = path.with_name(path.name + ".next")
    draft.write_bytes((after[0] / path.relative_to(folders[0])).read_bytes())
    harm(path)
    assert rotate_master(keys_of(folders), OLD, NEW) == Rotation(OLD.name, NEW.name, 6)
    await read_all(folders, kept, NEW)
    shutil.rmtree(after[0].parent)


async def test_nobody_uses_the_vault_meanwhile(
    folders: Folders, kept: list[BodyReference]
) -> None:
    vault, second = [await FileVault.start(*folders, OLD) for _ in range(2)]
    with pytest.raises(VaultDown, match="a gateway uses it"):
        rotate_master(keys_of(folders), OLD, NEW)
    await vault.stop()
    with pytest.raises(VaultDown, match="a gateway uses it"):
        rotate_master(keys_of(folders), OLD, NEW)
    await second.stop()
    with (
        keys_of(folders).use(alone=True),
        pytest.raises(VaultDown, match="master key is being changed"),
    ):
        await FileVault.start(*folders, OLD)
    await read_all(folders, kept, OLD)


async def test_a_key_that_is_not_the_vault_s_changes_nothing(
    folders: Folders, kept: list[BodyReference]
) -> None:
    with pytest.raises(VaultDown, match=f"is under {OLD.name}, not {THIRD.name}"):
        rotate_master(keys_of(folders), THIRD, NEW)
    assert rotate_master(keys_of(folders), THIRD, OLD).shelves == 0  # it is under that one already
    await read_all(folders, kept, OLD)


async def test_a_shelf_that_neither_key_opens_is_counted_and_named(
    folders: Folders, kept: list[BodyReference]
) -> None:
    lost = sorted(folders[0].glob("*/*.shelf"))[2]
    mix(lost)
    assert rotate_master(keys_of(folders), OLD, NEW) == Rotation(OLD.name, NEW.name, 5, 1)
    assert list_unreadable(keys_of(folders), NEW) == (6, [str(lost.relative_to(folders[0]))])
    assert len(kept) == 6


async def test_what_the_ledger_is_told_waits_until_it_was_told(
    folders: Folders, kept: list[BodyReference]
) -> None:
    assert kept
    rotate_master(keys_of(folders), OLD, NEW)
    rotate_master(keys_of(folders), NEW, THIRD)
    assert list_rotations(folders[0]) == [
        Rotation(OLD.name, NEW.name, 6),
        Rotation(NEW.name, THIRD.name, 6),
    ]
    forget_rotations(folders[0])
    forget_rotations(folders[0])
    assert list_rotations(folders[0]) == []

"""The vault on files: what it survives, what it finds out, what it forgets."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from alos.domain.fault import VaultDown, VaultTampered
from alos.domain.ids import WorkspaceId
from alos.domain.vault import BodyPlace, ErasedBodies, Gone, Shelf
from alos.store.live_writer import Disk
from alos.store.vault.files import FileVault
from alos.store.vault.master import (
    FileMasterKey,
    MasterKeyBadError,
    create_master_key,
    read_master_key,
)

SHELF = Shelf(WorkspaceId("support"), "standard", "2026-11-25")
BODY = b'{"messages":[{"role":"user","content":"where is my parcel?"}]}'
LABEL = "call_1/request"
MASTER = FileMasterKey(bytes(32))


class BrokenDisk:
    """A disk that refuses as long as it is told to."""

    def __init__(self) -> None:
        self.refuses = False

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.refuses:
            raise OSError(28, "No space left on device")
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        if self.refuses:
            raise OSError(5, "Input/output error")
        os.fdatasync(descriptor)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "keys", tmp_path / "bodies"


@pytest.fixture
async def vault(folders: tuple[Path, Path]) -> AsyncIterator[FileVault]:
    opened = await FileVault.start(*folders, MASTER)
    yield opened
    await opened.stop()


def _only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


async def test_bodies_outlive_the_process_that_wrote_them(folders: tuple[Path, Path]) -> None:
    first = await FileVault.start(*folders, MASTER)
    reference = first.put(BODY, shelf=SHELF, label=LABEL)
    await first.stop()
    second = await FileVault.start(*folders, MASTER)
    assert second.get(reference, label=LABEL) == BODY
    await second.stop()


async def test_many_callers_share_batches_and_each_finds_its_own_body(vault: FileVault) -> None:
    async def one(number: int) -> None:
        shelf = SHELF._replace(workspace=WorkspaceId(f"team-{number % 7}"))
        reference = vault.put(b"%d" % number * 50, shelf=shelf, label=str(number))
        await vault.sync([reference])
        assert vault.get(reference, label=str(number)) == b"%d" % number * 50

    async with asyncio.TaskGroup() as group:
        for number in range(500):
            group.create_task(one(number))
    assert vault.metrics.batches < 50


async def test_the_loop_goes_on_while_the_disk_is_slow(folders: tuple[Path, Path]) -> None:
    def slow_sync(descriptor: int) -> None:
        import time  # noqa: PLC0415

        time.sleep(0.2)
        os.fdatasync(descriptor)

    vault = await FileVault.start(*folders, MASTER, disk=Disk(sync=slow_sync))
    reference = vault.put(BODY, shelf=SHELF, label=LABEL)
    waiting = asyncio.ensure_future(vault.sync([reference]))
    turns = 0
    while not waiting.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert turns > 20
    await vault.stop()


async def test_nothing_of_a_body_or_key_is_readable_on_disk(
    vault: FileVault, folders: tuple[Path, Path]
) -> None:
    reference = vault.put(BODY, shelf=SHELF, label=LABEL)
    await vault.sync([reference])
    everything = b"".join(path.read_bytes() for f in folders for path in f.rglob("*.*"))
    assert b"parcel" not in everything
    assert all(path.stat().st_mode & 0o077 == 0 for f in folders for path in f.rglob("*"))


async def test_an_erased_body_can_t_be_read_from_a_backup_of_bodies_alone(
    vault: FileVault, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    keys, bodies = folders
    reference = vault.put(BODY, shelf=SHELF, label=LABEL)
    purged = vault.put(BODY, shelf=SHELF._replace(retention_class="short"), label=LABEL)
    await vault.sync([reference, purged])
    shutil.copytree(bodies, tmp_path / "backup")
    vault.erase([reference])
    vault.purge(SHELF._replace(retention_class="short"))
    restored = await FileVault.start(keys, tmp_path / "backup", MASTER)
    assert restored.get(reference, label=LABEL) is Gone.ERASED
    assert restored.get(purged, label=LABEL) is Gone.ERASED
    await restored.stop()


async def test_a_purged_shelf_gives_its_room_back_and_is_still_known_as_erased(
    vault: FileVault, folders: tuple[Path, Path]
) -> None:
    reference = vault.put(BODY, shelf=SHELF, label=LABEL)
    await vault.sync([reference])
    assert vault.purge(SHELF) == ErasedBodies(erased=1)
    assert not list(folders[1].rglob("*.bodies"))
    assert not list(folders[0].rglob("*.shelf"))
    assert vault.get(reference, label=LABEL) is Gone.ERASED


async def test_a_shelf_that_was_purged_takes_new_bodies(vault: FileVault) -> None:
    held = vault.put(BODY, shelf=SHELF, label=LABEL)
    await vault.sync([held])
    vault.hold([held])
    vault.purge(SHELF)
    await asyncio.sleep(0)
    again = vault.put(BODY, shelf=SHELF, label=LABEL)
    await vault.sync([again])
    assert vault.get(again, label=LABEL) == BODY
    assert vault.get(held, label=LABEL) == BODY


async def test_a_body_moved_to_another_call_is_found_out(
    vault: FileVault, folders: tuple[Path, Path]
) -> None:
    mine, theirs = (vault.put(body, shelf=SHELF, label=LABEL) for body in (b"a" * 9, b"b" * 9))
    await vault.sync([mine, theirs])
    path = _only(folders[1], "*/*.bodies")
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(data[half:] + data[:half])
    for reference in (mine, theirs):
        with pytest.raises(VaultTampered):
            vault.get(reference, label=LABEL)


async def test_a_body_moved_with_its_key_is_found_out(
    vault: FileVault, folders: tuple[Path, Path]
) -> None:
    mine, theirs = (vault.put(body, shelf=SHELF, label=LABEL) for body in (b"a" * 9, b"b" * 9))
    await vault.sync([mine, theirs])
    slots = _only(folders[0], "*/*.slots")
    data = slots.read_bytes()
    slots.write_bytes(data[64:] + data[:64])
    for reference in (mine, theirs):
        with pytest.raises(VaultTampered):
            vault.get(reference, label=LABEL)


async def test_every_changed_byte_of_a_body_or_its_key_is_found_out(
    vault: FileVault, folders: tuple[Path, Path]
) -> None:
    reference = vault.put(b"hello", shelf=SHELF, label=LABEL)
    await vault.sync([reference])
    slots = _only(folders[0], "*/*.slots")
    spare = {1}  # a byte of a slot that means nothing
    for path, skipped in ((_only(folders[1], "*/*.bodies"), set[int]()), (slots, spare)):
        whole = path.read_bytes()
        for at in range(len(whole)):
            if at in skipped:
                continue
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
            with pytest.raises(VaultTampered):
                vault.get(reference, label=LABEL)
        path.write_bytes(whole)
    assert vault.get(reference, label=LABEL) == b"hello"


async def test_a_vault_does_not_start_under_another_master_key(
    folders: tuple[Path, Path],
) -> None:
    await (await FileVault.start(*folders, MASTER)).stop()
    with pytest.raises(VaultDown, match="is under master key file:"):
        await FileVault.start(*folders, FileMasterKey(b"x" * 32))


async def test_a_full_disk_loses_what_it_says_and_recovers_by_itself(
    folders: tuple[Path, Path],
) -> None:
    broken = BrokenDisk()
    vault = await FileVault.start(*folders, MASTER, disk=Disk(broken.write, broken.sync))
    before = vault.put(BODY, shelf=SHELF, label=LABEL)
    await vault.sync([before])
    broken.refuses = True
    lost = vault.put(BODY, shelf=SHELF, label=LABEL)
    with pytest.raises(VaultDown):
        await vault.sync([lost])
    assert vault.is_down
    with pytest.raises(VaultDown):
        vault.put(BODY, shelf=SHELF, label=LABEL)
    broken.refuses = False
    await asyncio.sleep(1.05)
    after = vault.put(BODY, shelf=SHELF, label=LABEL)
    await vault.sync([after])
    with pytest.raises(VaultDown):
        await vault.sync([lost])
    assert vault.get(before, label=LABEL) == vault.get(after, label=LABEL) == BODY
    assert vault.get(lost, label=LABEL) is Gone.UNKNOWN
    await vault.stop()


def test_a_master_key_file_that_is_open_to_others_or_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret" / "master.key"
    with pytest.raises(MasterKeyBadError, match="there is no master key"):
        read_master_key(path)
    made = create_master_key(path)
    assert read_master_key(path).name == made.name
    with pytest.raises(MasterKeyBadError, match="can't be made"):
        create_master_key(path)
    path.chmod(0o640)
    with pytest.raises(MasterKeyBadError, match="open to others"):
        read_master_key(path)
    path.chmod(0o600)
    spoil: list[Callable[[str], str]] = [
        lambda text: text[:-3],
        lambda text: text.upper().replace("ALOS", "other"),
        lambda text: text[:0],
    ]
    whole = path.read_text(encoding="ascii")
    for change in spoil:
        path.write_text(change(whole), encoding="ascii")
        with pytest.raises(MasterKeyBadError, match="holds no master key"):
            read_master_key(path)


def test_a_reference_survives_being_written_and_read() -> None:
    place = BodyPlace(SHELF._replace(retention_class="customer_data@support-replies"), "0a", 3, 9)
    assert BodyPlace.parse(place.write()) == place

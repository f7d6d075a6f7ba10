"""What every vault does, whatever it keeps its bodies in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alos.domain.fault import VaultTampered
from alos.domain.ids import BodyReference, WorkspaceId
from alos.domain.vault import BodyPlace, ErasedBodies, Gone, Shelf
from alos.ports.vault import MemoryVault, Vault
from alos.store.vault.files import FileVault
from alos.store.vault.master import FileMasterKey

SHELF = Shelf(WorkspaceId("support"), "standard", "2026-11-25")
OTHER = Shelf(WorkspaceId("billing"), "standard", "2026-11-25")


@pytest.fixture(params=["memory", "files"])
async def vault(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Vault]:
    if request.param == "memory":
        yield MemoryVault()
        return
    master = FileMasterKey(bytes(range(32)))
    files = await FileVault.start(tmp_path / "keys", tmp_path / "bodies", master)
    yield files
    await files.stop()


async def test_a_body_comes_back_as_it_was_put(vault: Vault) -> None:
    bodies = [b"", b"{}", bytes(range(256)) * 5000]
    references = [
        vault.put(body, shelf=SHELF, label=f"call_{number}/answer")
        for number, body in enumerate(bodies)
    ]
    await vault.sync(references)
    for number, (body, reference) in enumerate(zip(bodies, references, strict=True)):
        assert vault.get(reference, label=f"call_{number}/answer") == body


async def test_a_body_is_not_given_out_under_another_label(vault: Vault) -> None:
    reference = vault.put(b"hello", shelf=SHELF, label="call_1/answer")
    await vault.sync([reference])
    with pytest.raises(VaultTampered):
        vault.get(reference, label="call_2/answer")


async def test_an_erased_body_is_gone_and_its_neighbours_stay(vault: Vault) -> None:
    first, second = (
        vault.put(text, shelf=SHELF, label="call_1/answer") for text in (b"first", b"second")
    )
    await vault.sync([first, second])
    assert vault.erase([first]) == ErasedBodies(erased=1)
    assert vault.get(first, label="call_1/answer") is Gone.ERASED
    assert vault.get(second, label="call_1/answer") == b"second"
    assert vault.erase([first]) == ErasedBodies(gone=1)


async def test_nothing_erases_what_is_on_hold_until_it_is_released(vault: Vault) -> None:
    held, loose = (vault.put(b"x", shelf=SHELF, label="a") for _ in range(2))
    await vault.sync([held, loose])
    assert vault.hold([held]) == 1
    assert vault.purge(SHELF) == ErasedBodies(erased=1, held=1)
    assert vault.erase([held]) == ErasedBodies(held=1)
    assert vault.get(held, label="a") == b"x"
    assert vault.get(loose, label="a") is Gone.ERASED
    assert vault.release([held]) == 1
    assert vault.purge(SHELF) == ErasedBodies(erased=1)
    assert vault.get(held, label="a") is Gone.ERASED


async def test_purging_a_shelf_leaves_the_others(vault: Vault) -> None:
    mine = vault.put(b"mine", shelf=SHELF, label="a")
    theirs = vault.put(b"theirs", shelf=OTHER, label="a")
    await vault.sync([mine, theirs])
    assert list(vault.list_shelves()) == [OTHER, SHELF]
    assert vault.purge(SHELF) == ErasedBodies(erased=1)
    assert list(vault.list_shelves()) == [OTHER]
    assert vault.get(mine, label="a") is Gone.ERASED
    assert vault.get(theirs, label="a") == b"theirs"
    assert vault.purge(SHELF) == ErasedBodies()


async def test_a_place_where_nothing_was_put_is_unknown(vault: Vault) -> None:
    nowhere = BodyPlace(SHELF, "00000000", 7, 700).write()
    assert vault.get(nowhere, label="a") is Gone.UNKNOWN
    assert vault.erase([nowhere]) == ErasedBodies(gone=1)
    assert vault.hold([nowhere]) == 0


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "b1",
        "b2.2026-11-25.standard.support.00000000.0.0",
        "b1.2026-11-25.standard.../../etc.00000000.0.0",
        "b1.2026-11-25.standard.support./etc/passwd.0.0",
        "b1.2026-13-25.standard.support.00000000.0.0",
        "b1.2026-11-25.standard.support.00000000.-1.00",
    ],
)
async def test_what_is_no_reference_is_never_looked_for(vault: Vault, reference: str) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        vault.get(BodyReference(reference), label="a")


@pytest.mark.parametrize("name", ["", "..", "a/b", "a.b", "a\n", "ü"])
async def test_a_shelf_with_a_name_that_is_no_plain_word_is_refused(
    vault: Vault, name: str
) -> None:
    for shelf in (
        SHELF._replace(workspace=WorkspaceId(name)),
        SHELF._replace(retention_class=name),
    ):
        with pytest.raises(ValueError, match="shelf's names"):
            vault.put(b"x", shelf=shelf, label="a")

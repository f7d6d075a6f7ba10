"""`alos vault`: another master key, and whether the present one opens everything."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alos.cli.vault import app
from alos.domain.ids import BodyReference, WorkspaceId
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.vault import Gone, Shelf
from alos.server.bootstrap.vault import open_vault
from alos.server.folder import Folder, open_folder
from alos.server.settings import SettingsError, VaultPaths
from tests.pipeline.conversation import MemoryJournal
from tests.store.samples import ManualClock

SHELF = Shelf(WorkspaceId("support"), "standard", "2026-11-25")
LABEL = "call_1/request"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("ALOS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALOS_VAULT_MASTER_KEY", str(tmp_path / "old.key"))
    return open_folder(tmp_path / "home", dev=False)


@pytest.fixture
def keys(folder: Folder) -> tuple[Path, Path]:
    """Files of two master keys; the vault is under the first."""
    found = [folder.path.parent / name for name in ("old.key", "new.key")]
    for path in found:
        assert run("create-key", path).exit_code == 0
    return found[0], found[1]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def serve(
    folder: Folder, master: Path, reference: BodyReference | None = None
) -> tuple[BodyReference, bytes | Gone, list[NoteEntry]]:
    """Start and stop as a gateway does: put or read a body; with what it told the ledger."""

    async def use() -> tuple[BodyReference, bytes | Gone, list[NoteEntry]]:
        journal = MemoryJournal()
        paths = VaultPaths(master_key=master)
        vault = await open_vault(folder, paths, journal, ManualClock())
        used = reference or vault.put(b"body", shelf=SHELF, label=LABEL)
        await vault.sync([used])
        found = vault.get(used, label=LABEL)
        await vault.stop()
        notes = [one for one in journal.entries if isinstance(one, NoteEntry)]
        return used, found, notes

    return asyncio.run(use())


def test_a_vault_goes_under_another_key_and_the_ledger_is_told_once(
    folder: Folder, keys: tuple[Path, Path]
) -> None:
    old, new = keys
    reference, _, notes = serve(folder, old)
    assert notes == []
    result = run("rotate-key", new)
    assert result.exit_code == 0, result.output
    assert "1 shelves went from file:" in result.stdout
    assert f"ALOS_VAULT_MASTER_KEY={new}" in result.stdout
    _, found, (note,) = serve(folder, new, reference)
    assert found == b"body"
    assert note.kind is NoteKind.VAULT_KEY_ROTATED
    facts = dict(note.facts)
    assert (facts["shelves"], facts["unreadable"]) == ("1", "0")
    assert facts["before"] != facts["after"]
    assert serve(folder, new, reference)[2] == []
    with pytest.raises(SettingsError, match="is under master key"):
        serve(folder, old, reference)


def test_a_check_names_what_the_key_does_not_open(folder: Folder, keys: tuple[Path, Path]) -> None:
    old, _ = keys
    serve(folder, old)
    result = run("check")
    assert (result.exit_code, "1 of 1 shelves open" in result.stdout) == (0, True)
    (shelf,) = (folder.path / "vault-keys").glob("*/*.shelf")
    shelf.write_bytes(shelf.read_bytes()[:-1] + b"x")
    result = run("check")
    assert result.exit_code == 1
    assert f"WRONG  {shelf.parent.name}/{shelf.name} does not open" in result.stdout
    assert "0 of 1 shelves open" in result.stdout


def test_a_lost_or_replaced_key_shows(
    folder: Folder, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = keys
    serve(folder, old)
    name = (folder.path / "vault-keys" / "master").read_text().split()[0]
    monkeypatch.setenv("ALOS_VAULT_MASTER_KEY", str(new))
    result = run("check")
    assert result.exit_code == 2
    assert f"the vault is under master key {name}, not file:" in result.output
    monkeypatch.setenv("ALOS_VAULT_MASTER_KEY", str(old))
    old.unlink()
    result = run("check")
    assert result.exit_code == 2
    assert f"The vault is under {name}: without that key nobody reads" in result.output
    assert run("rotate-key", new).exit_code == 2


def test_the_next_key_must_not_lie_in_the_data_folder(
    folder: Folder, keys: tuple[Path, Path]
) -> None:
    serve(folder, keys[0])
    inside = folder.path / "new.key"
    assert run("create-key", inside).exit_code == 0
    result = run("rotate-key", inside)
    assert result.exit_code == 2
    assert "lies in the data folder" in result.output
    assert run("check").exit_code == 0

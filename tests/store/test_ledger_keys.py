from pathlib import Path

import pytest

from alos.store.ledger_keys import KeyFile, KeyFileBadError


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "keys/ledger.key"
    key, change = KeyFile(path, "alos/one").open()
    assert key.verify_key.name == "alos/one"
    assert (change.key, change.previous, change.is_vouched) == (key.verify_key, None, False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyFile(path, "alos/one").open()[0].verify_key == key.verify_key


def test_a_rotated_key_is_vouched_for_by_the_one_before(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "ledger.key", "alos/one")
    old, _ = file.open()
    file.rotate()
    new, change = file.open()
    assert new.verify_key != old.verify_key
    assert (change.key, change.previous) == (new.verify_key, old.verify_key)
    assert change.is_vouched
    assert (tmp_path / "ledger.key").stat().st_mode & 0o777 == 0o600
    assert old.to_secret_text() not in (tmp_path / "ledger.key").read_text()


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    KeyFile(path, "alos/one").open()
    path.chmod(0o644)
    with pytest.raises(KeyFileBadError, match="chmod"):
        KeyFile(path, "alos/one").open()


def test_the_key_of_another_ledger_is_refused(tmp_path: Path) -> None:
    KeyFile(tmp_path / "ledger.key", "alos/one").open()
    with pytest.raises(KeyFileBadError, match="another"):
        KeyFile(tmp_path / "ledger.key", "alos/two").open()


@pytest.mark.parametrize("text", ["", "PRIVATE+KEY+x\n", "no key\nfollows\n"])
def test_a_damaged_key_file_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(KeyFileBadError):
        KeyFile(path, "alos/one").open()


def test_a_key_that_does_not_exist_is_not_rotated(tmp_path: Path) -> None:
    with pytest.raises(KeyFileBadError, match="no key"):
        KeyFile(tmp_path / "ledger.key", "alos/one").rotate()

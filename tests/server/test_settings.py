"""Credentials come from outside and never show."""

import pickle
from pathlib import Path

import pytest

from alos.server.settings import Secret, SettingsError, resolve_credential


def test_a_secret_does_not_show_and_does_not_serialize() -> None:
    secret = Secret("hush")
    assert "hush" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == "hush"


def test_a_credential_is_read_from_the_environment_or_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM", " value \n")
    path = tmp_path / "credential"
    path.write_text("other\n")
    path.chmod(0o600)
    from_environment = resolve_credential("env:UPSTREAM")
    from_file = resolve_credential(f"file:{path}")
    assert from_environment is not None
    assert from_file is not None
    assert (from_environment.reveal(), from_file.reveal()) == ("value", "other")
    assert resolve_credential("") is None


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:/nowhere/at/all", "vault:x"])
def test_a_credential_that_is_not_there_is_said_so(reference: str) -> None:
    with pytest.raises(SettingsError):
        resolve_credential(reference)


def test_a_credential_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "credential"
    path.write_text("x")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="everybody"):
        resolve_credential(f"file:{path}")

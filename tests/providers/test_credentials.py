import os
import pickle
from pathlib import Path

import pytest

from alos.providers.credentials import Secret, open_credentials


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("sk-very-secret")
    assert {repr(secret), str(secret), f"{secret}", f"{secret!r:>3}", "%s" % secret} == {"***"}  # noqa: UP031
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == "sk-very-secret"


def test_references_name_variables_and_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")
    resolve = open_credentials({"KEY": " from-env "})
    assert _reveal(resolve("env:KEY")) == "from-env"
    assert _reveal(resolve(f"file:{file}")) == "from-file"
    for nothing in (
        "env:OTHER",
        f"file:{tmp_path}/none",
        f"file:{tmp_path}",
        "KEY",
        "",
        "vault:x",
    ):
        assert resolve(nothing) is None


def test_a_rotated_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    resolve = open_credentials({})
    assert _reveal(resolve(f"file:{file}")) == "old"
    file.write_text("newer")
    os.utime(file, ns=(1, 1))
    assert _reveal(resolve(f"file:{file}")) == "newer"


@pytest.mark.parametrize("value", ["", " ", "a\r\nx-evil: 1", "a\x00b", "é"])
def test_a_value_that_can_not_be_a_header_is_no_credential(value: str) -> None:
    assert open_credentials({"KEY": value})("env:KEY") is None


def _reveal(secret: Secret | None) -> str:
    assert secret is not None
    return secret.reveal()

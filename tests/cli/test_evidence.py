import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from alos.cli.evidence import verify_evidence
from tests.ledger.evidence_samples import (
    FIRST,
    STRANGER,
    make_cases,
    make_dev,
    make_document,
    make_erased,
)

CASES = make_cases()


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(verify_evidence)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def write(folder: Path, document: Any) -> Path:
    path = folder / "evidence.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_file_that_holds_says_on_whose_key(tmp_path: Path) -> None:
    path, key = write(tmp_path, make_document()), str(FIRST.verify_key)
    given = run(path, "--key", key)
    assert given.exit_code == 0, given.output
    assert "rests on the key you gave" in given.stdout
    assert "person-dora" in given.stdout
    own = run(path)
    assert own.exit_code == 0
    assert "only on a key that the file itself brought along" in own.stdout
    assert key in own.stdout


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"{FIRST.verify_key}\n")
    path = write(tmp_path, make_document())
    assert run(path, "--key", tmp_path / "key.txt").exit_code == 0


def test_a_file_under_another_key_does_not_hold(tmp_path: Path) -> None:
    result = run(write(tmp_path, make_document()), "--key", str(STRANGER.verify_key))
    assert result.exit_code == 1
    assert "does NOT hold" in result.stdout


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_published_file_gets_its_verdict(tmp_path: Path, case: dict[str, Any]) -> None:
    keys = [word for key in case["keys"] for word in ("--key", key)]
    result = run(write(tmp_path, case["file"]), *keys, "--json")
    assert result.exit_code == (0 if case["holds"] else 1)
    assert json.loads(result.stdout)["holds"] is case["holds"]


def test_evidence_of_a_dev_folder_is_marked(tmp_path: Path) -> None:
    assert run(write(tmp_path, make_dev())).stdout.startswith("DEV")


def test_an_erased_value_is_said_to_be_erased(tmp_path: Path) -> None:
    assert "1 personal values" in run(write(tmp_path, make_erased())).stdout


@pytest.mark.parametrize("text", ["", "no json", "\xff"])
def test_what_is_no_json_is_wrong_use(tmp_path: Path, text: str) -> None:
    path = tmp_path / "evidence.json"
    path.write_bytes(text.encode("latin-1"))
    assert run(path).exit_code == 2
    assert run(tmp_path / "nowhere.json").exit_code == 2
    assert run(path, "--key", "nonsense").exit_code == 2


def test_it_needs_no_configuration_no_folder_and_no_network(tmp_path: Path) -> None:
    path = write(tmp_path, make_document())
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise OSError('no network here')\n"
        "socket.socket.connect = refuse\n"
        "from alos.cli.evidence import verify_evidence\n"
        "import typer\n"
        "sys.argv = ['verify-evidence', sys.argv[1]]\n"
        "typer.run(verify_evidence)\n"
    )
    (tmp_path / "empty").mkdir()
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", program, str(path)],
        cwd=tmp_path / "empty",
        env={"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The evidence holds" in done.stdout
    assert list((tmp_path / "empty").iterdir()) == []

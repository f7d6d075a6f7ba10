import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from alos.cli.ledger import app
from alos.ledger.checkpoint import read_checkpoint
from alos.ledger.note import VerifyKey, decode_base64
from alos.ledger.tree import Frontier, hash_entry
from alos.ledger.verify import verify_evidence
from alos.store.ledger_keys import KeyFile
from alos.store.ledger_outside import read_outside
from alos.store.ledger_witness import GitWitness
from tests.store.ledger_home import CALLS, KEY, ORIGIN, build, forge, rewrite_everything
from tests.store.samples import make_closing

LEAVES = 2 * CALLS + 3


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cli") / "home"
    build(home)
    birth = {"id": ORIGIN.removeprefix("alos/"), "born": "production"}
    (home / "folder.json").write_text(json.dumps(birth))
    return home


@pytest.fixture
def home(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(whole, tmp_path / "home")
    monkeypatch.setenv("ALOS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def read(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def test_a_whole_ledger_verifies_and_says_what_it_was_compared_with(home: Path) -> None:
    result = run("verify")
    assert result.exit_code == 0, result.output
    assert f"{LEAVES} leaves" in result.stdout
    assert "The ledger verifies." in result.stdout
    assert "--outside" in result.stdout
    again = run("verify", "--outside", home / "elsewhere", "--key", str(KEY.verify_key))
    assert again.exit_code == 0
    assert "--outside" not in again.stdout


def test_a_rewritten_ledger_is_a_no_that_names_the_interval(home: Path) -> None:
    forge(home, lambda entries: [*entries[:11], make_closing("call_new"), *entries[12:]])
    rewrite_everything(home)
    result = run("verify", "--outside", home / "elsewhere")
    assert result.exit_code == 1
    assert "rewritten between leaf 8" in result.stdout
    answer = read(run("verify", "--outside", home / "elsewhere", "--json"))
    assert (answer["is_good"], answer["agreed"]["size"], answer["disagreed"]["size"]) == (
        False,
        8,
        14,
    )


def test_a_call_is_proven_by_a_file_that_holds_offline(home: Path) -> None:
    out = home / "evidence.json"
    result = run("prove", "call_04", "--out", out)
    assert result.exit_code == 0
    report = verify_evidence(json.loads(out.read_text()), [KEY.verify_key])
    assert report.is_good
    assert [one.role for one in report.entries] == ["opening", "closing"]
    assert read(run("prove", "call_04")) == json.loads(out.read_text())


@pytest.mark.usefixtures("home")
def test_an_unknown_call_is_a_no() -> None:
    result = run("prove", "call_99")
    assert result.exit_code == 1
    assert "no entry" in result.stderr


def test_an_old_checkpoint_is_shown_to_be_the_beginning(home: Path) -> None:
    notes = read_outside(home / "elsewhere")
    (home / "old.txt").write_text(notes[0])
    result = run("consistency", home / "old.txt", "now", "--json")
    assert result.exit_code == 0
    answer = read(result)
    assert (answer["consistent"], answer["old"]["size"], answer["new"]["size"]) == (
        True,
        8,
        LEAVES,
    )
    assert run("consistency", "8", "14").exit_code == 0


def test_a_checkpoint_of_another_tree_is_a_no(home: Path) -> None:
    note = read_outside(home / "elsewhere")[0].split("\n")
    note[2] = "A" * 43 + "="
    (home / "old.txt").write_text("\n".join(note))
    result = run("consistency", home / "old.txt", "now")
    assert result.exit_code == 1
    assert "is NOT the beginning" in result.stdout


@pytest.mark.parametrize(("old", "new"), [("14", "8"), ("0", "8")])
def test_there_is_no_way_back(home: Path, old: str, new: str) -> None:
    assert home.exists()
    assert run("consistency", old, new).exit_code == 1


def test_an_export_lets_anybody_compute_the_signed_head(home: Path, tmp_path: Path) -> None:
    result = run("export", tmp_path / "out", "--json")
    assert result.exit_code == 0
    assert home.exists()
    tree = Frontier()
    for number, line in enumerate((tmp_path / "out/leaves.jsonl").read_text().splitlines()):
        leaf = json.loads(line)
        assert leaf["leaf"] == number
        assert decode_base64(leaf["hash"]) == hash_entry(decode_base64(leaf["chained"]))
        tree.append(decode_base64(leaf["hash"]))
    head = read_checkpoint((tmp_path / "out/checkpoint.txt").read_text())
    assert (head.size, head.root) == (tree.size, tree.root) == (LEAVES, tree.root)
    about = json.loads((tmp_path / "out/about.json").read_text())
    assert about["keys"] == [{"key": str(KEY.verify_key)}]
    assert run("export", tmp_path / "out").exit_code == 2


def test_the_key_is_rotated_for_the_next_start(home: Path) -> None:
    before, _ = KeyFile(home / "ledger.key", ORIGIN).open()
    answer = read(run("rotate-key", "--json"))
    after, change = KeyFile(home / "ledger.key", ORIGIN).open()
    assert VerifyKey.parse(answer["key"]) == after.verify_key != before.verify_key
    assert VerifyKey.parse(answer["previous"]) == before.verify_key
    assert change.is_vouched


def test_a_place_that_is_no_data_folder_is_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALOS_HOME", str(tmp_path))
    assert run("verify").exit_code == 2
    assert run("prove", "call_1").exit_code == 2


def test_a_folder_without_its_store_is_down(home: Path) -> None:
    (home / "alos.db").unlink()
    assert run("prove", "call_04").exit_code == 3
    assert run("verify", "--key", "nonsense").exit_code == 2
    assert run("verify", "--outside", home / "nowhere").exit_code == 2


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_git_witness_is_asked_directly_and_until_then_the_state_is_unknown(home: Path) -> None:
    assert read(run("verify", "--json"))["outside"] == "unknown"
    assert "Outside: unknown" in run("verify").stdout
    remote = home / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)  # noqa: S603, S607
    subprocess.run(  # noqa: S603 (our own words)
        ["git", "-C", str(remote), "symbolic-ref", "HEAD", "refs/heads/main"],  # noqa: S607
        check=True,
    )
    GitWitness(home / "clone", str(remote)).keep(read_outside(home / "elsewhere"))
    asked = run("verify", "--outside", f"git:{remote}", "--json")
    assert (asked.exit_code, read(asked)["outside"]) == (0, "compared")
    forge(home, lambda entries: [*entries[:11], make_closing("call_new"), *entries[12:]])
    rewrite_everything(home)
    told = run("verify", "--outside", f"git:{remote}")
    assert told.exit_code == 1
    assert "rewritten between leaf 8" in told.stdout
    assert run("verify", "--outside", f"git:{home / 'nowhere.git'}").exit_code == 3

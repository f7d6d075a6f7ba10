import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alos.ledger.note import VerifyKey
from alos.ledger.verify import verify_evidence
from tests.ledger.evidence_samples import FIRST, STRANGER, VECTORS, make_dev, make_document

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "src/alos/data/verifier/verify.js"
TREE_VECTORS = ROOT / "docs/reference/vectors/ledger-tree.json"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own program)
        ["node", str(PROGRAM), *map(str, words)],  # noqa: S607 (whichever node is there)
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def write(folder: Path, document: Any) -> Path:
    path = folder / "evidence.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_the_second_verifier_gives_every_published_verdict() -> None:
    done = run("--vectors", VECTORS, TREE_VECTORS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("come out as published") == 2


def test_it_fails_where_a_published_verdict_is_another(tmp_path: Path) -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    vectors["cases"][0]["holds"] = False
    done = run("--vectors", write(tmp_path, vectors))
    assert done.returncode == 1
    assert "WRONG  a whole file" in done.stdout


def test_it_says_on_whose_key_a_file_rests(tmp_path: Path) -> None:
    path = write(tmp_path, make_document())
    given = run(path, str(FIRST.verify_key))
    assert (given.returncode, given.stderr) == (0, "")
    assert "rests on the key you gave" in given.stdout
    assert "person-dora" in given.stdout
    assert "brought along" in run(path).stdout
    assert run(path, str(STRANGER.verify_key)).returncode == 1


def test_it_marks_evidence_of_a_dev_folder(tmp_path: Path) -> None:
    assert run(write(tmp_path, make_dev())).stdout.startswith("DEV")


def test_wrong_use_is_told_from_a_no(tmp_path: Path) -> None:
    assert run().returncode == 2
    assert run(tmp_path / "nowhere.json").returncode == 2


def test_both_verifiers_agree_on_every_changed_byte(tmp_path: Path) -> None:
    """Single characters of a whole file, changed here and there."""
    text = json.dumps(make_document())
    cases = []
    for at in range(0, len(text), 41):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        try:
            document = json.loads(changed)
        except ValueError:
            continue
        keys = [VerifyKey.parse(str(FIRST.verify_key))]
        holds = verify_evidence(document, keys).is_good
        cases.append(
            {
                "name": f"character {at}",
                "keys": [str(FIRST.verify_key)],
                "holds": holds,
                "file": document,
            }
        )
    assert len(cases) > 50
    done = run("--vectors", write(tmp_path, {"cases": cases}))
    assert done.returncode == 0, done.stdout


def test_it_works_as_a_page_has_it_without_anything_of_node(tmp_path: Path) -> None:
    program = """
        const { readFileSync } = require('node:fs')
        const context = { crypto: globalThis.crypto ?? require('node:crypto').webcrypto,
            TextEncoder, TextDecoder, Uint8Array, atob, btoa }
        require('node:vm').runInNewContext(readFileSync(process.argv[1], 'utf8'), context)
        const file = JSON.parse(readFileSync(process.argv[2], 'utf8'))
        context.alosVerifier.verifyEvidence(file, []).then(report => {
            console.log(JSON.stringify([report.problems, report.entries.length]))
        })
    """
    done = subprocess.run(  # noqa: S603 (our own program)
        ["node", "-e", program, str(PROGRAM), str(write(tmp_path, make_document()))],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert json.loads(done.stdout) == [[], 3], done.stderr


def test_the_page_uses_the_same_program_and_nothing_from_elsewhere() -> None:
    page = (PROGRAM.parent / "verify.html").read_text(encoding="utf-8")
    assert '<script src="verify.js"></script>' in page
    assert "http://" not in page
    assert "https://" not in page
    assert "fetch(" not in page + PROGRAM.read_text(encoding="utf-8")

"""An author's own grader that says true, reads what it should not, or never ends."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alos.cli.author_graders import AuthorGrader, Said, run_grader
from tests.control.eval_desk import EvalDesk
from tests.control.organisation_folder import OrganisationFolder
from tests.e2e.gateway import lay_out_gateway
from tests.e2e.organisation import SUPPORT
from tests.e2e.test_evals import CASES, run, write_golden_set
from tests.e2e.upstream import run_upstream

THIEF = b"""
import glob, os, signal, socket

def grade(given):
    found = [f"environment {name}" for name in os.environ if name != "LC_CTYPE"]
    for path in [f"/proc/{os.getppid()}/environ", "/proc/self/environ", *given["paths"]]:
        try:
            open(path, "rb").read(1)
            found.append(path)
        except OSError:
            pass
    for folder in ("/", "/proc", "/tmp", "/home", "/root", "/run"):
        try:
            found += [folder] if os.listdir(folder) else []
        except OSError:
            pass
    try:
        socket.create_connection(("127.0.0.1", given["port"]), timeout=2)
        found.append("a port")
    except OSError:
        pass
    try:
        os.kill(os.getppid(), 0)
        found.append("its parent")
    except OSError:
        pass
    try:
        open("/tmp/alos-was-here", "w")
        found.append("a file to write")
    except OSError:
        pass
    return {"holds": not found, "why": ", ".join(found)}
"""


def ask(raw: bytes, given: dict[str, Any] | None = None, *, function: str = "grade") -> Said:
    name = "graders/own.py" if function else "graders/own"
    grader = AuthorGrader(case="one", criterion=0, file=name, function=function)
    return run_grader(grader, {name: raw}, given or {"answer": "Paris."})


def test_a_grader_finds_no_key_no_file_no_port_and_nobody_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALOS_KEY", "alos_secret")
    kept = tmp_path / "sessions.json"
    kept.write_text("a session")
    paths = [str(kept), str(Path(__file__)), "/etc/passwd", f"/proc/{os.getpid()}/environ"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = {"paths": paths, "port": server.getsockname()[1]}
        said = ask(THIEF, given)
    assert said == Said(holds=True, why="")


def test_the_thief_would_find_all_that_if_it_were_not_confined(tmp_path: Path) -> None:
    """The attack is one: outside of its confinement the same program finds plenty."""
    file = tmp_path / "own.py"
    file.write_bytes(THIEF)
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = {"paths": ["/etc/passwd"], "port": server.getsockname()[1]}
        call = "import json,sys; sys.path.insert(0, '.'); from own import grade; "
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", f"{call} print(grade(json.load(sys.stdin))['why'])"],
            input=json.dumps(given).encode(),
            cwd=tmp_path,
            env={"ALOS_KEY": "alos_secret"},
            capture_output=True,
            check=True,
        )
    for one in (b"environment ALOS_KEY", b"/etc/passwd", b"environ", b"/proc", b"a port"):
        assert one in done.stdout
    assert b"a file to write" in done.stdout
    Path("/tmp/alos-was-here").unlink()  # noqa: S108 - what the thief left


@pytest.mark.parametrize(
    ("raw", "function", "why"),
    [
        (b"def grade(given): return 'yes'", "grade", "its output is not"),
        (b"def grade(given): return {'holds': True, 'score': 1}", "grade", "its output is not"),
        (b"def grade(given): return {'holds': 1}", "grade", "its output is not"),
        (b"def grade(given): print('true'); return True", "grade", "its output is not"),
        (b"def grade(given): raise ValueError", "grade", "it ended with status 1"),
        (b"def other(given): return True", "grade", "it ended with status 1"),
        (b"#!/bin/sh\nyes\n", "", "it ended with status"),
        (b"no program", "", "it ended with status 91"),
        (b"def grade(given): return [0] * 10**10", "grade", "it ended with status"),
    ],
)
def test_what_says_nothing_in_the_form_says_nothing(raw: bytes, function: str, why: str) -> None:
    said = ask(raw, function=function)
    assert said.holds is None
    assert said.why.startswith(why)


def test_one_that_never_ends_is_ended() -> None:
    endless = AuthorGrader(case="one", criterion=0, file="graders/own")
    files = {"graders/own": b"#!/bin/sh\nsleep 60 &\nsleep 60\n"}
    said = run_grader(endless, files, {}, timeout_seconds=1)
    assert (said.holds, said.why) == (None, "it did not end in 1 s")


async def test_what_an_author_adds_to_the_score_is_not_counted(tmp_path: Path) -> None:
    """A heavy criterion of the author's that holds would lift a low threshold over the bar."""
    desk = EvalDesk(tmp_path)
    await desk.load()
    path = tmp_path / "workflows" / SUPPORT / "evals" / "happy.yaml"
    head, case, *rest = path.read_text().split("\n  - id: ")
    assert "must_pass: true" not in case
    criterion = (
        "    criteria:\n      - {kind: policy, grader: command, file: graders/x, weight: 9}"
    )
    case = case.replace("    criteria:", criterion, 1) + "\n    threshold: 0.9"
    path.write_text("\n  - id: ".join([head, case, *rest]))
    (tmp_path / "workflows" / SUPPORT / "graders").mkdir()
    (tmp_path / "workflows" / SUPPORT / "graders" / "x").write_text("#!/bin/sh\n")
    name = case.split("\n", maxsplit=1)[0]
    desk.answers.failing = {name}
    run_, plan = await desk.start(desk.upload())
    answers = await desk.call_all(run_, plan)
    await desk.evals.hand_in(run_.id, answers)
    yes = [
        author_grade(call)
        for call in answers
        if desk.evals._desks[run_.id].answers[call].text.startswith("REFUND")
    ]
    await desk.evals.hand_in(run_.id, {}, yes)
    result = await desk.end(run_.id)
    found = next(one for one in result["results"] if one["case"] == name)
    assert found["state"] == "failed"
    assert result["author_supplied"] == [name]


@pytest.mark.parametrize(
    ("criterion", "raw", "words"),
    [
        ("grader: command, file: graders/x", None, "names a file that is not there"),
        ("grader: command, file: graders/x", "print(1)", "can't be started"),
        ("grader: python, file: graders/x, function: grade", "pass", ""),
    ],
)
def test_a_grader_that_can_not_run_blocks_the_release(
    tmp_path: Path, criterion: str, raw: str | None, words: str
) -> None:
    folder = OrganisationFolder(tmp_path)
    path = tmp_path / "workflows" / SUPPORT / "evals" / "happy.yaml"
    own = f"    criteria:\n      - {{kind: policy, {criterion}}}"
    path.write_text(path.read_text().replace("    criteria:", own, 1))
    if raw is not None:
        folder.write(f"workflows/{SUPPORT}/graders/x", raw)
    found = [one.message for one in folder.load().problems if "grader `" in one.message]
    assert len(found) == bool(words)
    assert all(words in one for one in found)


def author_grade(call: Any) -> Any:
    from alos.control.eval_desk import AuthorGrade  # noqa: PLC0415

    return AuthorGrade(call=call, criterion=0, holds=True, why="sure")


def git(folder: Path, *words: str) -> None:
    subprocess.run(  # noqa: S603 - git with arguments of ours
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com", *words],  # noqa: S607
        check=True,
        capture_output=True,
    )


def test_a_grader_brought_along_by_the_change_is_not_the_one_that_runs() -> None:
    """The base's says no; the pull request's own says true, and does not run."""
    with run_upstream() as upstream, lay_out_gateway(upstream) as gateway:
        gateway.upstream.says = "Paris."
        write_golden_set(gateway.config)
        folder = gateway.config / "workflows" / SUPPORT
        path = folder / "evals" / "all.yaml"
        text = path.read_text()
        own = "      - {kind: policy, grader: python, file: graders/own.py, function: grade}\n"
        at = text.index("  - id: case-3")
        before = text[at:].replace("    criteria:\n", f"    criteria:\n{own}", 1)
        path.write_text(text[:at] + before)
        (folder / "graders").mkdir()
        (folder / "graders" / "own.py").write_text("def grade(given): return False\n")
        git(gateway.config, "init", "-q", "-b", "main")
        git(gateway.config, "add", "-A")
        git(gateway.config, "commit", "-qm", "base")
        gateway.start()
        (folder / "graders" / "own.py").write_text("def grade(given): return True\n")

        done = run(gateway, "run", "--base", "HEAD", "--json")
        result = json.loads(done.stdout)
        found = next(one for one in result["results"] if one["case"] == "case-3")
        assert found["state"] == "failed"
        assert found["tries"][0]["reasons"] == ["python (author-supplied): it says no"]
        assert (result["passed"], result["author_supplied"]) == (CASES - 1, ["case-3"])

        done = run(gateway, "run", "--json")
        found = next(one for one in json.loads(done.stdout)["results"] if one["case"] == "case-3")
        assert found["state"] == "error"
        assert "--base" in found["tries"][0]["reasons"][0]

"""Runs the author's own graders: the base branch's version, alone, and without anything to take.

Such a program is somebody's code in CI. It is taken from the commit that the pull request would
change, so nobody brings a grader and what it grades along; it gets an empty environment and an
empty folder, reaches no file of the job, no key and no port (:mod:`alos.cli.confine`), and says
one thing in one form. What it says can only take away, and every result names it.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alos.cli import confine

TIMEOUT_SECONDS = 20.0
"""Wall clock; CPU time has a bound of its own."""
_LARGEST_OUTPUT = 64 * 1024
_LONGEST_WHY = 200
_CALL_FUNCTION = (
    "import importlib.util,json,sys;"
    "spec=importlib.util.spec_from_file_location('grader',sys.argv[1]);"
    "made=importlib.util.module_from_spec(spec);spec.loader.exec_module(made);"
    "given=json.load(sys.stdin);"
    "said=getattr(made,sys.argv[2])(given);"
    "json.dump(said if isinstance(said,dict) else {'holds':said},sys.stdout)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorGrader:
    """A criterion that a program of the author's decides.

    Attributes:
        criterion: its place in the case.
        file: path in the bundle, ``graders/<name>``.
        function: of a Python file; empty for a command.
    """

    case: str
    criterion: int
    file: str
    function: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a program said; ``holds`` is ``None`` where it said nothing that counts."""

    holds: bool | None
    why: str = ""


def run_grader(
    grader: AuthorGrader,
    files: Mapping[str, bytes],
    given: Mapping[str, Any],
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Said:
    """Run one program on one answer.

    Args:
        grader: which.
        files: the base's files; those below ``graders/`` are laid out for it.
        given: what it reads on standard input, as one JSON object.
        timeout_seconds: after so long it is ended, and has said nothing.
    """
    if grader.file not in files:
        return Said(
            holds=None,
            why=f"{grader.file} is not in the base branch; it counts from the next change on",
        )
    with tempfile.TemporaryDirectory(prefix="alos-grader-") as folder:
        for path, raw in files.items():
            if path.startswith("graders/"):
                _write(Path(folder) / path, raw)
        (Path(folder) / "tmp").mkdir()
        program = str(Path(folder) / grader.file)
        python = [sys.executable, "-I", "-S"]
        command = [program]
        if grader.function:
            command = [*python, "-B", "-c", _CALL_FUNCTION, program, grader.function]
        command = [*python, str(confine.__file__), folder, *command]
        return _run(command, folder, given, timeout_seconds)


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    path.chmod(0o700)


def _run(
    command: Sequence[str], folder: str, given: Mapping[str, Any], timeout_seconds: float
) -> Said:
    """Input and output are files, so that neither a flood nor a child left behind holds us up."""
    asked, answered = Path(folder) / "tmp" / "given.json", Path(folder) / "tmp" / "said.json"
    asked.write_text(json.dumps(given), encoding="utf-8")
    with asked.open("rb") as stdin, answered.open("wb") as stdout:
        process = subprocess.Popen(  # noqa: S603 - the confined program; no shell
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        try:
            status = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return Said(holds=None, why=f"it did not end in {timeout_seconds:g} s")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status == confine.EXIT_UNCONFINED:
        return Said(
            holds=None, why="this machine can't confine it; that takes Linux with Landlock"
        )
    if status != 0:
        return Said(holds=None, why=f"it ended with status {status}")
    with answered.open("rb") as stdout:
        return read_output(stdout.read(_LARGEST_OUTPUT + 1))


def read_output(output: bytes) -> Said:
    """What counts is one JSON object with ``holds`` and at most ``why``; all else says nothing."""
    form = 'its output is not {"holds": true|false, "why": "…"}'
    if len(output) > _LARGEST_OUTPUT:
        return Said(holds=None, why=form)
    try:
        said = json.loads(output)
    except ValueError:
        return Said(holds=None, why=form)
    if not isinstance(said, dict) or not {"holds"} <= said.keys() <= {"holds", "why"}:
        return Said(holds=None, why=form)
    holds, why = said["holds"], said.get("why", "")
    if not isinstance(holds, bool) or not isinstance(why, str):
        return Said(holds=None, why=form)
    return Said(holds=holds, why=why[:_LONGEST_WHY])

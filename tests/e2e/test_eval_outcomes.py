"""Whole runs that do not go well: each ends in words of its own, and none in a pass."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import INPUT_NANOUSD, OUTPUT_NANOUSD, SUPPORT
from tests.e2e.processes import get_child_environment
from tests.e2e.test_evals import CASES, run, write_golden_set
from tests.e2e.upstream import COMPLETION_TOKENS, PROMPT_TOKENS, run_upstream

ONE_CALL_USD = (PROMPT_TOKENS * INPUT_NANOUSD + COMPLETION_TOKENS * OUTPUT_NANOUSD) / 1e9
RUBRIC = "      - {kind: policy, grader: judge, rubric: It names a city.}\n"
VERDICT = '{"holds": true, "why": "Paris is one."}'
"""As an answer it names Paris, and as a judge's it is in the form."""


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_upstream() as upstream, lay_out_gateway(upstream) as made:
        write_golden_set(made.config)
        made.start()
        yield made


@pytest.fixture(autouse=True)
def folder(gateway: Gateway, tmp_path: Path) -> Iterator[Path]:
    """The workflow's folder, as it was for every test."""
    made = gateway.config / "workflows" / SUPPORT
    shutil.copytree(made, tmp_path / "kept")
    gateway.upstream.says = "Paris."
    gateway.upstream.bodies.clear()
    yield made
    shutil.rmtree(made)
    shutil.copytree(tmp_path / "kept", made)


def edit(folder: Path, before: str, after: str, *, count: int = -1, file: str = "") -> None:
    path = folder / (file or "evals/all.yaml")
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, count))


def read(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.returncode == 1, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["verdict"] != "pass"
    return result


def test_a_judge_takes_part_and_is_paid_for(gateway: Gateway, folder: Path) -> None:
    edit(folder, "    criteria:\n", f"    criteria:\n{RUBRIC}", count=5)
    gateway.upstream.says = VERDICT
    done = run(gateway, "run", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["passed"] == CASES
    assert float(result["cost_usd"]) == pytest.approx((CASES + 5) * ONE_CALL_USD)
    assert len(gateway.upstream.bodies) == CASES + 5


def test_a_judge_of_nonsense_decides_nothing(gateway: Gateway, folder: Path) -> None:
    edit(folder, "    criteria:\n", f"    criteria:\n{RUBRIC}", count=5)
    result = read(run(gateway, "run", "--json"))
    assert result["verdict"] == "inconclusive"
    assert "undecided_cases" in result["causes"]
    assert result["errors"] == 5
    reasons = {one["tries"][0]["reasons"][0] for one in result["results"][:5]}
    assert reasons == {"judge: the judge's verdict is no JSON"}


def test_a_run_stops_before_its_spend_cap_and_fails(gateway: Gateway, folder: Path) -> None:
    cap = "0.01"
    edit(folder, "max_cost_usd: 0.50", f"max_cost_usd: {cap}", file="workflow.yaml")
    gateway.upstream.bills = (PROMPT_TOKENS, 400)
    try:
        done = run(gateway, "gate", "--json", "--concurrency", "2")
    finally:
        gateway.upstream.bills = (PROMPT_TOKENS, COMPLETION_TOKENS)
    result = read(done)
    assert result["verdict"] == "fail"
    assert "over_cost" in result["causes"]
    assert 0 < float(result["cost_usd"]) <= float(cap)
    assert 0 < result["passed"] < CASES
    assert result["passed"] + result["errors"] + result["skipped"] == CASES
    assert "spend cap leaves no room" in done.stderr


def test_an_empty_set_starts_nothing(gateway: Gateway, folder: Path) -> None:
    for path in (folder / "evals").iterdir():
        path.unlink()
    done = run(gateway, "gate")
    assert done.returncode == 1
    assert "golden set is empty" in done.stderr
    assert gateway.upstream.bodies == []


def test_an_id_that_stands_twice_is_told_by_name(gateway: Gateway, folder: Path) -> None:
    edit(folder, "- id: case-5\n", "- id: case-4\n")
    done = run(gateway, "gate")
    assert done.returncode == 1
    assert "evals/all.yaml case-4: the case id also stands in evals/all.yaml" in done.stderr
    assert gateway.upstream.bodies == []


def test_an_interrupted_run_is_taken_up_and_nothing_is_called_twice(
    gateway: Gateway, folder: Path
) -> None:
    edit(folder, "input: Question", 'input: "[[trickle]] Question', count=-1)
    edit(folder, "?\n", '?"\n', count=-1)
    words = ["eval", "gate", SUPPORT, "--config", str(gateway.config), "--gateway", gateway.url]
    words += ["--json", "--concurrency", "4"]
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", "alos", *words],
        env={**get_child_environment(), "ALOS_HOME": str(gateway.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (kept := list((gateway.home / "evals").glob("*.jsonl"))) or (
        kept[0].read_text().count("\n") < 6
    ):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    name = kept[0].stem
    assert f"--resume {name}" in stderr
    done_before = kept[0].read_text().count("\n")
    assert done_before < CASES

    other = gateway.create_key(SUPPORT)
    refused = run(gateway, "gate", "--resume", name, "--key", other)
    assert refused.returncode == 1
    assert "name the one it was begun with" in refused.stderr

    done = run(gateway, "gate", "--json", "--resume", name)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert (result["run"], result["passed"], result["extra_answers"]) == (name, CASES, 0)
    assert len(gateway.upstream.bodies) == CASES
    assert list((gateway.home / "evals").iterdir()) == []

"""Whole eval runs by command, with the real model behind the gateway; nothing is scripted."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alos.control.calls import show_call
from alos.domain.ids import CallId
from alos.providers.local_model import MODEL_NAME
from tests.e2e.gateway import Gateway
from tests.e2e.organisation import QUESTIONS, get_path
from tests.e2e.processes import get_child_environment

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def config(gateway: Gateway, tmp_path: Path) -> Path:
    """The organisation's files with a bundle that asks for short answers."""
    shutil.copytree(gateway.config, tmp_path / "org")
    path = tmp_path / "org" / get_path(QUESTIONS)
    text = path.read_text()
    assert "max_output_tokens: 32000" in text
    path.write_text(text.replace("max_output_tokens: 32000", "max_output_tokens: 40"))
    return tmp_path / "org"


def run(
    gateway: Gateway, config: Path, verb: str, *words: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own words
        [
            *(sys.executable, "-m", "alos", "eval", verb, QUESTIONS, "--config", str(config)),
            *("--gateway", gateway.url, "--concurrency", "1", "--json", *words),
        ],
        env={**get_child_environment(), "ALOS_HOME": str(gateway.home)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_set_is_run_judged_and_signed_over_what_the_model_said(
    gateway: Gateway, config: Path
) -> None:
    done = run(gateway, config, "gate")
    assert done.returncode in {0, 1}, done.stderr
    result = json.loads(done.stdout)
    assert done.returncode == (0 if result["verdict"] == "pass" else 1)
    assert (result["errors"], result["skipped"]) == (0, 0), result["results"]
    assert result["passed"] + result["failed"] == result["cases"] >= 10
    assert 0 < result["lower_bound"] < result["rate"]
    assert any(one.endswith(f": {MODEL_NAME}") for one in result["models"])
    assert float(result["cost_usd"]) > 0
    answered = [one for one in result["results"] if float(one["tries"][0]["cost_usd"]) > 0]
    details = show_call(gateway.index, CallId(answered[0]["tries"][0]["call"]))
    assert details is not None
    assert details["record"]["release"] == result["digest"]
    runs = gateway.manage("GET", f"/api/v1/eval-runs?workflow={QUESTIONS}")[1]
    assert next(one for one in runs if one["run"] == result["run"])["intact"] is True


def test_the_small_model_is_found_to_be_no_judge(
    gateway: Gateway, config: Path, tmp_path: Path
) -> None:
    """It has 135 million parameters; whatever it says, it does not agree beyond chance."""
    path = config / "workflows" / QUESTIONS / "evals" / "happy.yaml"
    rubric = (
        "    criteria:\n      - {kind: correctness, grader: judge, rubric: It says two weeks.}\n"
    )
    path.write_text(path.read_text().replace("    criteria:\n", rubric, 1))
    good = [
        f"You book travel two weeks ahead{end}" for end in (".", "!", ", please.", " or more.")
    ]
    bad = [f"You book it {when}." for when in ("tomorrow", "in May", "at noon", "on the day")]
    lines = ["labels:"]
    for number in range(20):
        holds = number % 2 == 0
        answer = (good if holds else bad)[number // 2 % 4] + " " * (number // 8)
        lines += [
            "  - case: travel-ahead",
            f"    answer: {json.dumps(answer)}",
            f"    holds: {json.dumps(holds)}",
        ]
    labels = tmp_path / "labels.yaml"
    labels.write_text("\n".join(lines) + "\n")
    done = run(gateway, config, "calibrate", "--labels", str(labels))
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["outcome"] in {"unreadable", "chance", "weak"}, found["disagreements"][:2]
    assert (found["labels"], found["unanswered"]) == (20, 0)

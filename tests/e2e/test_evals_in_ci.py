"""`alos eval gate` in CI against a production folder: no key anywhere, the job's own token."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.ci_issuer import CiIssuer, run_ci_issuer
from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import SUPPORT
from tests.e2e.processes import get_child_environment
from tests.e2e.test_evals import CASES, write_golden_set
from tests.e2e.upstream import run_upstream

ACTION = Path(__file__).parents[2] / "actions" / "eval-gate" / "action.yml"
AUDIENCE = "https://alos.example.com"
SUBJECT = "repo:acme/answers:pull_request"
CLAIMS = {"sub": SUBJECT, "repository": "acme/answers"}


def write_section(issuer: CiIssuer) -> str:
    return f"""sign_on:
  workload_issuers:
    github: {{issuer: "{issuer.url}", audience: "{AUDIENCE}"}}
  workloads:
    ci-evals:
      issuer: github
      claims: {{repository: [acme/answers]}}
      service_account: support-console
      workflows: [{SUPPORT}]
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[CiIssuer]:
    with run_ci_issuer() as made:
        yield made


@pytest.fixture(scope="module")
def gateway(issuer: CiIssuer) -> Iterator[Gateway]:
    changes = (("alos.yaml", "roles:\n", write_section(issuer) + "roles:\n"),)
    with (
        run_upstream() as upstream,
        lay_out_gateway(upstream, changes=changes, dev=False) as made,
    ):
        write_golden_set(made.config)
        made.start()
        yield made


@pytest.fixture(autouse=True)
def good_claims(issuer: CiIssuer) -> None:
    issuer.claims, issuer.lives_seconds = CLAIMS, 300


def run_job(
    gateway: Gateway, issuer: CiIssuer, *words: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """A step of a CI job on a machine that has no data folder and no key."""
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "alos", *words],
        env={
            **get_child_environment(),
            **issuer.get_environment(),
            "ALOS_HOME": str(gateway.folder / "runner"),
            "ALOS_URL": gateway.url,
            "ALOS_AUDIENCE": AUDIENCE,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def gate(gateway: Gateway, issuer: CiIssuer, *words: str, **environment: str) -> object:
    config = str(gateway.config)
    return run_job(
        gateway, issuer, "eval", "gate", SUPPORT, "--config", config, *words, **environment
    )


def test_a_job_gates_by_its_own_token_and_the_result_says_which_job(
    gateway: Gateway, issuer: CiIssuer
) -> None:
    done = gate(gateway, issuer, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert (result["verdict"], result["passed"]) == ("pass", CASES)
    assert (result["by"], result["by_kind"]) == ("support-console", "workload")
    assert result["is_ci"] is True
    assert result["identity"] == f"{issuer.url} {SUBJECT}"


def test_a_run_outlives_its_tokens(gateway: Gateway, issuer: CiIssuer) -> None:
    before = issuer.given
    issuer.lives_seconds = 30  # each is as good as over for the client, which renews early
    done = gate(gateway, issuer, "--json", "--concurrency", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert issuer.given - before > CASES


@pytest.mark.parametrize(
    "claims", [{**CLAIMS, "repository": "acme/other"}, {**CLAIMS, "repository": ["acme/answers"]}]
)
def test_a_job_of_another_repository_is_refused(
    gateway: Gateway, issuer: CiIssuer, claims: dict[str, object]
) -> None:
    issuer.claims = claims
    done = gate(gateway, issuer)
    assert done.returncode == 1
    assert "Refused" in done.stderr


def test_a_job_without_the_permission_is_told_so(gateway: Gateway, issuer: CiIssuer) -> None:
    done = gate(gateway, issuer, ACTIONS_ID_TOKEN_REQUEST_TOKEN="wrong")
    assert done.returncode == 3
    assert "id-token: write" in done.stderr


def test_nobody_without_a_token_gates_in_production(gateway: Gateway, issuer: CiIssuer) -> None:
    done = gate(gateway, issuer, ACTIONS_ID_TOKEN_REQUEST_URL="")
    assert done.returncode == 1
    assert "alos login" in done.stderr


# --- the action, as GitHub runs it ------------------------------------------------------------


@pytest.fixture
def checkout(gateway: Gateway, tmp_path: Path) -> tuple[Path, str]:
    """A clone of the pull request's head alone, and the commit that it would change."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    shutil.copytree(gateway.config, origin)

    def git(*words: str, at: Path = origin) -> str:
        who = ("-c", "user.name=fay", "-c", "user.email=fay@example.com")
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(at), *who, *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    git("add", "-A")
    git("commit", "-q", "-m", "as it is")
    base = git("rev-parse", "HEAD")
    prompt = origin / "workflows" / SUPPORT / "prompts" / "draft-reply.md"
    prompt.write_text(prompt.read_text() + "\nBe brief.\n")
    (prompt.parents[1] / "decisions" / "0002-be-brief.md").write_text(
        "# Be brief\n\n## What changed\n\nThe prompt asks for short answers.\n\n"
        "## Why\n\nAgents cut the long ones.\n\n"
        "## Expected impact\n\nDrafts get shorter and quicker to read.\n\n"
        "## Rollback plan\n\nRoll back to the digest before.\n"
    )
    git("add", "-A")
    git("commit", "-q", "-m", "be brief")
    git("clone", "-q", "--depth=1", f"file://{origin}", str(clone), at=tmp_path)
    return clone, base


@pytest.mark.parametrize(("says", "status"), [("Paris.", 0), ("I don't know.", 1)])
def test_the_actions_own_script_gates_a_clean_checkout(
    gateway: Gateway,
    issuer: CiIssuer,
    checkout: tuple[Path, str],
    tmp_path: Path,
    says: str,
    status: int,
) -> None:
    clone, base = checkout
    step = yaml.safe_load(ACTION.read_text())["runs"]["steps"][0]
    script, command = tmp_path / "step.sh", tmp_path / "bin" / "alos"
    script.write_text(step["run"])
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m alos "$@"\n')
    command.chmod(0o755)
    inputs = {"IN_WORKFLOW": SUPPORT, "IN_CONFIG": ".", "IN_BASE": base, "IN_REPEATS": "1"}
    environment = get_child_environment()
    gateway.upstream.says = says
    try:
        done = subprocess.run(  # noqa: S603
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],  # noqa: S607
            cwd=clone,
            env={
                **environment,
                **issuer.get_environment(),
                **inputs,
                "PATH": f"{command.parent}:{environment['PATH']}",
                "ALOS_HOME": str(tmp_path / "runner"),
                "ALOS_URL": gateway.url,
                "ALOS_AUDIENCE": AUDIENCE,
                "ALOS_KEY": "",
                "RUNNER_TEMP": str(tmp_path),
                "GITHUB_OUTPUT": str(tmp_path / "output"),
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        gateway.upstream.says = "Paris."
    assert done.returncode == status, done.stdout + done.stderr
    report = Path((tmp_path / "output").read_text().strip().removeprefix("report="))
    assert (tmp_path / "summary").read_text() == report.read_text()
    result = json.loads((report.parent / "result.json").read_text())
    assert result["verdict"] == ("pass" if status == 0 else "fail")
    assert len(result["bases"]) == 1, "the base was fetched, and its thresholds bind"
    for name in ("junit.xml", "statement.json"):
        assert (report.parent / name).stat().st_size > 0

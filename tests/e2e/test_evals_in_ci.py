"""`alos eval gate` in CI against a production folder: no key anywhere, the job's own token."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.ci_issuer import CiIssuer, run_ci_issuer
from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import SUPPORT
from tests.e2e.processes import get_child_environment
from tests.e2e.test_evals import CASES, write_golden_set
from tests.e2e.upstream import run_upstream

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

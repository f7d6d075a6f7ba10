"""A Tier 2 bundle's way by commands alone: its gate, its lane, its stage, and its nights."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.control.organisation_folder import NO_WAIVERS
from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import SUPPORT
from tests.e2e.test_evals import CASES, run, write_golden_set
from tests.e2e.upstream import run_upstream

RELEASE = f"{SUPPORT}/1"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_upstream() as upstream, lay_out_gateway(upstream, changes=NO_WAIVERS) as made:
        write_golden_set(made.config)
        made.upstream.says = "Paris."
        made.start()
        yield made


def do(gateway: Gateway, *words: str) -> "subprocess.CompletedProcess[str]":
    done = gateway.cli(*words)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done


def vote(gateway: Gateway, persona: str, role: str) -> None:
    do(gateway, "login", "--as", persona)
    do(gateway, "release", "vote", RELEASE, "--role", role, "--approve")
    do(gateway, "login", "--out")


def list_missing(gateway: Gateway) -> list[str]:
    shown = do(gateway, "release", "show", RELEASE, "--json")
    return [one["code"] for one in json.loads(shown.stdout)["missing"]]


def test_a_pass_of_somebodys_own_is_explained_and_promotes_nothing(gateway: Gateway) -> None:
    assert run(gateway, "gate").returncode == 0
    do(gateway, "release", "submit", str(gateway.config / "workflows" / SUPPORT))
    vote(gateway, "emil", "pm")
    vote(gateway, "dan", "security")
    do(gateway, "release", "wait", "73")
    assert list_missing(gateway) == ["alos_release_eval_not_ci"]
    shown = do(gateway, "release", "show", RELEASE).stdout
    assert "(no CI)" in shown
    assert "has to be CI's" in " ".join(shown.split())
    refused = gateway.cli("release", "promote", RELEASE)
    assert refused.returncode == 1
    assert "eval gate" in refused.stderr


def test_a_machines_pass_promotes_it_and_the_night_finds_what_changed(gateway: Gateway) -> None:
    key = gateway.create_key(SUPPORT, principal="support-console")
    assert run(gateway, "gate", "--key", key).returncode == 0
    assert list_missing(gateway) == []
    do(gateway, "release", "promote", RELEASE)

    quiet = do(gateway, "eval", "nightly", "--gateway", gateway.url)
    assert quiet.stdout.startswith(f"SAME       {RELEASE}  {CASES} of {CASES} passed")

    gateway.upstream.says = "I'm sorry, but I can't help with that."
    found = gateway.cli("eval", "nightly", SUPPORT, "--gateway", gateway.url, "--json")
    assert found.returncode == 1, found.stderr
    drift = json.loads(found.stdout)[0]["drift"]
    assert (drift["outcome"], len(drift["lost"])) == ("regressed", CASES)
    notices = gateway.manage("GET", "/api/v1/notices")[1]
    assert any("worse than when it passed its gate" in one["subject"] for one in notices)


def test_a_workflow_that_does_not_serve_is_said(gateway: Gateway) -> None:
    done = gateway.cli("eval", "nightly", "no-such-workflow", "--gateway", gateway.url)
    assert done.returncode == 1
    assert "No release of no-such-workflow serves." in done.stderr

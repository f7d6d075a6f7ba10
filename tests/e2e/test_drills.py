"""`alos drill` against a running gateway, while other people's calls go through it."""

import asyncio
import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from tests.control.organisation_folder import NO_WAIVERS
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import SUPPORT


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway(changes=NO_WAIVERS) as running:
        folder = running.config / "workflows" / SUPPORT
        done = running.cli("release", "submit", str(folder))
        assert done.returncode == 0, done.stderr
        yield running


@pytest.mark.parametrize("kind", ["kill", "fallback"])
async def test_a_drill_passes_while_everybody_else_is_served(gateway: Gateway, kind: str) -> None:
    key = gateway.create_key(SUPPORT)
    words = ("drill", kind, SUPPORT, "--json")
    drill = asyncio.get_running_loop().run_in_executor(None, gateway.cli, *words)
    statuses = []
    while not drill.done():
        answer = await ask(gateway.port, say("hello"), key=key)
        statuses.append((answer.status, answer.headers.get("x-alos-fallback")))
    done = await drill
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(statuses) == {(HTTPStatus.OK, None)}
    made = json.loads(done.stdout)
    assert made["passed"]
    record = gateway.wait_until_shipped(made["steps"][0]["call"])["record"]
    assert dict(record["facts"])["purpose"] == "drill"
    assert dict(record["facts"])["run"] == made["run"]
    shown = json.loads(gateway.cli("release", "show", f"{SUPPORT}/1", "--json").stdout)
    kept = next(one for one in shown["drills"] if one["kind"] == kind)
    assert (kept["passed"], kept["run"]) == (True, made["run"])


async def test_a_drill_of_what_is_down_fails_and_says_where(gateway: Gateway) -> None:
    golden = gateway.config / "workflows" / SUPPORT / "evals"
    kept = {path: path.read_text() for path in golden.glob("*.yaml")}
    try:
        for path, text in kept.items():
            path.write_text(text.replace("input: ", "input: '[[fail]] ' # ", 1))
        (golden.parent / "decisions" / "0009-broken.md").write_text(
            "# Broken\n\n## What changed\n\nThe golden set asks for a failure.\n\n## Why\n\n"
            "A drill of it has to fail.\n\n## Expected impact\n\nNone on real traffic at all.\n\n"
            "## Rollback plan\n\nRoll back to the digest before.\n"
        )
        done = gateway.cli("release", "submit", str(golden.parent))
        assert done.returncode == 0, done.stderr
    finally:
        for path, text in kept.items():
            path.write_text(text)
    done = gateway.cli("drill", "kill", SUPPORT)
    assert done.returncode == 1
    assert "✗ before: the model answers" in done.stdout
    shown = gateway.cli("release", "show", f"{SUPPORT}/2")
    assert "kill" in shown.stdout
    assert "failed" in shown.stdout

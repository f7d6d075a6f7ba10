"""Schemathesis sends what the OpenAPI document allows, and what it does not, to a real server.

Each endpoint is called as somebody who may (``tests/api/authorization.golden`` says who), half
the time about something that exists. Whatever comes: no fault, and no status that the document
does not name.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.api.test_authorization import GOLDEN
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS

EXAMPLES: Final = int(os.environ.get("ALOS_OPENAPI_EXAMPLES", "2"))  # noqa: TID251 - more by hand
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
_CALLERS: Final = ("ana", "ben", "chloe", "dan", "emil", "fay", "gus")
_ENDERS: Final = (
    "POST /api/v1/logout",
    "POST /api/v1/sessions/{session_id}/end",
    "POST /api/v1/people/{person}/sessions/end",
)
"""They end the sessions that the run is made with, so they come last."""


def list_who_may() -> Mapping[tuple[str, str], str]:
    """The first person who may, by method and path."""
    found: dict[tuple[str, str], str] = {}
    endpoint = ("", "")
    for line in GOLDEN.read_text().splitlines():
        if not line.startswith(" "):
            method, path, _ = line.split(maxsplit=2)
            endpoint = (method, path)
        elif line.endswith("may") and (name := line.split()[0]) in _CALLERS:
            found.setdefault(endpoint, name)
    return found


def sign_in(gateway: Gateway, person: str) -> str:
    status, made = gateway.manage("POST", f"/api/v1/personas/{person}/session")
    assert status == 201, made
    return str(made["token"])


async def make_things(gateway: Gateway) -> dict[str, list[str]]:
    """One of most things, by the name that paths have for them."""

    def make(path: str, body: dict[str, Any] | None = None) -> Any:
        status, made = gateway.manage("POST", path, body)
        assert status in {200, 201}, (path, made)
        return made

    key = make("/api/v1/keys", {"workflows": [QUESTIONS]})
    answer = await ask(gateway.port, say(), key=key["key"])
    assert answer.status == 200, answer.body
    gateway.wait_until_shipped(answer.call)
    hold = make(
        "/api/v1/legal-holds", {"kind": "workflow", "target": QUESTIONS, "reason": "a matter"}
    )
    token = make("/api/v1/directory/tokens", {"name": "okta"})
    return {
        "call_id": [answer.call],
        "id_or_prefix": [key["id"], token["id"]],
        "hold_id": [hold["id"]],
        "workflow": [QUESTIONS, "support-reply-drafting"],
        "person": ["gus"],
    }


def write_config(things: Mapping[str, list[str]], tokens: Mapping[str, str]) -> str:
    """A ``schemathesis.toml``: things that exist, and whose session is used for what."""
    lines = ["seed = 1", 'generation.database = "none"', "generation.deterministic = true"]
    for name, values in things.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines.append("[parameters]")
    for name in things:
        lines.append(f'"path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}')
    for (method, path), person in sorted(list_who_may().items()):
        lines += [
            "[[operations]]",
            f'include-name = "{method} {path}"',
            f'headers = {{ Authorization = "Bearer {tokens[person]}" }}',
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


def run_schemathesis(gateway: Gateway, config: Path, *words: str) -> tuple[int, int]:
    """How many operations were tested, and by how many requests."""
    run = subprocess.run(  # noqa: S603 - our own words
        [
            sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(config),
            "run", f"{gateway.url}/api/openapi.json", "--phases", "coverage,fuzzing",
            "--max-examples", str(EXAMPLES), "--checks", ",".join(CHECKS), "--no-shrink",
            "--continue-on-failure", *words,
        ],
        cwd=config.parent,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )  # fmt: skip
    said = "\n".join(line[:400] for line in run.stdout.splitlines())
    assert run.returncode == 0, f"{said}\n{run.stderr[-2000:]}"
    tested = re.search(r"Tested: (\d+)", said)
    generated = re.search(r"(\d+) generated", said)
    assert tested is not None, said
    assert generated is not None, said
    return int(tested[1]), int(generated[1])


@pytest.mark.timeout(300)
async def test_no_fault_and_no_status_that_the_document_does_not_name(
    gateway: Gateway, tmp_path: Path
) -> None:
    things = await make_things(gateway)
    tokens = {name: sign_in(gateway, name) for name in _CALLERS}
    config = tmp_path / "schemathesis.toml"
    config.write_text(write_config(things, tokens))
    excluded = [word for name in _ENDERS for word in ("--exclude-name", name)]
    included = [word for name in _ENDERS for word in ("--include-name", name)]
    tested, generated = run_schemathesis(gateway, config, *excluded)
    document = json.loads(gateway.get("/api/openapi.json")[1])
    operations = sum(len(one) for one in document["paths"].values())
    assert tested == operations - len(_ENDERS)
    assert generated > 10 * tested
    assert run_schemathesis(gateway, config, *included)[0] == len(_ENDERS)

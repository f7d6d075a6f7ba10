"""Somebody looks for the organisation's own credential at the vendor, wherever anything is said.

A canary stands where the vendor's credential and the identity provider's client secret do. The
vendor quotes it in errors, headers and answers; then every answer, log, metric, file of the data
folder, GET endpoint and ``--json`` is searched for it.
"""

import asyncio
import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS, SUPPORT

pytestmark = pytest.mark.timeout(400)  # a trial runs every command that reads

CANARIES = {
    "without a shape": "correct-horse-" + secrets.token_hex(12),
    "of a vendor's shape": "sk-proj-" + secrets.token_urlsafe(48).replace("-", "x"),
}
CLIENT_SECRET = "client-" + secrets.token_hex(16)
BEHAVIOURS = (
    "plain", "quote", "quote_400", "parrot", "fail", "reject", "garbage", "busy", "breakoff",
    "torn",
)  # fmt: skip
COMMANDS = (
    "call prompts internal-doc-qa", "call search", "call show CALL", "check ORGANISATION",
    "config list", "directory people", "directory tokens", "held list", "key list",
    "key create --workflow internal-doc-qa", "ledger prove CALL", "ledger verify",
    "legal-hold list", "outlook", "release list", "upstreams", "waiver list", "why CALL",
)  # fmt: skip
PATIENT = "    breaker: {failures: 100000}\n"
PEOPLE = ("ana", "ben", "chloe", "dan", "emil", "fay", "gus")


@dataclass
class Trial:
    """Everything that anybody could read, by where it stood."""

    canary: str
    places: dict[str, bytes] = field(default_factory=dict)
    quoted: set[str] = field(default_factory=set)

    def find(self) -> list[str]:
        """Where a canary stands, as it is or encoded."""
        needles = []
        for canary in (self.canary, CLIENT_SECRET):
            raw = canary.encode()
            encoded = base64.b64encode(b"Bearer " + raw)[12:-4]
            needles += [
                raw,
                raw[4:28],
                quote(canary, safe="").encode(),
                raw.hex().encode(),
                encoded,
            ]
        return [where for where, text in self.places.items() for one in needles if one in text]


async def call(gateway: Gateway, workflow: str, trial: Trial) -> str:
    key, call_id = gateway.create_key(workflow), ""
    for name in BEHAVIOURS:
        for stream in (False, True):
            answer = await ask(gateway.port, say(f"[[{name}]] hi", stream=stream), key=key)
            said = json.dumps(answer.headers).encode() + answer.body
            trial.places[f"answer of {workflow} to {name}, {stream=}"] = said
            call_id = answer.call if name == "plain" and not stream else call_id
    return call_id


async def look(gateway: Gateway, trial: Trial, call_id: str) -> None:
    """Every GET endpoint, as everybody."""
    document = json.loads(gateway.get("/api/openapi.json")[1])
    values = {
        "call_id": call_id, "workflow": QUESTIONS, "number": "1", "kind": "request",
    }  # fmt: skip
    for person in PEOPLE:
        token = gateway.manage("POST", f"/api/v1/personas/{person}/session")[1]["token"]
        for path, operations in document["paths"].items():
            if "get" not in operations:
                continue
            filled = path
            for parameter in operations["get"].get("parameters", ()):
                name = parameter["name"]
                filled = filled.replace(f"{{{name}}}", values.get(name, "none"))
            answer = await ask(gateway.port, key=token, method="GET", path=filled)
            said = json.dumps(answer.headers).encode() + answer.body
            trial.places[f"GET {filled} as {person}"] = said


@pytest.fixture(scope="module", params=CANARIES)
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("secrets")
    trial = Trial(CANARIES[request.param])
    (folder / "vendor").write_text(trial.canary)
    (folder / "client").write_text(CLIENT_SECRET)
    section = f"""sign_on:
  issuers:
    main:
      issuer: http://localhost:9
      client_id: alos
      client_secret: file:{folder / "client"}
      domains: [example.com]
"""
    changes = (
        (
            "alos.yaml",
            "    credential: none\n    timeouts",
            f"    credential: file:{folder / 'vendor'}\n{PATIENT}    timeouts",
        ),
        ("alos.yaml", "roles:\n", section + "roles:\n"),
    )
    with run_gateway(changes=changes) as gateway:
        call_id = asyncio.run(call(gateway, QUESTIONS, trial))
        asyncio.run(call(gateway, SUPPORT, trial))
        gateway.wait_until_shipped(call_id)
        asyncio.run(look(gateway, trial, call_id))
        trial.places["metrics"] = gateway.get("/metrics")[1]
        for command in COMMANDS:
            words = command.replace("CALL", call_id).split()
            words = [str(gateway.config) if one == "ORGANISATION" else one for one in words]
            done = gateway.cli(*words, "--json")
            assert done.returncode in {0, 1}, (command, done.stderr)
            trial.places[f"alos {command}"] = (done.stdout + done.stderr).encode()
        assert gateway.stop() == 0
        trial.places["log"] = gateway.log.encode()
        for path in gateway.home.rglob("*"):
            if path.is_file() and path.name != "reserve":
                trial.places[str(path.relative_to(gateway.home))] = path.read_bytes()
        pairs = zip(gateway.upstream.heads, gateway.upstream.bodies, strict=True)
        carried = [body for head, body in pairs if trial.canary.encode() in head]
        trial.quoted = {
            name for name in BEHAVIOURS if any(f"[[{name}]]".encode() in one for one in carried)
        }
        yield trial


def test_it_was_in_use(trial: Trial) -> None:
    assert trial.quoted == set(BEHAVIOURS)
    assert len(trial.places) > 250


def test_it_stands_nowhere(trial: Trial) -> None:
    assert trial.find() == []

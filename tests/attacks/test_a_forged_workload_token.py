"""A machine shows a token that its issuer never made, or made for somebody else.

The gateway runs for real; the issuer's keys are a file, so every token that is good for
something was signed with the one private key that this test holds.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from alos.domain.record import NoteKind, Outcome
from tests.control.issuer import TestIssuer
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import SUPPORT

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = "https://alos.example.com"
REPOSITORY = "acme/answers"


@dataclass
class Installation:
    gateway: Gateway
    issuer: TestIssuer

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())  # noqa: TID251 - the gateway's own clock
        known = {
            "aud": AUDIENCE, "sub": f"repo:{REPOSITORY}:ref:refs/heads/main", "iat": now,
            "exp": now + 300, "repository": REPOSITORY, "nonce": ..., "email": ...,
            "email_verified": ...,
        }  # fmt: skip
        return self.issuer.claims(**{**known, **changes})

    def sign(self, **changes: Any) -> str:
        return self.issuer.sign(self.claims(**changes))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    issuer = TestIssuer(GITHUB)
    keys = tmp_path_factory.mktemp("keys") / "jwks.json"
    keys.write_text(json.dumps(issuer.public_keys()))
    section = f"""sign_on:
  workload_issuers:
    github: {{issuer: {GITHUB}, audience: {AUDIENCE}, jwks_file: {keys}}}
  workloads:
    ci-answers:
      issuer: github
      claims: {{repository: [{REPOSITORY}]}}
      service_account: support-console
      workflows: [{SUPPORT}]
"""
    with run_gateway(changes=(("alos.yaml", "roles:\n", section + "roles:\n"),)) as gateway:
        yield Installation(gateway, issuer)


def sign_with(key: RSAKey, claims: Mapping[str, Any], **header: Any) -> str:
    head = {"alg": "RS256", **header}
    return jws.serialize_compact(head, json.dumps(claims).encode(), key, ["RS256"])


def bring_key(here: Installation) -> str:
    """Its own key, in its own header."""
    key = RSAKey.generate_key(2048, private=True)
    return sign_with(key, here.claims(), kid="mine", jwk=key.as_dict(private=False))


def point_to_key(here: Installation) -> str:
    key = RSAKey.generate_key(2048, private=True)
    return sign_with(key, here.claims(), kid="mine", jku="https://evil.example/keys")


def borrow_key_id(here: Installation) -> str:
    key = RSAKey.generate_key(2048, private=True)
    return sign_with(key, here.claims(), kid=here.issuer.key_id)


def change_claims(here: Installation) -> str:
    """A real token of another repository with its claims exchanged."""
    head, _, signature = here.sign(repository="evil/answers").split(".")
    return ".".join((head, here.sign().split(".")[1], signature))


FORGERIES: Mapping[str, tuple[Callable[[Installation], str], str]] = {
    "nobody signed it": (lambda here: here.issuer.unsigned(here.claims()), "alos_token_bad"),
    "a MAC under the public key": (
        lambda here: here.issuer.confused(here.claims(), pem=True),
        "alos_token_bad",
    ),
    "a key that it brings along": (bring_key, "alos_token_bad"),
    "a key that it points to": (point_to_key, "alos_token_bad"),
    "another key under the same id": (borrow_key_id, "alos_token_bad"),
    "claims that were changed": (change_claims, "alos_token_bad"),
    "another repository's": (
        lambda here: here.sign(repository="evil/answers"),
        "alos_token_bad",
    ),
    "a repository that begins alike": (
        lambda here: here.sign(repository=f"{REPOSITORY}-evil"),
        "alos_token_bad",
    ),
    "made out to somebody else": (
        lambda here: here.sign(aud="https://other.example"),
        "alos_token_bad",
    ),
    "over": (lambda here: here.sign(exp=int(here.claims()["iat"]) - 90), "alos_token_bad"),
    "another issuer's": (
        lambda here: here.sign(iss="https://evil.example"),
        "alos_issuer_unknown",
    ),
    "half a token": (lambda here: here.sign()[:-40], "alos_token_bad"),
    "too long": (lambda here: here.sign(pad="x" * 17_000), "alos_token_bad"),
}


async def test_the_issuers_own_token_is_taken(installation: Installation) -> None:
    """The twin that shows what the refusals below turn on."""
    answer = await ask(installation.gateway.port, say(), key=installation.sign())
    assert answer.status == 200, answer.body
    record = installation.gateway.read_journal().by_call[answer.call]
    assert (record.outcome, record.workflow) == (Outcome.ANSWERED, SUPPORT)


@pytest.mark.parametrize("name", FORGERIES)
async def test_it_is_stopped_and_recorded(installation: Installation, name: str) -> None:
    make, code = FORGERIES[name]
    gateway = installation.gateway
    token = make(installation)
    sent = gateway.upstream.bytes_received
    answer = await ask(gateway.port, say(), key=token)
    assert (answer.status, answer.code) == (401, code)
    assert gateway.upstream.bytes_received == sent
    managed = await ask(gateway.port, key=token, method="GET", path="/api/v1/me")
    assert managed.status == 401
    for said in (answer.body, managed.body, gateway.log.encode()):
        assert token[:60].encode() not in said


def test_the_record_accounts_for_every_attempt(installation: Installation) -> None:
    """Strangers get an entry each up to a rate, then one counted entry for the minute."""
    assert installation.gateway.stop() == 0
    journal = installation.gateway.read_journal()
    codes = {code for _, code in FORGERIES.values()}
    calls = sum(one.reason in codes for one in journal.closings)
    asked = sum(
        dict(one.facts)["reason"] in codes for one in journal.get_notes(NoteKind.CHANGE_REFUSED)
    )
    counted = sum(int(dict(one.facts)["counted"]) for one in journal.get_notes(NoteKind.ANONYMOUS))
    assert calls + asked + counted == 2 * len(FORGERIES)
    assert calls > 0
    assert asked > 0

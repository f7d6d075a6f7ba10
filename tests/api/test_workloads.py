"""Machines that call without a key: whose tokens are taken, at the API and by the pipeline."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alos.domain.refusal import Refusal
from alos.domain.sign_on import Workload
from alos.pipeline.identify import Identify
from tests.api.desk import QUESTIONS, SUPPORT, Desk, open_desk
from tests.control.issuer import NOW, TestIssuer

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = "https://alos.example.com"
SECTION = f"""sign_on:
  workload_issuers:
    github: {{issuer: {GITHUB}, audience: {AUDIENCE}}}
  workloads:
    ci-answers:
      issuer: github
      claims:
        repository: [acme/answers]
        ref: [refs/heads/main, "refs/tags/v*"]
      service_account: support-console
      workflows: [{SUPPORT}]
"""
CLAIMS = {
    "aud": AUDIENCE,
    "sub": "repo:acme/answers:ref:refs/heads/main",
    "repository": "acme/answers",
    "ref": "refs/heads/main",
    "nonce": ...,
    "email": ...,
    "email_verified": ...,
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    changes = (("alos.yaml", "roles:\n", SECTION + "roles:\n"),)
    async with open_desk(tmp_path, changes=changes, issuer=TestIssuer(GITHUB)) as made:
        yield made


def make(desk: Desk, **changes: Any) -> str:
    return desk.issuer.sign(desk.issuer.claims(**{**CLAIMS, **changes}))


async def identify(desk: Desk, token: str, header: bytes = b"authorization") -> Any:
    value = token.encode()
    headers = {header: b"Bearer " + value if header == b"authorization" else value}
    now_unix = desk.clock.seconds
    return await Identify(desk.workloads)(headers, desk.published[-1], now_unix=now_unix)


async def why(desk: Desk, token: str) -> str:
    refusal = await identify(desk, token)
    assert isinstance(refusal, Refusal), "it was taken"
    return refusal.code.value


@pytest.mark.parametrize("header", [b"authorization", b"x-api-key", b"api-key"])
async def test_a_machine_calls_by_the_token_of_where_it_runs(desk: Desk, header: bytes) -> None:
    grant = await identify(desk, make(desk), header)
    assert (grant.principal, grant.identity) == ("support-console", "workload")
    assert (grant.workspace, grant.workflows) == ("support", {SUPPORT})


async def test_a_token_is_verified_once_and_then_costs_no_waiting(desk: Desk) -> None:
    token = make(desk)
    await identify(desk, token)
    asked = len(desk.issuer.asked)
    desk.issuer.down = True
    found = desk.workloads.find(token.encode(), now_unix=desk.clock.seconds)
    assert isinstance(found, Workload)
    for _ in range(100):
        await identify(desk, token)
    assert len(desk.issuer.asked) == asked


async def test_a_remembered_token_ends_when_it_says(desk: Desk) -> None:
    token = make(desk)
    await identify(desk, token)
    desk.clock.seconds = NOW + 300 + 59
    assert not isinstance(await identify(desk, token), Refusal), "clocks may differ"
    desk.clock.seconds += 1
    assert await why(desk, token) == "alos_token_bad"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"repository": "evil/answers"}, "alos_token_bad"),
        ({"repository": "acme/answers2"}, "alos_token_bad"),
        ({"repository": ["acme/answers"]}, "alos_token_bad"),
        ({"repository": ...}, "alos_token_bad"),
        ({"ref": "refs/heads/main2"}, "alos_token_bad"),
        ({"ref": "refs/heads/feature"}, "alos_token_bad"),
        ({"aud": "https://other.example.com"}, "alos_token_bad"),
        ({"aud": ...}, "alos_token_bad"),
        ({"iss": "https://evil.example"}, "alos_issuer_unknown"),
        ({"exp": NOW - 61}, "alos_token_bad"),
        ({"exp": NOW + 90_000}, "alos_token_bad"),
    ],
)
async def test_a_token_that_no_rule_takes_is_refused(
    desk: Desk, changes: dict[str, Any], code: str
) -> None:
    assert await why(desk, make(desk, **changes)) == code


async def test_a_tag_may_be_any_that_begins_right(desk: Desk) -> None:
    assert not isinstance(await identify(desk, make(desk, ref="refs/tags/v2")), Refusal)


async def test_forged_tokens_are_refused(desk: Desk) -> None:
    claims = desk.issuer.claims(**CLAIMS)
    for token in (
        desk.issuer.unsigned(claims), desk.issuer.confused(claims, pem=True), "eyJ", "eyJ.eyJ.",
        "eyJ" + "A" * 20_000,
    ):  # fmt: skip
        assert await why(desk, token) == "alos_token_bad"


async def test_an_issuer_that_is_down_refuses_new_tokens_and_says_so(desk: Desk) -> None:
    desk.issuer.down = True
    assert await why(desk, make(desk)) == "alos_sign_on_down"


async def test_what_a_token_may_do_follows_the_configuration_at_once(desk: Desk) -> None:
    token = make(desk)
    await identify(desk, token)
    await desk.rewrite("alos.yaml", "repository: [acme/answers]", "repository: [acme/other]")
    assert await why(desk, token) == "alos_token_bad"


async def test_a_token_of_a_service_account_that_ended_is_refused(desk: Desk) -> None:
    token = make(desk)
    await identify(desk, token)
    await desk.rewrite("people.yaml", "accountable: ben", "accountable: ben\n    active: false")
    assert await why(desk, token) == "alos_principal_inactive"


async def test_a_rule_across_workspaces_gives_nothing(desk: Desk) -> None:
    await desk.rewrite(
        "alos.yaml", f"workflows: [{SUPPORT}]\n", f"workflows: [{SUPPORT}, {QUESTIONS}]\n"
    )
    assert await why(desk, make(desk)) == "alos_token_bad"


async def test_the_api_knows_a_workload_and_lets_it_do_what_machines_may(desk: Desk) -> None:
    token = make(desk)
    me = (await desk.ask("GET", "/api/v1/me", token=token)).json()
    assert (me["id"], me["kind"], me["method"]) == (
        "support-console", "workload", "workload_token",
    )  # fmt: skip
    assert (me["issuer"], me["roles"]) == (GITHUB, [])
    stop = {"kind": "everything"}
    assert (await desk.ask("POST", "/api/v1/stops", token=token, body=stop)).status_code == 403
    assert (await desk.ask("GET", "/api/v1/keys", token=token)).status_code == 403
    assert (await desk.ask("GET", "/api/v1/sessions", token=token)).status_code == 403

"""Somebody uses an account of their own: at the login, by a key, and after its waiver has ended.

``personal_accounts: yes`` in a workflow is a wish; only a waiver that somebody else granted lets
them in, to that workflow alone, for calling and nothing else, until its end.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from alos.domain.record import NoteKind, Outcome
from tests.api.desk import QUESTIONS, SUPPORT, Desk, open_desk
from tests.api.test_sign_on import SECTION, Browser, assert_refused
from tests.control.issuer import TestIssuer
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import Answer, ask, say

DAY = 86_400
FAY: dict[str, Any] = {"email": "fay@gmail.com", "sub": "sub-fay"}
PERSONAL = ("people.yaml", "email: fay@example.com", "email: fay@gmail.com")
YES = (f"workflows/{QUESTIONS}/workflow.yaml", "personal_accounts: no", "personal_accounts: yes")
WISH = {
    "workflow": QUESTIONS,
    "about": "personal_accounts",
    "reason": "a contractor without an account here",
    "compensating_control": "read weekly",
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    changes = (("alos.yaml", "roles:\n", SECTION + "roles:\n"), PERSONAL, YES)
    async with open_desk(tmp_path, changes=changes, issuer=TestIssuer()) as made:
        yield made


async def ask_for_waiver(desk: Desk) -> str:
    ben = (await desk.sign_in("ben")).token
    body = {**WISH, "ends_at_unix": desk.clock.seconds + DAY // 2}
    answer = await desk.ask("POST", "/api/v1/waivers", token=ben, body=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def grant(desk: Desk, waiver: str) -> None:
    dan = (await desk.sign_in("dan")).token
    answer = await desk.ask("POST", f"/api/v1/waivers/{waiver}/grant", token=dan)
    assert answer.status_code == 201, answer.text


async def test_it_does_not_sign_in_without_a_waiver_that_runs(desk: Desk) -> None:
    assert_login_refused(desk, await Browser(desk).sign_in(**FAY))
    waiver = await ask_for_waiver(desk)
    assert_login_refused(desk, await Browser(desk).sign_in(**FAY))
    await grant(desk, waiver)
    assert (await Browser(desk).sign_in(**FAY)).status_code == 200
    desk.clock.seconds += DAY // 2
    later = {"iat": desk.clock.seconds, "exp": desk.clock.seconds + 300}
    assert_login_refused(desk, await Browser(desk).sign_in(**FAY, **later))


def assert_login_refused(desk: Desk, answer: httpx2.Response) -> None:
    assert answer.status_code == 403
    assert desk.notes(NoteKind.SIGN_IN_REFUSED)[-1]["reason"] == "alos_personal_account"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@gmail.com", "sub": "s1"},
        {"email": "fay+2@gmail.com", "sub": "s2"},
        {"email": "fay@gmail.com", "sub": "s3", "email_verified": False},
        {"email": "fay@gmail.com", "sub": "s4", "email_verified": ...},
        {"email": "fay@evil.org", "sub": "s5"},
        {"email": "chloe@gmail.com", "sub": "s6"},
    ],
)
async def test_a_waiver_lets_in_nobody_whom_the_directory_does_not_list(
    desk: Desk, claims: dict[str, Any]
) -> None:
    await grant(desk, await ask_for_waiver(desk))
    desk.journal.entries.clear()
    reason = "alos_personal_account" if "evil" in claims["email"] else "alos_person_unknown"
    assert_refused(desk, await Browser(desk).sign_in(**claims), reason)


async def test_its_session_ends_with_the_waiver_and_holds_no_role(desk: Desk) -> None:
    waiver = await ask_for_waiver(desk)
    await grant(desk, waiver)
    browser = Browser(desk)
    await browser.sign_in(**FAY)
    me = (await browser.get("/api/v1/me")).json()
    assert (me["id"], me["roles"]) == ("fay", []), "fay is a builder by her group"
    dan = (await desk.sign_in("dan")).token
    await desk.ask("POST", f"/api/v1/waivers/{waiver}/end", token=dan)
    answer = await browser.get("/api/v1/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "alos_personal_account")
    assert desk.notes(NoteKind.CHANGE_REFUSED)[-1]["reason"] == "alos_personal_account"


# --- at the gateway -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway(changes=(PERSONAL, YES)) as running:
        yield running


def call(gateway: Gateway, key: str) -> Answer:
    return asyncio.run(ask(gateway.port, say(), key=key))


def manage(gateway: Gateway, person: str, path: str, body: Any = None) -> Any:
    token = gateway.manage("POST", f"/api/v1/personas/{person}/session")[1]["token"]
    headers = {"content-type": "application/json"}
    answer = asyncio.run(ask(gateway.port, body, key=token, path=path, headers=headers))
    assert answer.status == 201, answer.body
    return answer


def test_its_key_calls_only_what_a_waiver_covers_and_only_while_it_runs(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS, principal="fay")
    refused = call(gateway, key)
    assert (refused.status, refused.code) == (403, "alos_personal_account")
    ends = int(time.time()) + DAY  # noqa: TID251 - the gateway's own clock
    made = manage(gateway, "ben", "/api/v1/waivers", {**WISH, "ends_at_unix": ends})
    waiver = json.loads(made.body)["id"]
    assert call(gateway, key).code == "alos_personal_account", "asked for is not granted"
    manage(gateway, "dan", f"/api/v1/waivers/{waiver}/grant")
    answered = call(gateway, key)
    assert answered.status == 200, answered.body
    other = gateway.create_key(SUPPORT, principal="fay")
    assert call(gateway, other).code == "alos_personal_account", "another workflow says no"
    own = gateway.create_key(QUESTIONS, principal="ben")
    assert call(gateway, own).status == 200
    manage(gateway, "dan", f"/api/v1/waivers/{waiver}/end")
    ended = call(gateway, key)
    assert (ended.status, ended.code) == (403, "alos_personal_account")
    by_call = gateway.read_journal().by_call
    for answer in (refused, ended):
        record = by_call[answer.call]
        assert (record.outcome, record.reason) == (Outcome.REFUSED, "alos_personal_account")
    assert dict(by_call[answered.call].facts)["identity"] == "personal_account"

"""Logging in over HTTP with a provider in memory: the good way, and everything between."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from alos.control.plane import KeyWish
from alos.domain.record import NoteKind
from alos.domain.sign_on import to_challenge
from tests.api.desk import QUESTIONS, Desk, open_desk
from tests.control.issuer import URL as ISSUER
from tests.control.issuer import TestIssuer

VERIFIER = "v" * 43
SECTION = f"""sign_on:
  issuers:
    main:
      issuer: {ISSUER}
      client_id: alos-client
      client_secret: env:OIDC_SECRET
      domains: [example.com]
"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    changes = (("alos.yaml", "roles:\n", SECTION + "roles:\n"),)
    async with open_desk(tmp_path, changes=changes, issuer=TestIssuer()) as made:
        yield made


class Browser:
    """Keeps cookies, follows nothing by itself."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        url = str(httpx2.URL(path, params=query)) if query else path
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self.desk.ask("GET", url, headers={"cookie": jar} if jar else {})
        for made in answer.headers.get_list("set-cookie"):
            name, _, value = made.partition(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in made:
                del self.cookies[name]
        return answer

    async def begin(self, **query: Any) -> str:
        answer = await self.get("/api/v1/login", **query)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def sign_in(self, **changes: Any) -> httpx2.Response:
        """The whole way; ``changes`` are made to the claims of the ID token."""
        brought = self.desk.issuer.authorize(await self.begin(), **changes)
        return await self.get("/api/v1/login/callback", **brought)


@pytest.fixture
def browser(desk: Desk) -> Browser:
    return Browser(desk)


def assert_refused(desk: Desk, answer: httpx2.Response, reason: str) -> None:
    assert answer.status_code in {403, 401, 503}, answer.text
    assert "set-cookie" not in answer.headers or "alos_session" not in answer.headers["set-cookie"]
    assert desk.notes(NoteKind.SIGN_IN_REFUSED)[-1]["reason"] == reason
    assert not desk.notes(NoteKind.SIGNED_IN)


async def test_a_browser_signs_in_and_is_known_by_its_cookie(desk: Desk, browser: Browser) -> None:
    answer = await browser.sign_in()
    assert (answer.status_code, "Chloe Example" in answer.text) == (200, True)
    assert "script" not in answer.headers["content-security-policy"]
    me = (await browser.get("/api/v1/me")).json()
    assert (me["id"], me["method"], me["issuer"]) == ("chloe", "session_cookie", ISSUER)
    assert set(browser.cookies) == {"alos_session"}
    (note,) = desk.notes(NoteKind.SIGNED_IN)
    assert (note["by"], note["issuer"], note["origin"]) == ("chloe", ISSUER, "sign_on")


async def test_what_is_asked_of_the_provider(desk: Desk, browser: Browser) -> None:
    asked = {k: v[0] for k, v in parse_qs(urlsplit(await browser.begin()).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://127.0.0.1:8080/api/v1/login/callback"
    assert "openid" in asked["scope"]
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    await browser.sign_in()
    assert desk.issuer.forms[-1]["basic"] == "('alos-client', 'shh')"
    assert "shh" not in repr(desk.journal.entries)


async def test_the_callbacks_address_is_never_taken_from_the_request(desk: Desk) -> None:
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    answer = await desk.ask("GET", "/api/v1/login", headers=headers)
    assert "evil" not in answer.headers["location"]


async def test_a_command_line_gets_a_session_of_its_own(desk: Desk, browser: Browser) -> None:
    address = await browser.begin(port=50_123, challenge=to_challenge(VERIFIER), state="mine")
    back = await browser.get("/api/v1/login/callback", **desk.issuer.authorize(address))
    target = urlsplit(back.headers["location"])
    assert (target.netloc, back.status_code) == ("127.0.0.1:50123", 303)
    given = {k: v[0] for k, v in parse_qs(target.query).items()}
    assert given["state"] == "mine"
    assert "alos_session" not in browser.cookies, "the browser is not signed in by it"
    wrong = {"code": given["code"], "verifier": "w" * 43}
    right = {"code": given["code"], "verifier": VERIFIER}
    assert (await desk.ask("POST", "/api/v1/login/token", body=wrong)).status_code == 403
    answer = await desk.ask("POST", "/api/v1/login/token", body=right)
    assert answer.status_code == 403, "a code that somebody tried is spent"


async def test_a_code_carried_by_hand_works_once(desk: Desk, browser: Browser) -> None:
    address = await browser.begin(port=0, challenge=to_challenge(VERIFIER))
    page = await browser.get("/api/v1/login/callback", **desk.issuer.authorize(address))
    code = page.text.partition("<code>")[2].partition("</code>")[0]
    body = {"code": code, "verifier": VERIFIER}
    answer = await desk.ask("POST", "/api/v1/login/token", body=body)
    assert (answer.status_code, answer.json()["person"]) == (201, "chloe")
    me = (await desk.ask("GET", "/api/v1/me", token=answer.json()["token"])).json()
    assert (me["id"], me["method"]) == ("chloe", "access_token")
    assert (await desk.ask("POST", "/api/v1/login/token", body=body)).status_code == 403


async def test_a_code_for_a_command_line_ends_soon(desk: Desk, browser: Browser) -> None:
    address = await browser.begin(port=0, challenge=to_challenge(VERIFIER))
    page = await browser.get("/api/v1/login/callback", **desk.issuer.authorize(address))
    code = page.text.partition("<code>")[2].partition("</code>")[0]
    desk.clock.seconds += 120
    body = {"code": code, "verifier": VERIFIER}
    assert (await desk.ask("POST", "/api/v1/login/token", body=body)).status_code == 403


# --- logins that do not belong ---------------------------------------------------------------


async def test_a_state_works_once(desk: Desk, browser: Browser) -> None:
    address = await browser.begin()
    kept = dict(browser.cookies)
    brought = desk.issuer.authorize(address)
    desk.issuer.codes["again"] = dict(desk.issuer.codes[brought["code"]])
    assert (await browser.get("/api/v1/login/callback", **brought)).status_code == 200
    browser.cookies = kept
    answer = await browser.get("/api/v1/login/callback", **{**brought, "code": "again"})
    assert answer.status_code == 403
    assert desk.notes(NoteKind.SIGN_IN_REFUSED)[-1]["reason"] == "alos_login_bad"


async def test_a_replayed_code_opens_nothing(desk: Desk, browser: Browser) -> None:
    brought = desk.issuer.authorize(await browser.begin())
    assert (await browser.get("/api/v1/login/callback", **brought)).status_code == 200
    later = Browser(desk)
    state = parse_qs(urlsplit(await later.begin()).query)["state"][0]
    query = {"state": state, "code": brought["code"]}
    assert (await later.get("/api/v1/login/callback", **query)).status_code == 403
    assert "alos_session" not in later.cookies


async def test_somebody_elses_login_does_not_end_in_this_browser(
    desk: Desk, browser: Browser
) -> None:
    """Login CSRF: an attacker's own good code, opened in a victim's browser."""
    attacker = Browser(desk)
    brought = desk.issuer.authorize(await attacker.begin())
    for cookies in ({}, {"alos_login": "x"}):
        browser.cookies = dict(cookies)
        answer = await browser.get("/api/v1/login/callback", **brought)
        assert answer.status_code == 403
        assert "alos_session" not in browser.cookies


@pytest.mark.parametrize(
    "change",
    [
        {"state": "tampered"},
        {"state": ""},
        {"code": ""},
        {"code": "never-given"},
        {"error": "access_denied"},
        {"iss": "https://evil.example"},
    ],
)
async def test_a_callback_that_was_tampered_with_is_refused(
    desk: Desk, browser: Browser, change: dict[str, str]
) -> None:
    brought = desk.issuer.authorize(await browser.begin()) | change
    answer = await browser.get("/api/v1/login/callback", **brought)
    assert_refused(desk, answer, "alos_login_bad")
    for value in change.values():
        assert value == "" or value not in answer.text, "no refusal quotes what was sent"


async def test_a_state_given_twice_is_none(desk: Desk, browser: Browser) -> None:
    brought = desk.issuer.authorize(await browser.begin())
    path = "/api/v1/login/callback?" + "&".join(f"{k}={v}" for k, v in brought.items())
    answer = await browser.get(path + "&state=other")
    assert_refused(desk, answer, "alos_login_bad")


async def test_a_provider_that_names_itself_must_do_so(desk: Desk, browser: Browser) -> None:
    desk.issuer.metadata["authorization_response_iss_parameter_supported"] = True
    assert_refused(desk, await browser.sign_in(), "alos_login_bad")
    brought = desk.issuer.authorize(await browser.begin()) | {"iss": ISSUER}
    assert (await browser.get("/api/v1/login/callback", **brought)).status_code == 200


async def test_a_login_may_not_take_longer_than_ten_minutes(desk: Desk, browser: Browser) -> None:
    brought = desk.issuer.authorize(await browser.begin())
    desk.clock.seconds += 600
    answer = await browser.get("/api/v1/login/callback", **brought)
    assert_refused(desk, answer, "alos_login_bad")


@pytest.mark.parametrize(
    "changes",
    [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}],
)
async def test_a_token_of_another_login_is_refused(
    desk: Desk, browser: Browser, changes: dict[str, Any]
) -> None:
    assert_refused(desk, await browser.sign_in(**changes), "alos_token_bad")


async def test_a_token_that_nobody_signed_is_refused(desk: Desk, browser: Browser) -> None:
    desk.issuer.token = desk.issuer.unsigned(desk.issuer.claims())
    assert_refused(desk, await browser.sign_in(), "alos_token_bad")
    desk.issuer.token = desk.issuer.confused(desk.issuer.claims(), pem=True)
    assert_refused(desk, await browser.sign_in(), "alos_token_bad")


# --- whose account it is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email": "chloe@gmail.com"}, "alos_personal_account"),
        ({"email": "chloe@outlook.com"}, "alos_personal_account"),
        ({"email": "chloe@example.com.evil.org"}, "alos_personal_account"),
        ({"email": "chloe@evil.org"}, "alos_personal_account"),
        ({"email": "chloe@sub.example.com"}, "alos_personal_account"),
        ({"email": "chloe+2@example.com"}, "alos_person_unknown"),
        ({"email": "stranger@example.com"}, "alos_person_unknown"),
        ({"email": "chl\u043ee@example.com"}, "alos_person_unknown"),
        ({"email": ""}, "alos_person_unknown"),
        ({"email": ["chloe@example.com"]}, "alos_person_unknown"),
        ({"email_verified": False}, "alos_person_unknown"),
        ({"email_verified": ...}, "alos_person_unknown"),
        ({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"}, "alos_personal_account"),
    ],
)
async def test_an_account_that_is_not_the_organisations_is_refused(
    desk: Desk, browser: Browser, changes: dict[str, Any], reason: str
) -> None:
    assert_refused(desk, await browser.sign_in(**changes), reason)


async def test_whoever_left_does_not_come_in(desk: Desk, browser: Browser) -> None:
    await desk.leave("chloe")
    assert_refused(desk, await browser.sign_in(), "alos_person_unknown")


async def test_a_second_account_of_one_person_is_refused(desk: Desk, browser: Browser) -> None:
    assert (await browser.sign_in()).status_code == 200
    answer = await Browser(desk).sign_in(sub="sub-second")
    assert answer.status_code == 403
    assert "another account" in desk.notes(NoteKind.SIGN_IN_REFUSED)[-1]["detail"]


async def test_an_account_stays_its_persons_when_the_address_moves_on(
    desk: Desk, browser: Browser
) -> None:
    """Addresses are given to new people; the provider's own id is not."""
    await browser.sign_in()
    await Browser(desk).sign_in(sub="sub-dan", email="dan@example.com")
    answer = await Browser(desk).sign_in(sub="sub-dan", email="chloe@example.com")
    assert "Dan Example" in answer.text


async def test_an_address_may_come_from_userinfo(desk: Desk, browser: Browser) -> None:
    desk.issuer.userinfo = {
        "sub": "sub-chloe", "email": "chloe@example.com", "email_verified": True,
    }  # fmt: skip
    answer = await browser.sign_in(email=..., email_verified=...)
    assert answer.status_code == 200
    desk.issuer.userinfo["sub"] = "sub-other"
    assert (await Browser(desk).sign_in(email=..., email_verified=...)).status_code == 403


async def test_tenants_are_compared_where_they_are_configured(
    desk: Desk, browser: Browser
) -> None:
    await desk.rewrite(
        "alos.yaml", "domains: [example.com]", "domains: [example.com]\n      tenants: [t1]"
    )
    assert_refused(desk, await browser.sign_in(), "alos_personal_account")
    assert_refused(desk, await browser.sign_in(tid="t2"), "alos_personal_account")
    assert (await browser.sign_in(tid="t1")).status_code == 200


# --- the provider is down ---------------------------------------------------------------------


async def test_with_the_provider_down_sessions_go_on_and_new_logins_fail_clearly(
    desk: Desk, browser: Browser
) -> None:
    await browser.sign_in()
    under_way = Browser(desk)
    brought = desk.issuer.authorize(await under_way.begin())
    desk.issuer.down = True
    desk.clock.seconds += 3_500
    assert (await browser.get("/api/v1/me")).status_code == 200
    me = await browser.get("/api/v1/me")
    headers = {
        "cookie": f"alos_session={browser.cookies['alos_session']}",
        "origin": "http://127.0.0.1:8080", "x-alos-csrf": me.json()["csrf"],
    }  # fmt: skip
    body = {"kind": "everything"}
    answer = await desk.ask("POST", "/api/v1/stops", body=body, headers=headers)
    assert answer.status_code == 201, "stopping needs no provider"
    answer = await Browser(desk).get("/api/v1/login")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "alos_sign_on_down")
    await under_way.get("/api/v1/login/callback", **brought)
    assert len(desk.notes(NoteKind.SIGNED_IN)) == 1


async def test_a_provider_that_fails_at_the_code_says_so(desk: Desk, browser: Browser) -> None:
    brought = desk.issuer.authorize(await browser.begin())
    desk.issuer.down = True
    answer = await browser.get("/api/v1/login/callback", **brought)
    assert (answer.status_code, "nobody new can sign in" in answer.text) == (503, True)


async def test_strangers_begin_only_so_many_logins(desk: Desk) -> None:
    statuses = [(await desk.ask("GET", "/api/v1/login")).status_code for _ in range(40)]
    assert statuses.count(302) == 30
    assert statuses[-1] == 429


async def test_a_person_of_the_file_is_known_by_sign_on_once_they_signed_in(
    desk: Desk, browser: Browser
) -> None:
    """Also after a restart, and not by an issuer that is configured no more."""
    await desk.plane.create_key(
        KeyWish(workflows=(QUESTIONS,), principal="chloe", expires_at_unix=None), by="test"
    )

    def get_identity() -> str:
        (grant,) = desk.published[-1].keys.values()
        return grant.identity

    assert get_identity() == "people_file"
    await browser.sign_in()
    assert get_identity() == "sso"
    await desk.restart()
    assert get_identity() == "sso"
    await desk.rewrite("alos.yaml", ISSUER, "https://another.example.com")
    assert get_identity() == "people_file"

"""Logging in with identity providers that others wrote, and with what can go wrong between.

PyPI's oidc-provider-mock runs always; npm's certified oidc-provider where ``ALOS_TEST_NPM=1``
lets it be installed. The two differ where it matters: the first puts the address into the ID
token and takes any code verifier (it keeps no challenge), the second puts it into userinfo,
wants PKCE, and refuses a wrong one.
"""

import json
import os
import shutil
import subprocess
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from alos.directory.identity_http import HttpIdentityProviders
from alos.domain.record import NoteKind
from alos.domain.sign_on import to_challenge
from tests.api.desk import Desk, open_desk
from tests.api.test_sign_on import Browser, assert_refused
from tests.directory.providers import (
    NPM_PACKAGE,
    SCRIPT,
    Program,
    Provider,
    agree,
    run_provider,
    start_mock,
    start_npm,
)

CALLBACK = "/api/v1/login/callback"
BAD_TOKENS = ("audience", "nonce", "none", "signature", "issuer", "not ours")


@pytest.fixture(scope="module", params=["oidc-provider-mock", "oidc-provider"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    if request.param == "oidc-provider-mock":
        return start_mock
    if os.environ.get("ALOS_TEST_NPM") != "1":  # noqa: TID251 - a test asks whether to download
        pytest.skip("set ALOS_TEST_NPM=1 to have npm install oidc-provider and run it")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("oidc-provider")
    shutil.copy(SCRIPT, folder / SCRIPT.name)
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", NPM_PACKAGE]
    subprocess.run(install, cwd=folder, check=True, timeout=120)  # noqa: S603 - our own words
    return start_npm(folder)


@pytest.fixture(scope="module")
def running(program: Program) -> Iterator[Provider]:
    with run_provider(program) as made:
        yield made


@pytest.fixture(scope="module")
def other(program: Program) -> Iterator[Provider]:
    """Another company's, of the same make."""
    with run_provider(program) as made:
        yield made


@pytest.fixture
def provider(running: Provider) -> Provider:
    wire = running.wire
    wire.forms.clear()
    wire.change_form, wire.change_token, wire.down = None, None, False
    return running


@pytest.fixture
async def desk(tmp_path: Path, provider: Provider) -> AsyncIterator[Desk]:
    section = f"""sign_on:
  issuers:
    main:
      issuer: {provider.metadata()["issuer"]}
      client_id: alos-client
      client_secret: env:OIDC_SECRET
      domains: [example.com]
"""
    changes = (("alos.yaml", "roles:\n", section + "roles:\n"),)
    async with open_desk(tmp_path, changes=changes, providers=HttpIdentityProviders()) as made:
        made.clock.seconds = int(time.time())  # noqa: TID251 - the provider's own clock
        yield made


async def sign_in(browser: Browser, **changes: str) -> httpx2.Response:
    brought = agree(await browser.begin()) | changes
    return await browser.get(CALLBACK, **brought)


async def test_a_person_signs_in(desk: Desk, provider: Provider) -> None:
    browser = Browser(desk)
    answer = await sign_in(browser)
    assert (answer.status_code, "Chloe Example" in answer.text) == (200, True), answer.text
    me = (await browser.get("/api/v1/me")).json()
    assert (me["id"], me["issuer"]) == ("chloe", provider.wire.url)


async def test_the_verifier_that_is_sent_is_that_of_the_challenge(
    desk: Desk, provider: Provider
) -> None:
    browser = Browser(desk)
    address = await browser.begin()
    asked = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    assert (await browser.get(CALLBACK, **agree(address))).status_code == 200
    (form,) = provider.wire.forms
    assert to_challenge(form["code_verifier"]) == asked["code_challenge"]
    assert asked["code_challenge_method"] == "S256"


async def test_a_provider_that_does_pkce_takes_no_other_verifier(
    desk: Desk, provider: Provider, program: Program
) -> None:
    """An attacker who has a code and no verifier; asked of the provider and through ALOS."""
    if program is start_mock:
        pytest.skip("oidc-provider-mock keeps no challenge: it takes any verifier, or none")
    for verifier in ("w" * 43, None):
        code = agree(await Browser(desk).begin())["code"]
        assert provider.redeem(code, verifier=verifier).json()["error"] == "invalid_grant"
    provider.wire.change_form = lambda form: {**form, "code_verifier": "w" * 43}
    assert_refused(desk, await sign_in(Browser(desk)), "alos_login_bad")


def unsign(token: str) -> str:
    head = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


def read(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(claims, dict)
    return claims


def sign_anew(token: str) -> str:
    """The same claims under a key that is not the provider's, with its key's id."""
    head = token.split(".", maxsplit=1)[0]
    header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    key = RSAKey.generate_key(2048, private=True)
    payload = json.dumps(read(token)).encode()
    return jws.serialize_compact(header, payload, key, [header["alg"]])


@pytest.mark.parametrize("wrong", BAD_TOKENS)
async def test_a_token_that_is_not_for_this_login_opens_nothing(
    desk: Desk, provider: Provider, other: Provider, wrong: str
) -> None:
    browser = Browser(desk)
    address = await browser.begin()
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    make: dict[str, Callable[[], str]] = {
        "audience": lambda: provider.issue(client="other-client", nonce=nonce),
        "nonce": lambda: provider.issue(nonce="of-another-login"),
        "none": lambda: unsign(provider.issue(nonce=nonce)),
        "signature": lambda: sign_anew(provider.issue(nonce=nonce)),
        "issuer": lambda: other.issue(nonce=nonce),
        "not ours": lambda: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
    }
    token = make[wrong]()
    provider.wire.change_token = lambda _: token
    answer = await browser.get(CALLBACK, **agree(address))
    assert_refused(desk, answer, "alos_token_bad")
    assert token not in repr(desk.journal.entries) + answer.text
    provider.wire.change_token = None
    assert (await sign_in(Browser(desk))).status_code == 200, "nothing else was wrong"


async def test_a_token_that_is_over_opens_nothing(desk: Desk) -> None:
    browser = Browser(desk)
    brought = agree(await browser.begin())
    desk.clock.seconds += 300 + 60 + 30
    assert_refused(desk, await browser.get(CALLBACK, **brought), "alos_token_bad")


async def test_a_code_works_once_also_under_another_login(desk: Desk, provider: Provider) -> None:
    browser = Browser(desk)
    brought = agree(await browser.begin())
    kept = dict(browser.cookies)
    assert (await browser.get(CALLBACK, **brought)).status_code == 200
    replaying = Browser(desk)
    replaying.cookies = kept
    assert (await replaying.get(CALLBACK, **brought)).status_code == 403
    later = Browser(desk)
    state = parse_qs(urlsplit(await later.begin()).query)["state"][0]
    answer = await later.get(CALLBACK, **(brought | {"state": state}))
    assert answer.status_code == 403
    assert "alos_session" not in later.cookies
    assert len(provider.wire.forms) == 2, "the provider itself said no to the second"
    assert len(desk.notes(NoteKind.SIGNED_IN)) == 1


async def test_a_state_that_was_tampered_with_ends_the_login(
    desk: Desk, provider: Provider
) -> None:
    assert_refused(desk, await sign_in(Browser(desk), state="tampered"), "alos_login_bad")
    assert provider.wire.forms == [], "its code went nowhere"


async def test_the_login_of_another_browser_is_not_ended_here(desk: Desk) -> None:
    brought = agree(await Browser(desk).begin())
    assert_refused(desk, await Browser(desk).get(CALLBACK, **brought), "alos_login_bad")


async def test_keys_that_were_rotated_are_fetched_and_the_old_are_not_taken(
    desk: Desk, provider: Provider
) -> None:
    assert (await sign_in(Browser(desk))).status_code == 200
    browser = Browser(desk)
    address = await browser.begin()
    old = provider.issue(nonce=parse_qs(urlsplit(address).query)["nonce"][0])
    provider.stop()
    provider.start()
    desk.clock.seconds += 31
    assert (await sign_in(Browser(desk))).status_code == 200, "the new key is found"
    provider.wire.change_token = lambda _: old
    answer = await browser.get(CALLBACK, **agree(address))
    assert answer.status_code == 401
    note = desk.notes(NoteKind.SIGN_IN_REFUSED)[-1]
    assert note["reason"] == "alos_token_bad"
    assert note["detail"] in {"its issuer has no such key", "its signature is not good"}


async def test_with_the_provider_down_sessions_go_on_and_logins_fail_clearly(
    desk: Desk, provider: Provider
) -> None:
    browser, late = Browser(desk), Browser(desk)
    assert (await sign_in(browser)).status_code == 200
    brought = agree(await late.begin())
    provider.wire.down = True
    desk.clock.seconds += 61
    assert (await browser.get("/api/v1/me")).status_code == 200
    answer = await Browser(desk).get("/api/v1/login")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "alos_sign_on_down")
    page = await late.get(CALLBACK, **brought)
    assert (page.status_code, "nobody new can sign in" in page.text) == (503, True)
    me = (await browser.get("/api/v1/me")).json()
    headers = {
        "cookie": f"alos_session={browser.cookies['alos_session']}",
        "origin": "http://127.0.0.1:8080", "x-alos-csrf": me["csrf"],
    }  # fmt: skip
    stop = {"kind": "everything"}
    answer = await desk.ask("POST", "/api/v1/stops", body=stop, headers=headers)
    assert answer.status_code == 201, "stopping needs no provider"
    made = (await desk.ask("GET", "/api/v1/sessions", headers=headers)).json()
    ended = await desk.ask("POST", f"/api/v1/sessions/{made[0]['id']}/end", headers=headers)
    assert ended.status_code == 204
    assert (await browser.get("/api/v1/me")).status_code == 401

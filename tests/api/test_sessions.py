"""Sessions over HTTP: how they begin, how they are carried, and everything that ends them."""

import asyncio
from pathlib import Path

import pytest

from alos.domain.fault import StoreDown
from alos.domain.record import NoteKind
from alos.domain.session import Carrier, Origin, get_csrf_token
from tests.api.desk import QUESTIONS, URL, Desk

COOKIE = "alos_session"


def by_cookie(token: str, *, page: bool = True, origin: str = URL) -> dict[str, str]:
    headers = {"cookie": f"{COOKIE}={token}"}
    if page:
        headers |= {"origin": origin, "x-alos-csrf": get_csrf_token(token)}
    return headers


async def test_who_is_signed_in_is_known_with_the_roles_of_this_moment(desk: Desk) -> None:
    token = (await desk.sign_in("chloe")).token
    me = (await desk.ask("GET", "/api/v1/me", token=token)).json()
    assert (me["id"], me["kind"], me["method"]) == ("chloe", "person", "access_token")
    assert me["roles"] == ["gateway_owner", "team_lead"]
    assert me["workspaces"] == ["engineering"]
    await desk.rewrite(
        "alos.yaml", "gateway_owner: {people: [chloe]}", "gateway_owner: {people: [fay]}"
    )
    me = (await desk.ask("GET", "/api/v1/me", token=token)).json()
    assert me["roles"] == ["team_lead"]


async def test_a_token_stands_nowhere(desk: Desk, tmp_path: Path) -> None:
    token = (await desk.sign_in("chloe")).token
    await desk.ask("GET", "/api/v1/me", token=token)
    secret = token.removeprefix("alos_session_")
    assert secret not in repr((desk.journal.entries, desk.published))
    kept = await asyncio.to_thread(
        lambda: [file.read_bytes() for file in tmp_path.glob("alos.db*")]
    )
    assert kept
    assert not [one for one in kept if secret.encode() in one]


async def test_a_session_outlives_the_process(desk: Desk) -> None:
    token = (await desk.sign_in("chloe")).token
    await desk.restart()
    assert (await desk.ask("GET", "/api/v1/me", token=token)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Bearer alos_session_" + "A" * 43},
        {"authorization": "Basic YW5hOmFuYQ=="},
        {"authorization": "Bearer "},
        {"cookie": f"{COOKIE}=alos_session_" + "A" * 43},
        {"x-alos-persona": "ana"},
        {"x-api-key": "alos_abcdefgh_" + "A" * 43},
    ],
)
async def test_without_a_session_nothing_is_told(desk: Desk, headers: dict[str, str]) -> None:
    for path in ("/api/v1/status", "/api/v1/keys", "/api/v1/stops", "/api/v1/me"):
        answer = await desk.ask("GET", path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] in {"alos_not_signed_in", "alos_session_ended"}


async def test_a_session_ends_when_it_is_not_used(desk: Desk) -> None:
    token = (await desk.sign_in("chloe")).token
    for _ in range(3):
        desk.clock.seconds += 3_599
        assert (await desk.ask("GET", "/api/v1/me", token=token)).status_code == 200
    desk.clock.seconds += 3_600
    answer = await desk.ask("GET", "/api/v1/me", token=token)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "alos_session_ended")


async def test_a_session_ends_however_busy_it_is(desk: Desk) -> None:
    token = (await desk.sign_in("chloe")).token
    for _ in range(23):
        desk.clock.seconds += 1_800
        assert (await desk.ask("GET", "/api/v1/me", token=token)).status_code == 200
    desk.clock.seconds += 1_800
    assert (await desk.ask("GET", "/api/v1/me", token=token)).status_code == 401


async def test_logging_out_ends_the_session_and_is_recorded(desk: Desk) -> None:
    opened = await desk.sign_in("chloe")
    assert (await desk.ask("POST", "/api/v1/logout", token=opened.token)).status_code == 204
    assert (await desk.ask("GET", "/api/v1/me", token=opened.token)).status_code == 401
    (ended,) = desk.notes(NoteKind.SESSION_ENDED)
    assert ended == {"by": "chloe", "session": opened.session.id}


async def test_whoever_leaves_is_out_at_once(desk: Desk) -> None:
    """The directory says so before anybody has ended the session."""
    token = (await desk.sign_in("chloe")).token
    await desk.rewrite(
        "people.yaml", "email: chloe@example.com", "email: c@example.com\n    active: false"
    )
    answer = await desk.ask("GET", "/api/v1/status", token=token)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "alos_session_ended")
    (ended,) = desk.notes(NoteKind.SESSION_ENDED)
    assert ended["by"] == "directory"
    (left,) = desk.notes(NoteKind.PERSON_ENDED)
    assert left["sessions"] == "1"


async def test_ending_a_persons_sessions_ends_all_of_them_and_no_later_one(desk: Desk) -> None:
    old = [(await desk.sign_in("fay")).token for _ in range(3)]
    dan = (await desk.sign_in("dan")).token
    desk.clock.seconds += 1
    answer = await desk.ask("POST", "/api/v1/people/fay/sessions/end", token=dan)
    assert (answer.status_code, answer.json()) == (200, {"ended": 3})
    assert {(await desk.ask("GET", "/api/v1/me", token=one)).status_code for one in old} == {401}
    assert len(desk.notes(NoteKind.SESSION_ENDED)) == 3
    desk.clock.seconds += 1
    new = (await desk.sign_in("fay")).token
    assert (await desk.ask("GET", "/api/v1/me", token=new)).status_code == 200


async def test_an_end_holds_while_the_store_is_down_and_is_kept_when_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await desk.sign_in("fay")
    await desk.ask("GET", "/api/v1/me", token=opened.token)
    monkeypatch.setattr(desk.store, "ensure", _refuse)
    assert (await desk.ask("GET", "/api/v1/me", token=opened.token)).status_code == 200
    await desk.sessions.end_sessions(opened.session.person, by="directory")
    assert (await desk.ask("GET", "/api/v1/me", token=opened.token)).status_code == 401
    monkeypatch.undo()
    await desk.sessions.save_ends()
    await desk.restart()
    assert (await desk.ask("GET", "/api/v1/me", token=opened.token)).status_code == 401


def _refuse() -> None:
    message = "the disk is gone"
    raise StoreDown(message)


async def test_nobody_signs_in_unrecorded(desk: Desk) -> None:
    desk.journal.down = True
    answer = await desk.ask("POST", "/api/v1/setup", body={"token": "alos_setup_x"})
    assert answer.status_code == 403
    token = await desk.set_up.offer()
    answer = await desk.ask("POST", "/api/v1/setup", body={"token": token})
    assert answer.status_code == 503


# --- cookies ----------------------------------------------------------------------------------


async def test_a_page_of_ours_changes_things_with_cookie_origin_and_token(desk: Desk) -> None:
    token = (await desk.sign_in("chloe", carrier=Carrier.COOKIE)).token
    me = await desk.ask("GET", "/api/v1/me", headers=by_cookie(token, page=False))
    assert me.json()["csrf"] == get_csrf_token(token)
    stop = {"kind": "workflow", "target": QUESTIONS}
    answer = await desk.ask("POST", "/api/v1/stops", body=stop, headers=by_cookie(token))
    assert (answer.status_code, answer.json()["by"]) == (201, "chloe")


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": URL + ".evil.example"},
        {"origin": "http://127.0.0.1:8081"},
        {"x-alos-csrf": ""},
        {"x-alos-csrf": get_csrf_token("alos_session_" + "A" * 43)},
        {"host": "evil.example"},
        {"host": "127.0.0.1:8080.evil.example"},
    ],
)
async def test_another_sites_page_changes_nothing(desk: Desk, change: dict[str, str]) -> None:
    token = (await desk.sign_in("chloe", carrier=Carrier.COOKIE)).token
    stop = {"kind": "workflow", "target": QUESTIONS}
    headers = by_cookie(token) | change
    answer = await desk.ask("POST", "/api/v1/stops", body=stop, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "alos_origin_foreign")
    assert not desk.plane.stops
    assert desk.notes(NoteKind.CHANGE_REFUSED)


async def test_a_token_is_taken_only_the_way_it_was_given(desk: Desk) -> None:
    cookie = (await desk.sign_in("chloe", carrier=Carrier.COOKIE)).token
    bearer = (await desk.sign_in("chloe")).token
    assert (await desk.ask("GET", "/api/v1/me", token=cookie)).status_code == 401
    answer = await desk.ask("GET", "/api/v1/me", headers=by_cookie(bearer))
    assert answer.status_code == 401


async def test_a_bearer_decides_alone_and_two_are_none(desk: Desk) -> None:
    cookie = (await desk.sign_in("chloe", carrier=Carrier.COOKIE)).token
    headers = by_cookie(cookie)
    answer = await desk.ask("GET", "/api/v1/me", token="nonsense", headers=headers)
    assert answer.status_code == 401


async def test_a_cookies_token_is_replaced_and_the_old_one_soon_ends_the_session(
    desk: Desk,
) -> None:
    first = (await desk.sign_in("chloe", carrier=Carrier.COOKIE)).token
    desk.clock.seconds += 901
    answer = await desk.ask("GET", "/api/v1/me", headers=by_cookie(first, page=False))
    made = answer.headers["set-cookie"]
    second = made.partition("=")[2].partition(";")[0]
    assert second != first
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(made.split("; "))
    assert "Secure" not in made, "loopback has no TLS"
    desk.clock.seconds += 30
    for token in (first, second):  # a request that was under way
        answer = await desk.ask("GET", "/api/v1/me", headers=by_cookie(token, page=False))
        assert answer.status_code == 200
    desk.clock.seconds += 1
    answer = await desk.ask("GET", "/api/v1/me", headers=by_cookie(first, page=False))
    assert "used again" in answer.json()["error"]["message"]
    answer = await desk.ask("GET", "/api/v1/me", headers=by_cookie(second, page=False))
    assert answer.status_code == 401, "who of the two is the thief is not known, so both are out"
    assert desk.notes(NoteKind.SESSION_ENDED)[0]["by"] == "replay"


async def test_every_answer_forbids_what_a_page_could_do_with_it(desk: Desk) -> None:
    token = (await desk.sign_in("chloe")).token
    for given in (token, "nonsense"):
        headers = (await desk.ask("GET", "/api/v1/me", token=given)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")


# --- set-up and personas ----------------------------------------------------------------------


async def test_the_set_up_token_opens_the_sponsor_once(desk: Desk) -> None:
    token = await desk.set_up.offer()
    assert await desk.set_up.offer() is None, "one is out; a restart makes no second one"
    answer = await desk.ask("POST", "/api/v1/setup", body={"token": token})
    assert (answer.status_code, answer.json()["person"]) == (201, "ana")
    me = (await desk.ask("GET", "/api/v1/me", token=answer.json()["token"])).json()
    assert (me["method"], me["roles"]) == ("setup_token", ["executive_sponsor"])
    answer = await desk.ask("POST", "/api/v1/setup", body={"token": token})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "alos_login_bad")
    assert desk.notes(NoteKind.SET_UP) == [{"by": "ana", "person": "ana"}]


async def test_the_set_up_token_ends(desk: Desk) -> None:
    token = await desk.set_up.offer()
    desk.clock.seconds += 3_600
    assert (await desk.ask("POST", "/api/v1/setup", body={"token": token})).status_code == 403
    assert await desk.set_up.offer() is not None, "nobody is in yet, so the next start helps"


async def test_there_is_no_set_up_token_once_somebody_signed_in(desk: Desk) -> None:
    desk.state.bind_account("https://login", "s", "ana", at_unix=1)  # type: ignore[arg-type]
    assert await desk.set_up.offer() is None


async def test_a_dev_folder_has_personas_that_say_so(dev_desk: Desk) -> None:
    personas = (await dev_desk.ask("GET", "/api/v1/personas")).json()
    assert {
        "id": "dan",
        "name": "Dan Example",
        "roles": ["security", "security_owner"],
    } in personas
    opened = (await dev_desk.ask("POST", "/api/v1/personas/dan/session")).json()
    me = (await dev_desk.ask("GET", "/api/v1/me", token=opened["token"])).json()
    assert (me["id"], me["method"], me["dev"]) == ("dan", "persona", True)
    local = await dev_desk.ask("GET", "/api/v1/me", headers={"x-alos-persona": "emil"}, local=True)
    assert (local.json()["id"], local.json()["method"]) == ("emil", "persona")


async def test_a_web_page_gets_no_persona(dev_desk: Desk) -> None:
    for headers in ({"origin": "https://evil.example"}, {"host": "evil.example:8080"}):
        answer = await dev_desk.ask("POST", "/api/v1/personas/dan/session", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "alos_origin_foreign")


async def test_a_production_folder_has_none_whatever_is_said(desk: Desk) -> None:
    for local in (False, True):
        answer = await desk.ask("POST", "/api/v1/personas/dan/session", local=local)
        assert answer.status_code == 403
    answer = await desk.ask("GET", "/api/v1/me", headers={"x-alos-persona": "dan"}, local=True)
    assert answer.status_code == 403
    token = (await desk.sign_in("dan", origin=Origin.PERSONA)).token
    assert (await desk.ask("GET", "/api/v1/me", token=token)).status_code == 401

"""Somebody else's session: its cookie, its token, a copy of the store, a page that rides on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from alos.domain.record import NoteKind
from alos.domain.session import Carrier, get_csrf_token
from tests.api.desk import URL, Desk, open_desk

STOP = {"kind": "everything"}
ROTATED_AFTER = 15 * 60 + 1


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as made:
        yield made


def ride(token: str, **changes: str) -> dict[str, str]:
    """Headers of a page of ours, and what an attacker's page has in their place."""
    own = {
        "cookie": f"alos_session={token}", "origin": URL, "x-alos-csrf": get_csrf_token(token),
    }  # fmt: skip
    return {name: value for name, value in {**own, **changes}.items() if value}


def refused(desk: Desk, answer: httpx2.Response) -> str:
    """The reason, which stands in the record too."""
    code = str(answer.json()["error"]["code"])
    assert desk.notes(NoteKind.CHANGE_REFUSED)[-1]["reason"] == code
    return code


async def test_a_good_page_may(desk: Desk) -> None:
    """The twin: nothing but the theft is wrong below."""
    token = (await desk.sign_in("dan", carrier=Carrier.COOKIE)).token
    answer = await desk.ask("POST", "/api/v1/stops", body=STOP, headers=ride(token))
    assert answer.status_code == 201


async def test_an_old_cookie_ends_the_session_for_the_thief_and_the_owner(desk: Desk) -> None:
    """Whoever comes second with a token that was replaced shows that two hold it."""
    stolen = (await desk.sign_in("dan", carrier=Carrier.COOKIE)).token
    desk.clock.seconds += ROTATED_AFTER
    page = await desk.ask("GET", "/api/v1/me", headers={"cookie": f"alos_session={stolen}"})
    new = page.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert new not in {"", stolen}
    desk.clock.seconds += 61
    thief = await desk.ask("GET", "/api/v1/me", headers={"cookie": f"alos_session={stolen}"})
    assert (thief.status_code, refused(desk, thief)) == (401, "alos_session_ended")
    owner = await desk.ask("GET", "/api/v1/me", headers={"cookie": f"alos_session={new}"})
    assert owner.status_code == 401
    ended = desk.notes(NoteKind.SESSION_ENDED)[-1]
    assert ended["by"] == "replay"


async def test_a_cookie_is_no_bearer_token_and_a_token_no_cookie(desk: Desk) -> None:
    """A cookie read off a disk has no CSRF to fear as a bearer; so it is none."""
    cookie = (await desk.sign_in("dan", carrier=Carrier.COOKIE)).token
    answer = await desk.ask("POST", "/api/v1/stops", body=STOP, token=cookie)
    assert (answer.status_code, refused(desk, answer)) == (401, "alos_session_ended")
    token = (await desk.sign_in("dan")).token
    answer = await desk.ask("POST", "/api/v1/stops", body=STOP, headers=ride(token))
    assert (answer.status_code, refused(desk, answer)) == (401, "alos_session_ended")


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"x-alos-csrf": ""},
        {"x-alos-csrf": "A" * 43},
        {"host": "evil.example:8080"},
    ],
)
async def test_another_sites_page_does_not_ride_on_it(desk: Desk, change: dict[str, str]) -> None:
    token = (await desk.sign_in("dan", carrier=Carrier.COOKIE)).token
    answer = await desk.ask("POST", "/api/v1/stops", body=STOP, headers=ride(token, **change))
    assert (answer.status_code, refused(desk, answer)) == (403, "alos_origin_foreign")
    assert not desk.plane.standing.stopped


async def test_a_copy_of_the_store_opens_nothing(desk: Desk) -> None:
    """It holds hashes: neither they nor ids are tokens."""
    made = await desk.sign_in("dan")
    held = made.session.token_hash
    for guess in (held.hex(), f"alos_session_{held.hex()[:43]}", made.session.id):
        answer = await desk.ask("GET", "/api/v1/me", token=guess)
        assert answer.status_code == 401
        refused(desk, answer)
    raw = (desk.folder / "alos.db").read_bytes()
    raw += (desk.folder / "alos.db-wal").read_bytes()
    assert made.token.encode() not in raw


async def test_it_is_dead_with_its_person_and_when_its_person_says_so(desk: Desk) -> None:
    taken = await desk.sign_in("dan")
    stolen = taken.token
    own = (await desk.sign_in("dan")).token
    listed = (await desk.ask("GET", "/api/v1/sessions", token=own)).json()
    assert taken.session.id in {one["id"] for one in listed}
    await desk.ask("POST", f"/api/v1/sessions/{taken.session.id}/end", token=own)
    assert (await desk.ask("GET", "/api/v1/me", token=own)).status_code == 200
    assert (await desk.ask("GET", "/api/v1/me", token=stolen)).status_code == 401
    desk.clock.seconds += 1
    stolen = (await desk.sign_in("fay")).token
    await desk.leave("fay")
    answer = await desk.ask("GET", "/api/v1/me", token=stolen)
    assert answer.status_code == 401
    refused(desk, answer)


async def test_nobody_ends_or_lists_somebody_elses(desk: Desk) -> None:
    theirs = (await desk.sign_in("dan")).session.id
    token = (await desk.sign_in("emil")).token
    answer = await desk.ask("POST", f"/api/v1/sessions/{theirs}/end", token=token)
    assert (answer.status_code, refused(desk, answer)) == (403, "alos_not_permitted")
    listed = (await desk.ask("GET", "/api/v1/sessions", token=token)).json()
    assert theirs not in {one["id"] for one in listed}

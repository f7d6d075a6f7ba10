"""Somebody leaves: what the directory says is in force when its request is answered."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alos.domain.record import NoteKind
from tests.directory.client import GROUP, USER, Answer, ScimClient, run_directory
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say
from tests.e2e.news import cast_vote, list_votes, submit_release
from tests.e2e.organisation import QUESTIONS, SUPPORT
from tests.e2e.test_kill_switch import database_locked

Leave = Callable[[ScimClient, str], Answer]

WAYS: dict[str, Leave] = {
    "okta": lambda scim, user: scim.patch(
        f"/Users/{user}", {"op": "replace", "value": {"active": False}}
    ),
    "entra": lambda scim, user: scim.patch(
        f"/Users/{user}", {"op": "Replace", "path": "active", "value": "False"}
    ),
    "put": lambda scim, user: scim.send(
        "PUT",
        f"/Users/{user}",
        {
            "schemas": [USER],
            "userName": scim.send("GET", f"/Users/{user}").body["userName"],
            "active": False,
        },
    ),
    "delete": lambda scim, user: scim.send("DELETE", f"/Users/{user}"),
}


@pytest.fixture(scope="module")
def installation() -> Iterator[tuple[Gateway, ScimClient]]:
    with run_directory() as running:
        yield running


def add_person(scim: ScimClient, name: str, **more: Any) -> str:
    made = scim.add_user(name, **more)
    assert made.status == 201, made.body
    return str(made.body["id"])


@pytest.mark.parametrize("way", WAYS)
async def test_the_leavers_key_is_refused_and_the_running_stream_cut_within_a_second(
    installation: tuple[Gateway, ScimClient], way: str
) -> None:
    gateway, scim = installation
    name = f"leaver-{way}@example.com"
    user = add_person(scim, name)
    key = gateway.create_key(QUESTIONS, principal=name)
    stream = asyncio.ensure_future(ask(gateway.port, say("[[endless]]", stream=True), key=key))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    left = await asyncio.to_thread(WAYS[way], scim, user)
    assert left.status in {200, 204}, left.body
    refused = await ask(gateway.port, say(), key=key)
    took = time.monotonic() - began
    cut = await stream
    cut_after = time.monotonic() - began
    assert (refused.status, refused.code) == (401, "alos_principal_inactive")
    assert b"alos_principal_inactive" in cut.body
    assert took < 1
    assert cut_after < 1


def test_the_leavers_session_vote_and_approver_rights_are_gone_with_the_answer(
    installation: tuple[Gateway, ScimClient],
) -> None:
    """``pytest -rP`` shows in how many milliseconds all of it was dead."""
    gateway, scim = installation
    release = submit_release(gateway)
    cast_vote(gateway, release)
    assert list_votes(gateway, release) == [""]
    user = add_person(scim, "emil@example.com")
    group = {"schemas": [GROUP], "displayName": "product", "members": [{"value": user}]}
    assert scim.send("POST", "/Groups", group).status == 201
    key = gateway.create_key(QUESTIONS, principal="emil")
    token = gateway.manage("POST", "/api/v1/personas/emil/session")[1]["token"]
    look = {"method": "GET", "path": "/api/v1/me"}
    before = asyncio.run(ask(gateway.port, key=token, **look))  # type: ignore[arg-type]
    assert (before.status, json.loads(before.body)["roles"]) == (200, ["pm"])
    began = time.monotonic()
    assert WAYS["okta"](scim, user).status == 204
    answered = time.monotonic() - began
    after = asyncio.run(ask(gateway.port, key=token, **look))  # type: ignore[arg-type]
    refused = asyncio.run(ask(gateway.port, say(), key=key))
    votes = list_votes(gateway, release)
    took = time.monotonic() - began
    assert votes == ["the voter is no longer active"]
    assert after.status == 401
    assert (refused.status, refused.code) == (401, "alos_principal_inactive")
    people = {one["id"]: one for one in gateway.manage("GET", "/api/v1/people")[1]}
    assert not people["emil"]["active"]
    print(f"answered after {answered * 1000:.0f} ms, all dead after {took * 1000:.0f} ms")  # noqa: T201 - the figure
    assert took < 1


async def test_with_the_store_down_the_directory_is_told_to_come_back(
    installation: tuple[Gateway, ScimClient],
) -> None:
    """It is never told that somebody left who then comes back with a restart."""
    gateway, scim = installation
    user = await asyncio.to_thread(add_person, scim, "later@example.com")
    key = gateway.create_key(QUESTIONS, principal="later@example.com")
    with database_locked(gateway):
        told = await asyncio.to_thread(WAYS["okta"], scim, user)
        assert told.status == 503
    again = await asyncio.to_thread(WAYS["okta"], scim, user)
    assert again.status in {200, 204}
    refused = await ask(gateway.port, say(), key=key)
    assert (refused.status, refused.code) == (401, "alos_principal_inactive")


def test_the_record_shows_when_and_what_ended(
    installation: tuple[Gateway, ScimClient],
) -> None:
    gateway, scim = installation
    user = add_person(scim, "noted@example.com")
    gateway.create_key(QUESTIONS, principal="noted@example.com")
    began_ns = time.time_ns()
    assert WAYS["okta"](scim, user).status == 204
    ended = [
        note
        for note in gateway.read_journal().get_notes(NoteKind.PERSON_ENDED)
        if [one.value for one in note.personal] == ["noted@example.com"]
    ]
    assert len(ended) == 1
    facts = dict(ended[0].facts)
    assert facts["keys"] == "1"
    assert facts["by"].startswith("dir_")
    assert began_ns <= ended[0].at_unix_ns <= time.time_ns()


def test_who_comes_back_is_the_same_person(installation: tuple[Gateway, ScimClient]) -> None:
    gateway, scim = installation
    user = add_person(scim, "back@example.com")
    key = gateway.create_key(QUESTIONS, principal="back@example.com")
    assert scim.send("DELETE", f"/Users/{user}").status == 204
    assert asyncio.run(ask(gateway.port, say(), key=key)).code == "alos_principal_inactive"
    add_person(scim, "Back@Example.com")
    assert asyncio.run(ask(gateway.port, say(), key=key)).status == 200


def test_a_person_of_the_file_is_the_directorys_once_it_sends_the_same_address(
    installation: tuple[Gateway, ScimClient],
) -> None:
    gateway, scim = installation
    key = gateway.create_key(QUESTIONS, principal="fay")
    user = add_person(scim, "fay.example@example.com", email="fay@example.com")
    people = {one["id"]: one for one in gateway.manage("GET", "/api/v1/people")[1]}
    assert people["fay"]["source"] == "directory"
    assert people["ana"]["source"] == "file"
    assert scim.send("DELETE", f"/Users/{user}").status == 204
    assert asyncio.run(ask(gateway.port, say(), key=key)).code == "alos_principal_inactive"
    gateway.stop()
    gateway.start()
    assert asyncio.run(ask(gateway.port, say(), key=key)).code == "alos_principal_inactive"
    assert len(gateway.read_journal().get_notes(NoteKind.PERSON_ENDED)) == len(
        {note.at_unix_ns for note in gateway.read_journal().get_notes(NoteKind.PERSON_ENDED)}
    )


async def test_production_goes_on_under_whoever_is_next(
    installation: tuple[Gateway, ScimClient],
) -> None:
    gateway, scim = installation
    machine = gateway.create_key(SUPPORT, principal="support-console")
    ours = gateway.create_key(QUESTIONS, principal="chloe")
    user = await asyncio.to_thread(add_person, scim, "ben@example.com")
    assert (await asyncio.to_thread(WAYS["entra"], scim, user)).status == 204
    for key, accountable in ((ours, "chloe"), (machine, "ana")):
        answer = await ask(gateway.port, say(), key=key)
        assert answer.status == 200
        record = gateway.wait_until_shipped(answer.call)["record"]
        assert record["accountable"] == accountable
    keys = {one["principal"]: one for one in gateway.manage("GET", "/api/v1/keys")[1]}
    assert keys["support-console"]["rotate_by_unix"] > time.time_ns() // 1_000_000_000
    assert keys["chloe"]["rotate_by_unix"] is None
    gateway.stop()
    gateway.start()
    keys = {one["principal"]: one for one in gateway.manage("GET", "/api/v1/keys")[1]}
    assert keys["support-console"]["rotate_by_unix"] > time.time_ns() // 1_000_000_000

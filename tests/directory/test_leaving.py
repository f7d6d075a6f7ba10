"""Somebody leaves: what the directory says is in force when its request is answered."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alos.domain.record import NoteKind
from tests.directory.client import USER, Answer, ScimClient, run_directory
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS, SUPPORT

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

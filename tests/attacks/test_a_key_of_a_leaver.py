"""Somebody who leaves tries to keep a way in: a fresh key, a rotated one, the file, a comeback."""

import asyncio
from collections.abc import Iterator

import pytest

from alos.domain.record import NoteKind
from tests.directory.client import ScimClient, run_directory
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS

GONE = (401, "alos_principal_inactive")


@pytest.fixture(scope="module")
def installation() -> Iterator[tuple[Gateway, ScimClient]]:
    with run_directory() as running:
        yield running


def call(gateway: Gateway, key: str) -> tuple[int, str]:
    answer = asyncio.run(ask(gateway.port, say(), key=key))
    return answer.status, "" if answer.status == 200 else answer.code


def leave(scim: ScimClient, user: str) -> None:
    assert scim.patch(f"/Users/{user}", {"op": "replace", "value": {"active": False}}).status < 300


def test_every_key_of_theirs_is_dead_also_one_rotated_just_before(
    installation: tuple[Gateway, ScimClient],
) -> None:
    gateway, scim = installation
    user = scim.add_user("lea@example.com").body["id"]
    made = gateway.manage(
        "POST", "/api/v1/keys", {"workflows": [QUESTIONS], "principal": "lea@example.com"}
    )[1]
    rotated = gateway.manage("POST", f"/api/v1/keys/{made['id']}/rotate", {})[1]
    assert call(gateway, rotated["key"]) == (200, "")
    leave(scim, user)
    assert call(gateway, made["key"]) == GONE
    assert call(gateway, rotated["key"]) == GONE
    refused = gateway.manage(
        "POST", "/api/v1/keys", {"workflows": [QUESTIONS], "principal": "lea@example.com"}
    )
    assert refused[0] == 409
    ended = gateway.read_journal().get_notes(NoteKind.PERSON_ENDED)
    assert dict(ended[-1].facts)["keys"] == "2"


def test_the_file_does_not_bring_back_whom_the_directory_ended(
    installation: tuple[Gateway, ScimClient],
) -> None:
    gateway, scim = installation
    key = gateway.create_key(QUESTIONS, principal="gus")
    user = scim.add_user("gus@example.com").body["id"]
    leave(scim, user)
    assert call(gateway, key) == GONE
    people = gateway.config / "people.yaml"
    people.write_text(people.read_text().replace("name: Gus Example", "name: Gus is back"))
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 0
    assert call(gateway, key) == GONE
    again = people.read_text().replace("  gus:\n", "  gus-two:\n", 1)
    people.write_text(again)
    refused = gateway.cli("config", "apply", str(gateway.config))
    assert refused.returncode == 1
    assert "one person has one id" in refused.stderr
    assert scim.send("DELETE", f"/Users/{user}").status == 204
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 1
    assert call(gateway, key) == GONE
    people.write_text(again.replace("  gus-two:\n", "  gus:\n"))


def test_a_deactivated_user_is_not_taken_over_by_a_new_one(
    installation: tuple[Gateway, ScimClient],
) -> None:
    """The person's keys come back with the person's account alone, and that is written down."""
    gateway, scim = installation
    user = scim.add_user("kim@example.com").body["id"]
    key = gateway.create_key(QUESTIONS, principal="kim@example.com")
    leave(scim, user)
    assert scim.add_user("kim@example.com").status == 409
    assert scim.add_user("other@example.com", email="kim@example.com").status == 409
    assert call(gateway, key) == GONE
    change = {"op": "replace", "value": {"active": True}}
    assert scim.patch(f"/Users/{user}", change).status < 300
    assert call(gateway, key) == (200, "")
    returned = gateway.read_journal().get_notes(NoteKind.PERSON_RETURNED)
    assert [one.value for one in returned[-1].personal] == ["kim@example.com"]

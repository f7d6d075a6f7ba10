"""One person gets a second account over the directory: same address or id, a plus between."""

from collections.abc import Iterator
from typing import Any

import pytest

from alos.domain.record import NoteKind
from tests.directory.client import ScimClient, run_directory
from tests.e2e.gateway import Gateway


@pytest.fixture(scope="module")
def installation() -> Iterator[tuple[Gateway, ScimClient]]:
    with run_directory() as running:
        scim = running[1]
        assert scim.add_user("mia@example.com", externalId="00u-mia").status == 201
        yield running


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("mia2@example.com", {"email": "mia@example.com"}),
        ("mia2@example.com", {"email": "MIA@Example.COM"}),
        ("mia2@example.com", {"email": "mia+votes@example.com"}),
        ("mia+two@example.com", {}),
        ("MIA@example.com", {}),
        ("\N{FULLWIDTH LATIN SMALL LETTER M}ia@example.com", {}),
        ("mia2@example.com", {"externalId": "00u-mia"}),
        ("mia2@example.com", {"emails": [
            {"value": "other@example.com"}, {"value": "mia@example.com", "type": "home"},
        ]}),
        ("ana", {"email": "someone.else@example.com"}),  # the id of a person of people.yaml
        ("support-console", {"email": "robot@example.com"}),  # a service account's
    ],
)  # fmt: skip
def test_it_is_refused_and_written_down(
    installation: tuple[Gateway, ScimClient], name: str, more: dict[str, Any]
) -> None:
    gateway, scim = installation
    before = len(list_refused(gateway))
    answer = scim.add_user(name, **more)
    assert answer.status == 409, answer.body
    assert answer.body["scimType"] == "uniqueness"
    refused = list_refused(gateway)
    assert len(refused) == before + 1
    assert refused[-1]["asked"] == "SCIM POST /scim/v2/Users"
    assert refused[-1]["by"].startswith("dir_")
    people = {one["id"] for one in gateway.manage("GET", "/api/v1/people")[1]}
    assert not people & {"mia2@example.com", "mia+two@example.com"}


def test_an_account_is_not_turned_into_a_second_one_later(
    installation: tuple[Gateway, ScimClient],
) -> None:
    gateway, scim = installation
    made = scim.add_user("noa@example.com")
    before = len(list_refused(gateway))
    change = {"op": "replace", "path": "emails", "value": [{"value": "mia+x@example.com"}]}
    assert scim.patch(f"/Users/{made.body['id']}", change).status == 409
    assert len(list_refused(gateway)) == before + 1


def test_a_second_group_of_the_same_name_is_refused(
    installation: tuple[Gateway, ScimClient],
) -> None:
    """Directories let anybody make a group; a twin of the one with a role would have the role."""
    gateway, scim = installation
    assert scim.add_group("ai security").status == 201
    before = len(list_refused(gateway))
    for twin in ("ai security", "AI Security", "ai  security", "ai-security"):
        assert scim.add_group(twin).status == 409
    assert len(list_refused(gateway)) == before + 4


def list_refused(gateway: Gateway) -> list[dict[str, str]]:
    notes = gateway.read_journal().get_notes(NoteKind.CHANGE_REFUSED)
    return [dict(note.facts) for note in notes]

"""What Okta and Microsoft Entra really send: the shapes of their own documentation."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.directory.client import USER, ScimClient, run_directory
from tests.e2e.gateway import Gateway


@pytest.fixture(scope="module")
def installation() -> Iterator[tuple[Gateway, ScimClient]]:
    with run_directory() as running:
        yield running


def get_person(gateway: Gateway, person: str) -> dict[str, Any]:
    people = gateway.manage("GET", "/api/v1/people")[1]
    return next(one for one in people if one["id"] == person)


def test_okta_looks_first_creates_pushes_a_group_and_deactivates(
    installation: tuple[Gateway, ScimClient],
) -> None:
    gateway, scim = installation
    path = "/Users?filter=userName%20eq%20%22okta@example.com%22&startIndex=1&count=100"
    assert scim.send("GET", path).body["totalResults"] == 0
    made = scim.send("POST", "/Users", {
        "schemas": [USER],
        "userName": "okta@example.com",
        "name": {"givenName": "Oki", "familyName": "Tanaka"},
        "emails": [{"primary": True, "value": "okta@example.com", "type": "work"}],
        "displayName": "Oki Tanaka", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [], "password": "1mz050nq", "active": True,
    })  # fmt: skip
    assert made.status == 201
    user = made.body["id"]
    assert scim.send("GET", path).body["Resources"][0]["id"] == user
    group = scim.add_group("okta-builders", user).body["id"]
    assert get_person(gateway, "okta@example.com")["groups"] == ["okta-builders"]
    scim.patch(f"/Groups/{group}",
        {"op": "replace", "value": {"id": group, "displayName": "okta-makers"}},
    )  # fmt: skip
    assert get_person(gateway, "okta@example.com")["groups"] == ["okta-makers"]
    scim.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'})
    assert get_person(gateway, "okta@example.com")["groups"] == []
    scim.patch(f"/Users/{user}", {"op": "replace", "value": {"active": False}})
    person = get_person(gateway, "okta@example.com")
    assert (person["active"], person["source"]) == (False, "directory")


def test_entra_speaks_in_capitals_and_texts(installation: tuple[Gateway, ScimClient]) -> None:
    gateway, scim = installation
    path = "/Users?filter=externalId%20eq%20%220a21f0f2-8d2a%22"
    assert scim.send("GET", path).body["totalResults"] == 0
    made = scim.send("POST", "/Users", {
        "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "0a21f0f2-8d2a", "userName": "Entra@Example.com", "active": True,
        "emails": [{"primary": True, "type": "work", "value": "Entra@Example.com"}],
        "meta": {"resourceType": "User"}, "roles": [], "unknownOfTheirs": "x",
        "name": {"formatted": "En Tra", "familyName": "Tra", "givenName": "En"},
    })  # fmt: skip
    assert made.status == 201, made.body
    user = made.body["id"]
    assert scim.send("GET", path).body["Resources"][0]["id"] == user
    answer = scim.patch(f"/Users/{user}",
        {"op": "Replace", "path": "displayName", "value": "Renamed"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "entra@example.com"},
        {"op": "Add", "path": "nickName", "value": "E"},
        {"op": "Replace", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+15550100"},
    )  # fmt: skip
    assert answer.status in {200, 204}, answer.body
    assert get_person(gateway, "entra@example.com")["name"] == "Renamed"
    group = scim.add_group("Entra Makers").body["id"]
    assert scim.send("GET", f"/Groups/{group}?excludedAttributes=members").status == 200
    scim.patch(f"/Groups/{group}",
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user}]},
    )  # fmt: skip
    assert get_person(gateway, "entra@example.com")["groups"] == ["Entra-Makers"]
    scim.patch(f"/Groups/{group}",
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": user}]},
    )  # fmt: skip
    assert get_person(gateway, "entra@example.com")["groups"] == []
    scim.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": "False"})
    assert not get_person(gateway, "entra@example.com")["active"]
    scim.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": "True"})
    assert get_person(gateway, "entra@example.com")["active"]


def test_a_change_against_an_older_version_is_refused(
    installation: tuple[Gateway, ScimClient],
) -> None:
    scim = installation[1]
    made = scim.add_user("etag@example.com")
    old = made.headers["etag"]
    change = {"op": "replace", "path": "title", "value": "one"}
    user = made.body["id"]
    assert scim.patch(f"/Users/{user}", change, headers={"if-match": old}).status < 300
    stale = scim.patch(f"/Users/{user}", {**change, "value": "two"}, headers={"if-match": old})
    assert stale.status == 412
    current = scim.send("GET", f"/Users/{user}")
    assert current.body["title"] == "one"
    again = scim.send("GET", f"/Users/{user}", headers={"if-none-match": current.headers["etag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ('userName eq "ETAG@example.com"', 1),
        ('emails[type eq "work" and value co "etag"]', 1),
        ('userName sw "etag" and active eq true', 1),
        ("not (userName pr)", 0),
        ('userName eq "nobody@example.com"', 0),
    ],
)  # fmt: skip
def test_filters_find_what_they_name(
    installation: tuple[Gateway, ScimClient], wanted: str, found: int
) -> None:
    query = wanted.replace(" ", "%20").replace('"', "%22")
    assert installation[1].send("GET", f"/Users?filter={query}").body["totalResults"] == found

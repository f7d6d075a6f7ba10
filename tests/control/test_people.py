"""Who there is: one address is one person, and every machine has somebody who answers for it."""

from pathlib import Path

import pytest

from alos.control.people import to_party
from alos.domain.ids import PersonId, PrincipalId
from alos.domain.people import PartyKind
from tests.control.organisation_folder import OrganisationFolder


@pytest.fixture
def folder(tmp_path: Path) -> OrganisationFolder:
    return OrganisationFolder(tmp_path / "org")


def test_people_and_machines_are_read(folder: OrganisationFolder) -> None:
    people = folder.load().people
    assert people is not None
    assert people.persons[PersonId("ana")].email == "ana@example.com"
    assert people.service_accounts[PrincipalId("support-console")].accountable == "ben"
    assert [person.id for person in people.list_group("security")] == ["dan"]


def test_somebody_who_left_is_in_no_group_and_not_active(folder: OrganisationFolder) -> None:
    folder.replace(
        "people.yaml", "    groups: [security, staff]", "    groups: [security]\n    active: false"
    )
    people = folder.load().people
    assert people is not None
    assert people.list_group("security") == ()
    assert people.get_active(PersonId("dan")) is None


def test_one_address_is_one_person(folder: OrganisationFolder) -> None:
    folder.replace("people.yaml", "email: ben@example.com", "email: ANA@example.com")
    assert folder.find("persons.ben.email").is_error


@pytest.mark.parametrize("accountable", ["bob", "group:support"])
def test_a_machine_needs_somebody_who_answers_for_it(
    folder: OrganisationFolder, accountable: str
) -> None:
    folder.replace("people.yaml", "accountable: ben", f'accountable: "{accountable}"')
    assert folder.find("service_accounts.support-console.accountable").is_error


def test_a_machine_is_not_a_person(folder: OrganisationFolder) -> None:
    folder.replace("people.yaml", "  support-console:", "  gus:")
    assert folder.find("service_accounts.gus").is_error


def test_without_people_yaml_owners_are_not_checked(folder: OrganisationFolder) -> None:
    (folder.path / "people.yaml").unlink()
    loaded = folder.load()
    assert loaded.is_usable
    assert loaded.people is not None
    assert not loaded.people.persons
    assert loaded.bundles


def test_a_party_is_a_person_or_a_group() -> None:
    assert to_party("ana").kind is PartyKind.PERSON
    group = to_party("group:support")
    assert (group.kind, group.name, str(group)) == (PartyKind.GROUP, "support", "group:support")

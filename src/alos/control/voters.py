"""A person at the moment of a vote, as the directory knows them."""

from collections.abc import Callable

from alos.control.standing import Configuration
from alos.domain.bundle import Bundle
from alos.domain.ids import PersonId
from alos.domain.lane import Voter
from alos.domain.people import Person, Role, to_plain_address
from alos.domain.principal import CallerKind, Principal

GetGainedAt = Callable[[PersonId, Role], int | None]
"""Since which second a person holds a role; ``None`` where it was held at set-up."""


def get_identities(person: Person) -> frozenset[str]:
    """Everything that is the same human: our id, the directory's, and every plain address."""
    return person.identities | person.plain_addresses | {str(person.id)}


def list_author_identities(authors: list[str], configuration: Configuration) -> frozenset[str]:
    """Identities of authors whom git names by address, or a file by id."""
    found: set[str] = set()
    by_email = {
        address: person
        for person in configuration.people.persons.values()
        for address in person.plain_addresses
    }
    for author in authors:
        email = to_plain_address(author)
        person = by_email.get(email) or configuration.people.persons.get(PersonId(author))
        found |= get_identities(person) if person is not None else {email}
    return frozenset(found)


def build_voter(
    principal: Principal,
    bundle: Bundle,
    configuration: Configuration,
    *,
    get_gained_at: GetGainedAt,
) -> Voter:
    """The voter behind a request; the team lead's role counts in the workflow's own team only."""
    person = configuration.people.persons.get(PersonId(principal.id))
    roles = {
        role: get_gained_at(PersonId(principal.id), role)
        for role in principal.roles
        if role is not Role.TEAM_LEAD or bundle.workflow.workspace in principal.workspaces
    }
    return Voter(
        id=PersonId(principal.id),
        identities=(
            get_identities(person) if person is not None else frozenset({str(principal.id)})
        ),
        roles=roles,
        is_active=person is not None and person.active,
        is_human=principal.kind is CallerKind.PERSON,
    )

"""The people and machine identities that an organisation's files and directory name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.ids import PersonId, PrincipalId


class Role(StrEnum):
    """What a person may do; held through a directory group or by name in ``alos.yaml``."""

    EXECUTIVE_SPONSOR = "executive_sponsor"
    GATEWAY_OWNER = "gateway_owner"
    SECURITY_OWNER = "security_owner"
    TEAM_LEAD = "team_lead"
    PM = "pm"
    SECURITY = "security"
    LEGAL = "legal"
    COMPLIANCE = "compliance"
    BUILDER = "builder"
    AUDITOR = "auditor"

    @property
    def is_singleton(self) -> bool:
        """Whether exactly one active person holds the role."""
        return self in SINGLETON_ROLES


SINGLETON_ROLES = frozenset({Role.EXECUTIVE_SPONSOR, Role.GATEWAY_OWNER, Role.SECURITY_OWNER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human being of the directory.

    Attributes:
        groups: directory groups; roles follow from them through ``alos.yaml``.
        active: False once deprovisioned; such a person owns, votes and calls nothing.
    """

    id: PersonId
    name: str
    email: str
    groups: frozenset[str] = frozenset()
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """A machine identity with the one person who answers for it; it never votes."""

    id: PrincipalId
    title: str
    accountable: PersonId
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody that ``people.yaml`` (or a directory) names, by id."""

    persons: Mapping[PersonId, Person]
    service_accounts: Mapping[PrincipalId, ServiceAccount]

    def get_active(self, person: PersonId) -> Person | None:
        """The person, or None where unknown or no longer active."""
        found = self.persons.get(person)
        return found if found is not None and found.active else None

    def list_group(self, group: str) -> tuple[Person, ...]:
        """The active members of a group, by id."""
        members = (p for p in self.persons.values() if p.active and group in p.groups)
        return tuple(sorted(members, key=lambda person: person.id))


class PartyKind(StrEnum):
    """What a party names."""

    PERSON = "person"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A person (``ana``) or a directory group (``group:support``) named in a file."""

    kind: PartyKind
    name: str

    def __str__(self) -> str:
        """The way files write it."""
        return f"group:{self.name}" if self.kind is PartyKind.GROUP else self.name

"""The people and machine identities that an organisation's files and directory name."""

import unicodedata
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


class PersonSource(StrEnum):
    """Where a person is written down."""

    FILE = "file"
    """``people.yaml``: good for a small team, shown as amber."""
    DIRECTORY = "directory"
    """Provisioned over SCIM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human being of the directory.

    Attributes:
        groups: directory groups; roles follow from them through ``alos.yaml``.
        active: False once deprovisioned; such a person owns, votes and calls nothing.
        addresses: every address the directory gives, ``email`` among them.
        directory_id: the directory's own id (SCIM ``externalId``); empty where there is none.
    """

    id: PersonId
    name: str
    email: str
    groups: frozenset[str] = frozenset()
    active: bool = True
    addresses: tuple[str, ...] = ()
    directory_id: str = ""
    source: PersonSource = PersonSource.FILE

    @property
    def identities(self) -> frozenset[str]:
        """Everything by which two accounts show to be one human being.

        Two persons that share any of these count once: addresses without letter case and
        ``+anything``, and the directory's id.
        """
        addresses = {f"mail:{address}" for address in self.plain_addresses}
        return frozenset(addresses | ({f"id:{self.directory_id}"} if self.directory_id else set()))

    @property
    def plain_addresses(self) -> frozenset[str]:
        """Every address in the form in which two of one mailbox are equal."""
        return frozenset(map(to_plain_address, (self.email, *self.addresses))) - {""}


def fold_name(name: str) -> str:
    """A name in the form in which two that look alike to a reader are equal."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def to_plain_address(address: str) -> str:
    """An e-mail address without letter case and without ``+anything`` before the ``@``."""
    local, at, domain = fold_name(address).rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


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

"""Reads ``people.yaml``: who there is, for teams without a directory."""

import re
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from alos.control.documents import Document, Problem
from alos.control.forms import Form, Name, Slug, Text, suggest, validate
from alos.domain.ids import PersonId, PrincipalId
from alos.domain.people import (
    Party,
    PartyKind,
    People,
    Person,
    ServiceAccount,
    to_plain_address,
)

GROUP_PREFIX = "group:"
PERSON_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/+-]{0,127}")
"""What an id may be, so that files can write it."""

Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
PartyName = Annotated[
    str,
    StringConstraints(max_length=160, pattern=r"^(group:)?[A-Za-z0-9][A-Za-z0-9._@/+-]*$"),
]
"""A person's id, or ``group:`` and a directory group."""


class PersonForm(Form):
    """One human being."""

    name: Text
    """The person's name."""
    email: Email
    """The work address; one person has one."""
    groups: list[Name] = Field(default_factory=list)
    """Directory groups; `alos.yaml` gives roles to groups."""
    active: bool = True
    """`false` once the person has left."""


class ServiceAccountForm(Form):
    """A machine identity."""

    title: Text
    """What the machine is."""
    accountable: Name
    """The id of the one person who answers for it."""
    active: bool = True
    """`false` once it is no longer used."""


class PeopleForm(Form):
    """`people.yaml`: persons and service accounts, by id."""

    persons: dict[Name, PersonForm] = Field(min_length=1)
    """Every person, by id; owners and roles name these ids."""
    service_accounts: dict[Slug, ServiceAccountForm] = Field(default_factory=dict)
    """Every machine identity, by id."""


def read_people(document: Document) -> tuple[People | None, list[Problem]]:
    """Read ``people.yaml``."""
    form, problems = validate(document, PeopleForm)
    if form is None:
        return None, problems
    people = _to_domain(form)
    problems = [*_check_emails(document, form), *_check_accounts(document, people)]
    return (None if any(problem.is_error for problem in problems) else people), problems


def to_party(text: str) -> Party:
    """Read a party as files write it: ``ana`` or ``group:support``."""
    if text.startswith(GROUP_PREFIX):
        return Party(kind=PartyKind.GROUP, name=text.removeprefix(GROUP_PREFIX))
    return Party(kind=PartyKind.PERSON, name=text)


def _to_domain(form: PeopleForm) -> People:
    persons = {
        PersonId(key): Person(
            id=PersonId(key),
            name=person.name,
            email=person.email,
            groups=frozenset(person.groups),
            active=person.active,
        )
        for key, person in form.persons.items()
    }
    accounts = {
        PrincipalId(key): ServiceAccount(
            id=PrincipalId(key),
            title=account.title,
            accountable=PersonId(account.accountable),
            active=account.active,
        )
        for key, account in form.service_accounts.items()
    }
    return People(persons=MappingProxyType(persons), service_accounts=MappingProxyType(accounts))


def _check_emails(document: Document, form: PeopleForm) -> list[Problem]:
    problems = []
    seen: dict[str, str] = {}
    for key, person in form.persons.items():
        first = seen.setdefault(to_plain_address(person.email), key)
        if first != key:
            message = f"the address is also that of `{first}`; one person has one id"
            mend = "Keep one of the two entries."
            problems.append(document.build_problem(("persons", key, "email"), message, mend))
    return problems


def _check_accounts(document: Document, people: People) -> list[Problem]:
    problems = []
    known = [str(person) for person in people.persons]
    for account in people.service_accounts.values():
        location = ("service_accounts", account.id, "accountable")
        if str(account.id) in known:
            message, mend = "the id is also a person's", "Give the service account its own id."
            problems.append(document.build_problem(location[:2], message, mend))
        if account.accountable not in people.persons:
            message = "there is no such person"
            mend = suggest(account.accountable, known)
            problems.append(document.build_problem(location, message, mend))
        elif account.active and people.get_active(account.accountable) is None:
            message = "the accountable person is no longer active"
            mend = "Name an active person, or set `active: false`."
            problems.append(document.build_problem(location, message, mend))
    return problems

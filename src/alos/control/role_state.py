"""Whether the roles that one person holds are held by one, and workflows by whoever is named.

Red comes with its reason. Nothing here is kept: it follows from the people in force.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from alos.control.accountable import get_workflow_accountability
from alos.control.standing import Configuration
from alos.domain.ids import PersonId
from alos.domain.organisation import Deputy, RoleAssignment
from alos.domain.people import SINGLETON_ROLES, Party, PartyKind, Role
from alos.domain.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleState:
    """One role now.

    Attributes:
        holders: active people who hold it; a deputy in the deputy's days too.
        deputy: named for some days, whether these are now or not.
        why: empty while all is well, else why it is red.
    """

    role: Role
    holders: tuple[PersonId, ...]
    deputy: Deputy | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaciState:
    """One workflow's people now.

    Attributes:
        accountable: who answers now; ``None`` where nobody is left.
        why: empty while all is well, else why it is red.
    """

    workflow: str
    accountable: PersonId | None
    why: tuple[str, ...]


def list_role_states(configuration: Configuration, today: date) -> tuple[RoleState, ...]:
    """Every role, those that nobody is named for too."""
    return tuple(_get_role_state(configuration, role, today) for role in Role)


def list_raci_states(configuration: Configuration) -> tuple[RaciState, ...]:
    """Every workflow by its slug."""
    states = []
    for slug, bundle in sorted(configuration.bundles.items()):
        answering = get_workflow_accountability(
            bundle, configuration.organisation, configuration.people
        )
        states.append(
            RaciState(
                workflow=slug,
                accountable=answering.person,
                why=tuple(_list_raci_troubles(configuration, slug)),
            )
        )
    return tuple(states)


def resolve(configuration: Configuration, party: Party) -> tuple[PersonId, ...]:
    """The active people behind a party."""
    people = configuration.people
    if party.kind is PartyKind.GROUP:
        return tuple(person.id for person in people.list_group(party.name))
    person = PersonId(party.name)
    return (person,) if people.get_active(person) is not None else ()


def _get_role_state(configuration: Configuration, role: Role, today: date) -> RoleState:
    organisation, people = configuration.organisation, configuration.people
    held = organisation.roles.get(role)
    holders = [person.id for person in organisation.list_holders(role, people)]
    deputy = held.deputy if held is not None else None
    stands_in = (
        deputy is not None
        and deputy.first_day <= today <= deputy.last_day
        and people.get_active(deputy.person) is not None
    )
    why = _explain(held, holders, has_deputy=stands_in) if role in SINGLETON_ROLES else ""
    if deputy is not None and stands_in and deputy.person not in holders:
        holders.append(deputy.person)
    return RoleState(role=role, holders=tuple(holders), deputy=deputy, why=why)


def _explain(held: RoleAssignment | None, holders: list[PersonId], *, has_deputy: bool) -> str:
    if held is None:
        return "nobody is named"
    if len(holders) > 1:
        return f"{len(holders)} people hold it ({', '.join(holders)}); it is one person's"
    if not holders:
        stand_in = "; the deputy stands in until then" if has_deputy else ""
        return f"whoever was named is no longer active; name one active person{stand_in}"
    return ""


def _list_raci_troubles(configuration: Configuration, slug: str) -> Iterator[str]:
    bundle = next(one for one in configuration.bundles.values() if one.id == slug)
    workflow = bundle.workflow
    raci = workflow.raci
    answering = get_workflow_accountability(
        bundle, configuration.organisation, configuration.people
    )
    if answering.person is None:
        yield f"accountable: {answering.named} is not active, and nobody is left to answer"
    elif answering.passed_to:
        yield (
            f"accountable: {answering.named} is not active; it passed to {answering.person}"
            f" ({answering.passed_to}) until somebody is named"
        )
    for name, parties in (
        ("responsible", raci.responsible),
        ("consulted", raci.consulted),
        ("informed", raci.informed),
    ):
        found = {person for party in parties for person in resolve(configuration, party)}
        if not found:
            yield f"{name}: nobody active is behind {', '.join(map(str, parties)) or 'it'}"
    responsible = {one for party in raci.responsible for one in resolve(configuration, party)}
    if workflow.tier >= Tier.ASSIST and raci.accountable in responsible:
        yield "accountable and responsible are one person; from tier 1 on they are two"

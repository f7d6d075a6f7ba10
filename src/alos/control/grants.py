"""What keys and workload tokens grant now: whose they are, and whether those are active."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from alos.control.accountable import get_account_accountability
from alos.domain.account import is_personal
from alos.domain.bundle import Bundle
from alos.domain.ids import KeyId, PersonId, PrincipalId, WorkflowId
from alos.domain.organisation import Organisation
from alos.domain.people import People, Person, PersonSource
from alos.domain.sign_on import to_grant_prefix
from alos.domain.standing import KeyGrant, PrincipalKind


def to_grant(
    key: KeyGrant,
    organisation: Organisation,
    people: People,
    bound: frozenset[tuple[str, PersonId]],
) -> KeyGrant:
    """The key as it holds now: whether its principal is active, and how we know who that is."""
    active = _is_active(key, organisation, people)
    person = people.persons.get(PersonId(key.principal))
    if key.principal_kind is not PrincipalKind.PERSON or person is None:
        return replace(key, active=active)
    return replace(
        key,
        active=active,
        groups=person.groups if person.active else frozenset(),
        identity=_get_identity(person, organisation, bound),
        personal_account=is_personal(person),
    )


def _get_identity(
    person: Person, organisation: Organisation, bound: frozenset[tuple[str, PersonId]]
) -> str:
    """How we know who the person is: the company's login or directory, or only a file."""
    if is_personal(person):
        return "personal_account"
    issuers = organisation.sign_on.issuers.values()
    signs_in = any((issuer.url, person.id) in bound for issuer in issuers)
    return "sso" if signs_in or person.source is PersonSource.DIRECTORY else "people_file"


def list_workload_grants(
    organisation: Organisation, bundles: Mapping[WorkflowId, Bundle]
) -> Iterator[KeyGrant]:
    """What machines may do whose tokens a rule takes; a rule across workspaces gives nothing."""
    for rule in organisation.sign_on.workload_rules:
        known = [bundles[slug] for slug in rule.workflows if slug in bundles]
        workspaces = {one.workflow.workspace for one in known}
        if len(known) != len(rule.workflows) or len(workspaces) != 1:
            continue
        yield KeyGrant(
            id=KeyId(to_grant_prefix(rule.name)),
            prefix=to_grant_prefix(rule.name),
            secret_hash=b"",
            principal=rule.service_account,
            principal_kind=PrincipalKind.SERVICE,
            workspace=workspaces.pop(),
            workflows=frozenset(rule.workflows),
            default_workflow=rule.workflows[0],
            surface=known[0].workflow.surface.name,
            expires_at_unix=None,
            revoked=False,
            active=True,
            identity="workload",
        )


def _is_active(key: KeyGrant, organisation: Organisation, people: People) -> bool:
    """Whether the person is active, or somebody active answers for the service account.

    Production does not stop because a person left: accountability passes on.
    """
    if key.principal_kind is PrincipalKind.PERSON:
        return people.get_active(PersonId(key.principal)) is not None
    account = people.service_accounts.get(PrincipalId(key.principal))
    if account is None or not account.active:
        return False
    answering = get_account_accountability(account, key.workspace, organisation, people)
    return answering.person is not None

"""Turns "who is signed in" into a principal with the roles and workspaces of this moment."""

from dataclasses import replace
from datetime import date

from alos.control.accountable import get_account_accountability
from alos.control.standing import Configuration
from alos.domain.account import is_personal
from alos.domain.authorization import INSTALLATION, Target
from alos.domain.bundle import Bundle
from alos.domain.ids import PersonId, PrincipalId, WorkflowId, WorkspaceId
from alos.domain.organisation import Organisation
from alos.domain.people import People, Person, Role
from alos.domain.principal import Authentication, CallerKind, Method, Principal
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.sign_on import Workload, to_grant_prefix
from alos.domain.standing import KeyGrant
from alos.ports.call_store import CallRow

_SIGNED_IN = frozenset({Method.SESSION_COOKIE, Method.ACCESS_TOKEN})
"""By an identity provider; the set-up token and personas open whom the files name."""


def build_person(
    configuration: Configuration,
    person: PersonId,
    authentication: Authentication,
    *,
    today: date,
    dev: bool,
) -> Principal | Refusal:
    """The principal of an active person; somebody who left is refused, whatever they hold.

    A personal account holds no role: the waiver that lets it in is about calling.
    """
    organisation, people = configuration.organisation, configuration.people
    found = people.get_active(person)
    if found is None:
        return Refusal(code=ReasonCode.PRINCIPAL_INACTIVE)
    return Principal(
        id=PrincipalId(person),
        kind=CallerKind.PERSON,
        authentication=authentication,
        roles=(
            frozenset()
            if is_personal(found) and authentication.method in _SIGNED_IN
            else list_roles(organisation, people, person, today=today)
        ),
        workspaces=list_workspaces(organisation, found),
        dev=dev,
    )


def build_workload(
    configuration: Configuration, workload: Workload, *, dev: bool, now_unix: int
) -> Principal | Refusal:
    """The principal of a machine whose service account, and whoever answers for it, is active."""
    people, organisation = configuration.people, configuration.organisation
    rules = organisation.sign_on.workload_rules
    rule = next((one for one in rules if one.name == workload.rule), None)
    account = people.service_accounts.get(workload.service_account)
    if rule is None or account is None or not account.active:
        return Refusal(code=ReasonCode.PRINCIPAL_INACTIVE)
    bundles = (configuration.bundles.get(slug) for slug in rule.workflows)
    workspaces = {one.workflow.workspace for one in bundles if one is not None}
    answering = (
        get_account_accountability(account, one, organisation, people) for one in workspaces
    )
    if not any(one.person is not None for one in answering):
        return Refusal(code=ReasonCode.PRINCIPAL_INACTIVE)
    return Principal(
        id=account.id,
        kind=CallerKind.WORKLOAD,
        authentication=Authentication(
            method=Method.WORKLOAD_TOKEN,
            issuer=workload.issuer,
            subject=workload.subject,
            auth_time_unix=now_unix,
            grant=to_grant_prefix(rule.name),
        ),
        workspaces=frozenset(workspaces),
        dev=dev,
    )


def list_roles(
    organisation: Organisation, people: People, person: PersonId, *, today: date
) -> frozenset[Role]:
    """Roles held by name or group, and those of a holder whom the person deputizes today."""
    held = set()
    for role, assignment in organisation.roles.items():
        deputy = assignment.deputy
        stands_in = (
            deputy is not None
            and deputy.person == person
            and deputy.first_day <= today <= deputy.last_day
        )
        if stands_in or any(one.id == person for one in organisation.list_holders(role, people)):
            held.add(role)
    return frozenset(held)


def list_workspaces(organisation: Organisation, person: Person) -> frozenset[WorkspaceId]:
    """Those whose group the person is in, or that the person owns."""
    return frozenset(
        workspace.id
        for workspace in organisation.workspaces.values()
        if workspace.owner == person.id
        or (workspace.group is not None and workspace.group in person.groups)
    )


def get_workspace_target(configuration: Configuration, workspace: WorkspaceId) -> Target:
    """A workspace as the object of an action."""
    known = configuration.organisation.workspaces.get(workspace)
    return Target(
        kind="workspace",
        id=workspace,
        workspace=workspace,
        workspace_owner=known.owner if known is not None else None,
    )


def get_workflow_target(configuration: Configuration, workflow: WorkflowId) -> Target:
    """A workflow as the object of an action; an unknown one is nobody's."""
    bundle = configuration.bundles.get(workflow)
    if bundle is None:
        return Target(kind="workflow", id=workflow)
    known = bundle.workflow
    owner = configuration.organisation.workspaces[known.workspace].owner
    return Target(
        kind="workflow",
        id=workflow,
        workspace=known.workspace,
        workspace_owner=owner,
        operational_owner=known.owners.operational,
        accountable=known.raci.accountable,
    )


def get_bundle_target(configuration: Configuration, bundle: Bundle) -> Target:
    """A release's bundle as the object of an action; its own owners are those it names."""
    known = bundle.workflow
    workspace = configuration.organisation.workspaces.get(known.workspace)
    return Target(
        kind="release",
        id=known.id,
        workspace=known.workspace,
        workspace_owner=workspace.owner if workspace is not None else None,
        operational_owner=known.owners.operational,
        accountable=known.raci.accountable,
    )


def get_key_target(configuration: Configuration, grant: KeyGrant) -> Target:
    """A key as the object of an action; a service account's is also its accountable person's."""
    made = get_new_key_target(configuration, grant.default_workflow, grant.principal)
    return replace(made, id=grant.id, workspace=grant.workspace)


def get_new_key_target(
    configuration: Configuration, workflow: str, principal: str | None
) -> Target:
    """A key that somebody wants for a workflow, as the object of an action."""
    holders = {PrincipalId(principal)} if principal else set()
    account = configuration.people.service_accounts.get(PrincipalId(principal or ""))
    if account is not None:
        holders.add(PrincipalId(account.accountable))
    known = get_workflow_target(configuration, WorkflowId(workflow))
    return replace(known, kind="key", id="", holders=frozenset(holders))


def get_call_target(configuration: Configuration, row: CallRow | None) -> Target:
    """A call as the object of an action: its workflow's, and the caller's own."""
    if row is None:
        return Target(kind="call")
    if row.indexed is not None:
        target = get_workflow_target(configuration, WorkflowId(row.indexed["workflow"] or ""))
        caller = row.indexed.get("principal")
        return replace(
            target,
            kind="call",
            id=row.call_id,
            workspace=target.workspace or row.indexed["workspace"],
            holders=frozenset({PrincipalId(caller)} if caller is not None else ()),
        )
    known = row.closing or row.opening
    workflow = known.workflow if known is not None else None
    personal = row.closing.personal if row.closing is not None else ()
    holders = frozenset(PrincipalId(one.value) for one in personal if one.name == "principal")
    target = get_workflow_target(configuration, workflow or WorkflowId(""))
    workspace = target.workspace or (known.workspace if known is not None else None)
    return replace(target, kind="call", id=row.call_id, workspace=workspace, holders=holders)


def get_stop_target(configuration: Configuration, kind: str, target: str) -> Target:
    """What a kill switch holds as the object of an action."""
    if kind == "workflow":
        return get_workflow_target(configuration, WorkflowId(target))
    if kind == "workspace":
        return get_workspace_target(configuration, WorkspaceId(target))
    return INSTALLATION

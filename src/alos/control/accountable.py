"""Who answers for a workflow or a service account now, and whether that is who was named.

Accountability passes on when somebody leaves: to the workspace's owner, then to the executive
sponsor. Production goes on; what is not answered for by whoever was named is red until somebody
is named anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from alos.domain.bundle import Bundle
from alos.domain.ids import PersonId, WorkspaceId
from alos.domain.organisation import Organisation
from alos.domain.people import People, Role, ServiceAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Accountability:
    """Who answers.

    Attributes:
        named: whom the files name.
        person: who answers now; ``None`` where nobody active is left, and then nothing is served.
        passed_to: ``workspace owner`` or ``executive sponsor``; empty where the named one answers.
    """

    named: PersonId
    person: PersonId | None
    passed_to: str = ""


def get_workflow_accountability(
    bundle: Bundle, organisation: Organisation, people: People
) -> Accountability:
    """Who answers for a workflow."""
    workflow = bundle.workflow
    return _find(workflow.raci.accountable, workflow.workspace, organisation, people)


def get_account_accountability(
    account: ServiceAccount, workspace: WorkspaceId, organisation: Organisation, people: People
) -> Accountability:
    """Who answers for a service account's key of a workspace."""
    return _find(account.accountable, workspace, organisation, people)


def _find(
    named: PersonId, workspace: WorkspaceId, organisation: Organisation, people: People
) -> Accountability:
    if people.get_active(named) is not None:
        return Accountability(named=named, person=named)
    for passed_to, person in _list_next(workspace, organisation, people):
        if people.get_active(person) is not None:
            return Accountability(named=named, person=person, passed_to=passed_to)
    return Accountability(named=named, person=None)


def _list_next(
    workspace: WorkspaceId, organisation: Organisation, people: People
) -> Iterable[tuple[str, PersonId]]:
    if (known := organisation.workspaces.get(workspace)) is not None:
        yield "workspace owner", known.owner
    sponsors = organisation.list_holders(Role.EXECUTIVE_SPONSOR, people)
    if len(sponsors) == 1:
        yield "executive sponsor", sponsors[0].id

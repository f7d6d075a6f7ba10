"""Who may do what: one table (capacity, action, scope), and the one function that reads it.

There is no row that overrides another, no administrator and no bypass: a principal may do an
action where one of their capacities has a row for it whose scope covers the object. What two
people must do, what an author may not, and what a record must show are rules of the action
itself, on top of this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alos.domain.action import Action
from alos.domain.ids import PersonId, PrincipalId, WorkspaceId
from alos.domain.people import Role
from alos.domain.principal import CallerKind, Principal
from alos.domain.refusal import ReasonCode, Refusal


class Relation(StrEnum):
    """What a principal is to the object, or merely by being who they are."""

    PERSON = "person"
    """Any active person."""
    HOLDER = "holder"
    """The object is their own: their key, session, call, draft."""
    WORKSPACE_OWNER = "workspace_owner"
    OPERATIONAL_OWNER = "operational_owner"
    ACCOUNTABLE = "accountable"
    CONSULTED = "consulted"
    SERVICE_ACCOUNT = "service_account"
    WORKLOAD = "workload"
    LOCAL_OPERATOR = "local_operator"
    """Over the socket of a production folder."""
    DEV_OPERATOR = "dev_operator"
    """Over the socket of a dev folder."""
    SETUP = "setup"


Capacity = Role | Relation


class Scope(StrEnum):
    """Which objects a row is about."""

    ANY = "any"
    WORKSPACE = "workspace"
    """Objects of a workspace that the person belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The object of an action, as far as authorization asks about it.

    Attributes:
        kind: what it is, a word of the glossary (``key``, ``workflow``, ``release`` …).
        holders: whose own thing it is.
    """

    kind: str
    id: str = ""
    workspace: WorkspaceId | None = None
    holders: frozenset[PrincipalId] = field(default=frozenset())
    workspace_owner: PersonId | None = None
    operational_owner: PersonId | None = None
    accountable: PersonId | None = None
    consulted: frozenset[PersonId] = field(default=frozenset())


INSTALLATION = Target(kind="installation")
"""The object of actions that are about no single thing."""

Rows = dict[Capacity, Scope]

_EVERYBODY: Rows = {Relation.PERSON: Scope.ANY}
_MACHINES: Rows = {Relation.SERVICE_ACCOUNT: Scope.ANY, Relation.WORKLOAD: Scope.ANY}
_MACHINES_AT_HOME: Rows = {
    Relation.SERVICE_ACCOUNT: Scope.WORKSPACE,
    Relation.WORKLOAD: Scope.WORKSPACE,
}
_OVERSIGHT: Rows = {
    Role.EXECUTIVE_SPONSOR: Scope.ANY,
    Role.GATEWAY_OWNER: Scope.ANY,
    Role.SECURITY_OWNER: Scope.ANY,
    Role.AUDITOR: Scope.ANY,
}
_OWNERS: Rows = {
    Relation.WORKSPACE_OWNER: Scope.ANY,
    Relation.OPERATIONAL_OWNER: Scope.ANY,
    Relation.ACCOUNTABLE: Scope.ANY,
}
_TEAM: Rows = {Role.TEAM_LEAD: Scope.WORKSPACE, Role.BUILDER: Scope.WORKSPACE}
_LANE: Rows = {
    Role.TEAM_LEAD: Scope.WORKSPACE,
    Role.PM: Scope.ANY,
    Role.SECURITY: Scope.ANY,
    Role.LEGAL: Scope.ANY,
    Role.COMPLIANCE: Scope.ANY,
}

TABLE: Mapping[Action, Rows] = {
    Action.STATUS_READ: {**_EVERYBODY, **_MACHINES, Relation.LOCAL_OPERATOR: Scope.ANY},
    Action.SCAN: {**_EVERYBODY, **_MACHINES},
    Action.SESSION_OWN: _EVERYBODY,
    Action.SESSION_END: {
        Role.SECURITY_OWNER: Scope.ANY,
        Role.SECURITY: Scope.ANY,
        Relation.LOCAL_OPERATOR: Scope.ANY,
    },
    Action.SETUP: {Relation.SETUP: Scope.ANY},
    Action.KEY_CREATE: {**_OWNERS, Relation.HOLDER: Scope.WORKSPACE, **_TEAM},
    Action.KEY_ROTATE: {**_OWNERS, Relation.HOLDER: Scope.ANY, Role.SECURITY_OWNER: Scope.ANY},
    Action.KEY_REVOKE: {
        **_OWNERS,
        Relation.HOLDER: Scope.ANY,
        Role.TEAM_LEAD: Scope.WORKSPACE,
        Role.GATEWAY_OWNER: Scope.ANY,
        Role.SECURITY_OWNER: Scope.ANY,
        Role.SECURITY: Scope.ANY,
        Relation.LOCAL_OPERATOR: Scope.ANY,
    },
    Action.KEY_LIST: {
        **_OVERSIGHT,
        **_OWNERS,
        Relation.HOLDER: Scope.ANY,
        **_TEAM,
        Role.SECURITY: Scope.ANY,
    },
    Action.KEY_REPORT_LEAKED: {**_EVERYBODY, **_MACHINES},
    Action.STOP: {
        **_OWNERS,
        Role.EXECUTIVE_SPONSOR: Scope.ANY,
        Role.GATEWAY_OWNER: Scope.ANY,
        Role.SECURITY_OWNER: Scope.ANY,
        Role.SECURITY: Scope.ANY,
        Role.TEAM_LEAD: Scope.WORKSPACE,
        Role.BUILDER: Scope.WORKSPACE,
        Relation.LOCAL_OPERATOR: Scope.ANY,
    },
    Action.REVIVE: {  # each has a say; how many it takes is the rule of `domain.revival`
        Relation.OPERATIONAL_OWNER: Scope.ANY,
        Relation.WORKSPACE_OWNER: Scope.ANY,
        Role.GATEWAY_OWNER: Scope.ANY,
        Role.SECURITY_OWNER: Scope.ANY,
        **_LANE,
    },
    Action.FEEDBACK_GIVE: {
        **_OWNERS,
        **_MACHINES_AT_HOME,
        Relation.HOLDER: Scope.ANY,
        Relation.PERSON: Scope.WORKSPACE,
    },
    Action.CALLS_READ: {
        **_OVERSIGHT,
        **_OWNERS,
        **_TEAM,
        Relation.HOLDER: Scope.ANY,
        Role.SECURITY: Scope.ANY,
        Role.PM: Scope.WORKSPACE,
        Role.LEGAL: Scope.ANY,
        Role.COMPLIANCE: Scope.ANY,
    },
    Action.BODIES_READ: {
        Relation.HOLDER: Scope.ANY,
        Relation.OPERATIONAL_OWNER: Scope.ANY,
        Relation.ACCOUNTABLE: Scope.ANY,
        Role.SECURITY_OWNER: Scope.ANY,
        Role.AUDITOR: Scope.ANY,
    },
    Action.TOKENS_REVERSE: {Role.SECURITY_OWNER: Scope.ANY},
    Action.HOLD_ANSWER: {Relation.OPERATIONAL_OWNER: Scope.ANY, Relation.ACCOUNTABLE: Scope.ANY},
    Action.LEGAL_HOLD: {Role.LEGAL: Scope.ANY},
    Action.ERASE: {Role.LEGAL: Scope.ANY, Role.SECURITY_OWNER: Scope.ANY},
    Action.EXPORT: {**_OVERSIGHT, Role.COMPLIANCE: Scope.ANY, Role.LEGAL: Scope.ANY},
    Action.LEDGER_READ: {**_EVERYBODY, **_MACHINES},
    Action.CONFIG_READ: {**_EVERYBODY, **_MACHINES},
    Action.CONFIG_PLAN: {**_EVERYBODY, Relation.WORKLOAD: Scope.ANY},
    Action.CONFIG_APPLY_ROUTES: {Role.GATEWAY_OWNER: Scope.ANY},
    Action.CONFIG_APPLY_BOUNDARY: {Role.SECURITY_OWNER: Scope.ANY},
    Action.CONFIG_APPLY_GOVERNANCE: {Role.EXECUTIVE_SPONSOR: Scope.ANY},
    Action.CONFIG_APPLY_BUDGETS: {
        Role.EXECUTIVE_SPONSOR: Scope.ANY,
    },
    Action.CONFIG_CONFIRM: {
        Role.GATEWAY_OWNER: Scope.ANY,
        Role.SECURITY_OWNER: Scope.ANY,
        Role.LEGAL: Scope.ANY,
        Role.COMPLIANCE: Scope.ANY,
    },
    Action.WAIVER_REQUEST: {**_OWNERS, **_TEAM, Role.PM: Scope.WORKSPACE},
    Action.WAIVER_GRANT: {
        Role.SECURITY_OWNER: Scope.ANY,
        Role.EXECUTIVE_SPONSOR: Scope.ANY,  # from the second renewal on, and only then
    },
    Action.WAIVER_END: {**_OWNERS, Role.SECURITY_OWNER: Scope.ANY},
    Action.WAIVER_LIST: _EVERYBODY,
    Action.ACCESS_REQUEST: _EVERYBODY,
    Action.ACCESS_LIST: {
        **_OVERSIGHT,
        **_OWNERS,
        Relation.HOLDER: Scope.ANY,
        **_TEAM,
        Role.SECURITY: Scope.ANY,
    },
    Action.RELEASE_READ: {**_EVERYBODY, **_MACHINES},
    Action.RELEASE_SUBMIT: {**_OWNERS, **_TEAM, **_MACHINES_AT_HOME},
    Action.RELEASE_VOTE: _LANE,
    Action.RELEASE_PROMOTE: {**_OWNERS, Role.TEAM_LEAD: Scope.WORKSPACE},
    Action.RELEASE_ROLLBACK: {
        **_OWNERS,
        Role.TEAM_LEAD: Scope.WORKSPACE,
        Role.GATEWAY_OWNER: Scope.ANY,
        Role.SECURITY_OWNER: Scope.ANY,
    },
    Action.DRAFT_CALL: {**_OWNERS, **_TEAM},
    Action.CLOCK_MOVE: {},
    Action.DRILL_RUN: {**_OWNERS, Role.TEAM_LEAD: Scope.WORKSPACE, Role.SECURITY: Scope.ANY},
    Action.EVAL_RUN: {**_OWNERS, **_TEAM, **_MACHINES_AT_HOME},
    Action.EVAL_READ: {**_EVERYBODY, **_MACHINES},
    Action.EVAL_CALIBRATE: {**_OWNERS, **_TEAM, Role.PM: Scope.WORKSPACE},
    Action.PEOPLE_READ: _EVERYBODY,
    Action.DIRECTORY_PROVISION: {},
    Action.DIRECTORY_TOKEN: {Role.SECURITY_OWNER: Scope.ANY, Role.GATEWAY_OWNER: Scope.ANY},
    Action.POLICY_PUBLISH: {Role.EXECUTIVE_SPONSOR: Scope.ANY, Role.SECURITY_OWNER: Scope.ANY},
    Action.POLICY_ACKNOWLEDGE: _EVERYBODY,
    Action.INCIDENT_OPEN: _EVERYBODY,
    Action.INCIDENT_CLOSE: {Relation.ACCOUNTABLE: Scope.ANY, Role.SECURITY_OWNER: Scope.ANY},
    Action.INCIDENT_READ: {**_OVERSIGHT, **_OWNERS, **_TEAM, **_LANE},
    Action.REVIEW_READ: _EVERYBODY,
    Action.REVIEW_RECORD: {**_OWNERS, Role.TEAM_LEAD: Scope.WORKSPACE, Role.PM: Scope.ANY},
    Action.COST_READ: {**_OVERSIGHT, **_OWNERS, **_TEAM, Role.PM: Scope.WORKSPACE},
    Action.ROLLOUT_READ: _EVERYBODY,
    Action.CONTROL_ATTEST: {**_OWNERS, Role.SECURITY_OWNER: Scope.ANY, Role.COMPLIANCE: Scope.ANY},
}
"""Every action has its row; what is in no row may nobody do."""

_MACHINE = {
    CallerKind.SERVICE_ACCOUNT: Relation.SERVICE_ACCOUNT,
    CallerKind.WORKLOAD: Relation.WORKLOAD,
    CallerKind.SETUP: Relation.SETUP,
}

PERSONAL = frozenset(
    {
        Action.SETUP,
        Action.DIRECTORY_PROVISION,
        Action.SESSION_OWN,
        Action.HOLD_ANSWER,
        Action.CONFIG_CONFIRM,
        Action.WAIVER_GRANT,
        Action.RELEASE_VOTE,
        Action.POLICY_ACKNOWLEDGE,
        Action.CONTROL_ATTEST,
    }
)
"""What has to name a person, so that even a dev folder's operator acts as a persona for it."""


def check_may(
    principal: Principal, action: Action, target: Target = INSTALLATION
) -> Refusal | None:
    """Whether the principal may do that to the target; pure, and no by anything unforeseen."""
    rows = TABLE.get(action, {})
    for capacity in list_capacities(principal, target):
        if capacity is Relation.DEV_OPERATOR:
            if action not in PERSONAL:
                return None
            continue
        scope = rows.get(capacity)
        if scope is Scope.ANY:
            return None
        if scope is Scope.WORKSPACE and target.workspace in principal.workspaces:
            return None
    if principal.kind is CallerKind.LOCAL_OPERATOR:
        detail = "the local socket of a production folder takes only status, kill and revoke"
        if principal.dev:
            detail = (
                f"{action.value} has to name a person; act as one of the dev folder's personas"
            )
        return Refusal(code=ReasonCode.NOT_PERMITTED, detail=detail)
    return Refusal(
        code=ReasonCode.NOT_PERMITTED, detail=f"{action.value} takes {describe(action)}"
    )


def list_capacities(principal: Principal, target: Target = INSTALLATION) -> tuple[Capacity, ...]:
    """Everything the principal is with respect to the target, roles in their order first."""
    if principal.kind is CallerKind.PERSON:
        roles = tuple(sorted(principal.roles))
        return (Relation.PERSON, *roles, *_list_relations(principal, target))
    if principal.kind is CallerKind.LOCAL_OPERATOR:
        return (Relation.DEV_OPERATOR if principal.dev else Relation.LOCAL_OPERATOR,)
    return (_MACHINE[principal.kind], *_list_relations(principal, target))


def _list_relations(principal: Principal, target: Target) -> tuple[Relation, ...]:
    own = (Relation.HOLDER,) if principal.id in target.holders else ()
    if (person := principal.person) is None:
        return own
    related = {
        Relation.WORKSPACE_OWNER: person == target.workspace_owner,
        Relation.OPERATIONAL_OWNER: person == target.operational_owner,
        Relation.ACCOUNTABLE: person == target.accountable,
        Relation.CONSULTED: person in target.consulted,
    }
    return (*own, *(relation for relation, holds in related.items() if holds))


def describe(action: Action) -> str:
    """Who may, in words: ``builder or team_lead of its workspace, security_owner``."""
    rows = TABLE.get(action, {})
    words = [
        f"{capacity.value} of its workspace" if scope is Scope.WORKSPACE else capacity.value
        for capacity, scope in rows.items()
    ]
    return ", ".join(sorted(words)) or "nobody"

"""The one table of who may do what, read the way the doors read it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.domain.action import Action
from alos.domain.authorization import PERSONAL, TABLE, Scope, Target, check_may
from alos.domain.ids import PersonId, PrincipalId, WorkspaceId
from alos.domain.people import Role
from alos.domain.principal import (
    Authentication,
    CallerKind,
    Method,
    Principal,
    build_local_operator,
)
from alos.domain.refusal import ReasonCode

SUPPORT = WorkspaceId("support")
BY_COOKIE = Authentication(method=Method.SESSION_COOKIE)
WORKFLOW = Target(
    kind="workflow",
    id="drafting",
    workspace=SUPPORT,
    workspace_owner=PersonId("owner"),
    operational_owner=PersonId("ops"),
    accountable=PersonId("acc"),
)


def a_person(name: str, *roles: Role, workspace: str = "support") -> Principal:
    return Principal(
        id=PrincipalId(name),
        kind=CallerKind.PERSON,
        authentication=BY_COOKIE,
        roles=frozenset(roles),
        workspaces=frozenset({WorkspaceId(workspace)}),
    )


def test_every_action_stands_in_the_table() -> None:
    assert set(TABLE) == set(Action)


@pytest.mark.parametrize(
    ("role", "action"),
    [
        (Role.GATEWAY_OWNER, Action.CONFIG_APPLY_ROUTES),
        (Role.SECURITY_OWNER, Action.CONFIG_APPLY_BOUNDARY),
        (Role.EXECUTIVE_SPONSOR, Action.CONFIG_APPLY_GOVERNANCE),
    ],
)
def test_what_a_singleton_role_decides_nobody_else_does(role: Role, action: Action) -> None:
    may = {one for one in Role if check_may(a_person("x", one), action) is None}
    assert may == {role}


def test_waivers_are_the_security_owners_and_from_the_second_renewal_on_the_sponsors() -> None:
    """Which of the two it takes is a rule of the waiver itself (``control/waivers.py``)."""
    may = {one for one in Role if check_may(a_person("x", one), Action.WAIVER_GRANT) is None}
    assert may == {Role.SECURITY_OWNER, Role.EXECUTIVE_SPONSOR}


def test_a_role_of_a_workspace_ends_at_its_border() -> None:
    lead = a_person("lead", Role.TEAM_LEAD)
    assert check_may(lead, Action.RELEASE_PROMOTE, WORKFLOW) is None
    elsewhere = replace(WORKFLOW, workspace=WorkspaceId("finance"))
    refusal = check_may(lead, Action.RELEASE_PROMOTE, elsewhere)
    assert refusal is not None
    assert refusal.code is ReasonCode.NOT_PERMITTED
    assert "team_lead of its workspace" in refusal.sentence


@pytest.mark.parametrize("owner", ["owner", "ops", "acc"])
def test_whoever_answers_for_a_workflow_stops_it_without_any_role(owner: str) -> None:
    assert check_may(a_person(owner, workspace="x"), Action.STOP, WORKFLOW) is None
    assert check_may(a_person("stranger", workspace="x"), Action.STOP, WORKFLOW) is not None


def test_a_holder_revokes_their_own_key_and_no_other() -> None:
    key = Target(kind="key", workspace=SUPPORT, holders=frozenset({PrincipalId("ana")}))
    assert check_may(a_person("ana"), Action.KEY_REVOKE, key) is None
    assert check_may(a_person("bob"), Action.KEY_REVOKE, key) is not None


def test_the_socket_of_a_production_folder_stops_and_revokes_and_no_more() -> None:
    operator = build_local_operator(dev=False)
    may = {action for action in Action if check_may(operator, action) is None}
    assert may == {Action.STATUS_READ, Action.STOP, Action.KEY_REVOKE, Action.SESSION_END}


def test_the_socket_of_a_dev_folder_votes_for_nobody() -> None:
    operator = build_local_operator(dev=True)
    refused = {action for action in Action if check_may(operator, action) is not None}
    assert refused == PERSONAL


@pytest.mark.parametrize("kind", [CallerKind.SERVICE_ACCOUNT, CallerKind.WORKLOAD])
def test_a_machine_never_votes_grants_or_accepts(kind: CallerKind) -> None:
    """Not even one whose id is also an owner's, or that claims every role."""
    machine = replace(a_person("ops", *Role), kind=kind)
    for action in PERSONAL | {Action.RELEASE_PROMOTE, Action.CONFIG_APPLY_ROUTES, Action.REVIVE}:
        assert check_may(machine, action, WORKFLOW) is not None, action


@given(role=st.sampled_from(Role), action=st.sampled_from(Action))
def test_one_role_alone_may_what_its_row_says(role: Role, action: Action) -> None:
    """No role lends another one's rights; there is no bypass."""
    person = a_person("x", role)
    without = a_person("x")
    scope = TABLE[action].get(role)
    may = check_may(person, action, WORKFLOW) is None
    assert may == (scope is not None or check_may(without, action, WORKFLOW) is None)
    if scope is Scope.WORKSPACE and check_may(without, action) is not None:
        assert check_may(person, action) is not None, "an object without a workspace is nobody's"

from dataclasses import replace

import pytest

from alos.domain.fault import StoreDown
from alos.domain.ids import KeyId, PersonId, PrincipalId, WorkflowId, WorkspaceId
from alos.domain.people import Role
from alos.domain.revival import RevivalVote
from alos.domain.standing import KeyGrant, PrincipalKind, Stop
from alos.ports.control_state import KeyRow, RotationMark
from alos.store.control_state import StoredControlState
from alos.store.engine import Store
from tests.store.databases import MakeStore

_GRANT = KeyGrant(
    id=KeyId("key_1"),
    prefix="alos_abc",
    secret_hash=b"h" * 32,
    principal=PrincipalId("dora"),
    principal_kind=PrincipalKind.PERSON,
    workspace=WorkspaceId("support"),
    workflows=frozenset({WorkflowId("triage"), WorkflowId("reply")}),
    default_workflow=WorkflowId("triage"),
    surface="helpdesk",
    expires_at_unix=None,
    revoked=False,
    active=True,
    default_prompt="triage",
)
_ROW = KeyRow(grant=_GRANT, created_at_unix=100, created_by="local-operator")
_STOP = Stop(
    kind="workflow",
    target="triage",
    since_unix=5,
    by="dora",
    reason="wrong answers",
    pulled_at_unix_ns=5_000_000_007,
)


@pytest.fixture
def state(store: Store) -> StoredControlState:
    return StoredControlState(store)


def test_a_key_is_kept_as_it_was_given(state: StoredControlState, make_store: MakeStore) -> None:
    state.add_key(_ROW)
    assert list(state.list_keys()) == [_ROW]
    assert list(StoredControlState(make_store()).list_keys()) == [_ROW]


def test_a_prefix_is_never_given_twice(state: StoredControlState) -> None:
    state.add_key(_ROW)
    with pytest.raises(StoreDown):
        state.add_key(replace(_ROW, grant=replace(_GRANT, id=KeyId("key_2"))))
    assert list(state.list_keys()) == [_ROW]


def test_revoking_keeps_who_did_it_first(state: StoredControlState) -> None:
    state.add_key(_ROW)
    assert state.revoke_key(KeyId("key_1"), by="ben", at_unix=200)
    assert state.revoke_key(KeyId("key_1"), by="cleo", at_unix=300)
    assert not state.revoke_key(KeyId("key_none"), by="ben", at_unix=200)
    [row] = state.list_keys()
    assert row.grant.revoked
    assert (row.revoked_at_unix, row.revoked_by) == (200, "ben")


def test_a_kill_switch_is_pulled_once_and_can_be_pulled_again_after_revival(
    state: StoredControlState, make_store: MakeStore
) -> None:
    state.add_stop(_STOP)
    state.add_stop(replace(_STOP, by="ben"))
    assert list(state.list_stops()) == [_STOP]
    assert list(StoredControlState(make_store()).list_stops()) == [_STOP]
    assert state.end_stop("workflow", "triage", by="cleo", at_unix=9)
    assert not state.end_stop("workflow", "triage", by="cleo", at_unix=9)
    assert list(state.list_stops()) == []
    state.add_stop(replace(_STOP, since_unix=20, pulled_at_unix_ns=20_000_000_000))
    assert [stop.since_unix for stop in state.list_stops()] == [20]


def test_what_somebody_said_of_a_revival_takes_the_place_of_what_they_said_before(
    state: StoredControlState,
) -> None:
    vote = RevivalVote(
        kind="workflow",
        target="triage",
        since_unix=5,
        digest="d",
        person=PersonId("dora"),
        identities=frozenset({"dora", "d@x"}),
        roles=frozenset({Role.PM}),
        is_owner=False,
        is_author=True,
        at_unix=7,
    )
    state.add_revival_vote(vote)
    later = replace(vote, since_unix=9, at_unix=10)
    state.add_revival_vote(later)
    changed = replace(vote, digest="e", at_unix=8)
    state.add_revival_vote(changed)
    assert list(state.list_revival_votes("workflow", "triage")) == [changed, later]
    assert not state.list_revival_votes("workflow", "other")


def test_a_pull_that_was_taken_back_before_it_was_kept_is_not_kept(
    state: StoredControlState,
) -> None:
    assert state.add_stop(_STOP)
    assert state.end_stop(_STOP.kind, _STOP.target, by="ben", at_unix=_STOP.since_unix + 2)
    assert not state.add_stop(_STOP)  # heard of late, by another way
    ended = _STOP.pulled_at_unix_ns
    assert state.read_stop_news().revived == {("workflow", "triage"): ended}
    assert state.add_stop(replace(_STOP, pulled_at_unix_ns=ended + 1))  # in the same second
    assert state.add_stop(replace(_STOP, pulled_at_unix_ns=ended + 3))  # by another gateway
    (stop,) = state.read_stop_news().stops
    assert stop.pulled_at_unix_ns == ended + 3
    assert state.end_stop(_STOP.kind, _STOP.target, by="ben", at_unix=_STOP.since_unix + 2)
    assert not state.add_stop(replace(_STOP, pulled_at_unix_ns=ended + 2))


def test_any_change_of_a_key_changes_the_version(state: StoredControlState) -> None:
    seen = [state.get_key_version()]
    state.add_key(_ROW)
    seen.append(state.get_key_version())
    new = replace(_GRANT, id=KeyId("key_2"), prefix="alos_def")
    state.replace_key(replace(_ROW, grant=new, follows=KeyId("key_1")), old_ends_at_unix=900)
    seen.append(state.get_key_version())
    state.mark_key(RotationMark(key=KeyId("key_2"), due_unix=1, reason="x"))
    seen.append(state.get_key_version())
    state.revoke_key(KeyId("key_2"), by="ben", at_unix=5)
    seen.append(state.get_key_version())
    assert len(set(seen)) == len(seen)

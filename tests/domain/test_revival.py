"""One person stops; who it takes to start again."""

from dataclasses import replace
from typing import Any

import pytest

from alos.domain.ids import PersonId
from alos.domain.organisation import Lane
from alos.domain.people import Role
from alos.domain.revival import RevivalCase, RevivalVote, counts_by_now, list_missing
from alos.domain.standing import Stop
from alos.domain.tier import Tier

DAY = 24 * 3600
STOP = Stop(kind="workflow", target="support", since_unix=1_000_000, by="zoe", reason="")
LANE = Lane(
    tier=Tier.CUSTOMER_FACING,
    votes=(frozenset({Role.PM}), frozenset({Role.SECURITY})),
    minimum_people=2,
    personal_signature=False,
)
CASE = RevivalCase(
    stop=STOP, lane=LANE, digest="d", unchanged=True, now_unix=STOP.since_unix + 3600
)


def say(person: str, *roles: Role, **more: Any) -> RevivalVote:
    vote = RevivalVote(
        kind=STOP.kind,
        target=STOP.target,
        since_unix=STOP.since_unix,
        digest="d",
        person=PersonId(person),
        identities=frozenset({person}),
        roles=frozenset(roles),
        is_owner=False,
        is_author=False,
        at_unix=CASE.now_unix,
    )
    return replace(vote, **more)


OWNER = say("olga", is_owner=True)
PM, SECURITY = say("emil", Role.PM), say("dan", Role.SECURITY)
LATE = replace(CASE, now_unix=STOP.since_unix + DAY + 1)
CHANGED = replace(CASE, unchanged=False)
TOOL = replace(CASE, lane=None)


@pytest.mark.parametrize(
    ("case", "votes", "enough"),
    [
        (CASE, [], False),
        (CASE, [OWNER], False),
        (CASE, [PM], False),
        (CASE, [OWNER, PM], True),
        (CASE, [PM, SECURITY], True),  # the lane itself, at any time
        (LATE, [OWNER, PM], False),
        (LATE, [OWNER, PM, SECURITY], True),
        (CHANGED, [OWNER, PM], False),
        (CHANGED, [PM, SECURITY], True),
        (TOOL, [OWNER], False),
        (TOOL, [PM, SECURITY], False),
        (TOOL, [OWNER, SECURITY], True),
    ],
)
def test_how_many_it_takes(case: RevivalCase, votes: list[RevivalVote], enough: bool) -> None:  # noqa: FBT001
    assert (not list_missing(case, votes)) is enough


@pytest.mark.parametrize(
    "votes",
    [
        [say("olga", Role.PM, is_owner=True)],  # both roles, one person
        [OWNER, say("olga2", Role.PM, identities=frozenset({"olga", "olga2"}))],  # two accounts
        [OWNER, replace(PM, is_author=True)],
        [OWNER, replace(PM, digest="another")],
        [OWNER, replace(PM, since_unix=STOP.since_unix - DAY)],  # about an earlier pull
        [OWNER, say("fay")],  # no role of a lane, or too young a one
        [replace(PM, is_author=True), SECURITY],
        [say("emil", Role.PM, Role.SECURITY)],
    ],
)
def test_nobody_counts_twice_nor_for_their_own_work(votes: list[RevivalVote]) -> None:
    assert list_missing(CASE, votes)


def test_a_role_counts_after_a_day() -> None:
    assert counts_by_now(None, DAY)
    assert counts_by_now(0, DAY)
    assert not counts_by_now(1, DAY)


def test_what_is_missing_is_said() -> None:
    (member, lane) = list_missing(CASE, [OWNER])
    assert "member of a lane" in member
    assert "pm" in lane
    assert "security" in lane
    assert list_missing(LATE, [OWNER])[0].startswith("the lane of Tier 2")

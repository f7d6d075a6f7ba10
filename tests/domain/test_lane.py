"""Who may vote, and when a lane is filled."""

from dataclasses import replace

import pytest

from alos.domain.ids import Digest, PersonId
from alos.domain.lane import (
    Ballot,
    Election,
    Signature,
    Vote,
    Voter,
    check_ballot,
    fill_lane,
    get_lane_version,
)
from alos.domain.organisation import Lane, build_default_lane
from alos.domain.people import Role
from alos.domain.refusal import ReasonCode
from alos.domain.tier import Tier

DIGEST, POLICY = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
NOW = 1_800_000_000
CUSTOMER = build_default_lane(Tier.CUSTOMER_FACING)
REGULATED = build_default_lane(Tier.REGULATED)


def build_voter(name: str, *roles: Role, since: int | None = None, email: str = "") -> Voter:
    identities = frozenset({name, email or f"{name}@example.com"})
    return Voter(id=PersonId(name), identities=identities, roles=dict.fromkeys(roles, since))


def build_election(lane: Lane = CUSTOMER, *votes: Vote) -> Election:
    authors = frozenset({"fay", "fay@example.com"})
    return Election(digest=DIGEST, policy=POLICY, lane=lane, authors=authors, votes=votes)


def build_ballot(voter: Voter, role: Role, lane: Lane = CUSTOMER) -> Ballot:
    return Ballot(
        voter=voter,
        role=role,
        approves=True,
        reason="",
        digest=DIGEST,
        policy=POLICY,
        lane_version=get_lane_version(lane),
        signature=Signature.ATTESTED,
        at_unix=NOW,
    )


def take(ballot: Ballot) -> Vote:
    return Vote(
        voter=ballot.voter.id,
        identities=ballot.voter.identities,
        role=ballot.role,
        approves=ballot.approves,
        reason=ballot.reason,
        signature=ballot.signature,
        at_unix=ballot.at_unix,
        envelope="{}",
    )


GINA = build_ballot(build_voter("gina", Role.PM), Role.PM)
DAN = build_ballot(build_voter("dan", Role.SECURITY), Role.SECURITY)


def test_a_vote_of_somebody_who_may_is_taken() -> None:
    assert check_ballot(GINA, build_election()) is None


@pytest.mark.parametrize(
    ("ballot", "code"),
    [
        (replace(GINA, digest=Digest("sha256:" + "c" * 64)), ReasonCode.VOTE_OTHER_DIGEST),
        (replace(GINA, policy=DIGEST), ReasonCode.VOTE_OTHER_POLICY),
        (replace(GINA, lane_version="0" * 16), ReasonCode.VOTE_OTHER_LANE),
        (replace(GINA, approves=False, reason="  "), ReasonCode.VOTE_NO_REASON),
        (replace(GINA, role=Role.SECURITY), ReasonCode.VOTE_ROLE_NOT_HELD),
        (replace(GINA, role=Role.LEGAL), ReasonCode.VOTE_ROLE_NOT_ASKED),
        (
            build_ballot(build_voter("gina", Role.PM, since=NOW - 3600), Role.PM),
            ReasonCode.VOTE_ROLE_TOO_NEW,
        ),
        (build_ballot(build_voter("fay", Role.PM), Role.PM), ReasonCode.VOTE_OWN_BUNDLE),
        (
            build_ballot(build_voter("fay2", Role.PM, email="fay@example.com"), Role.PM),
            ReasonCode.VOTE_OWN_BUNDLE,
        ),
        (replace(GINA, voter=replace(GINA.voter, is_human=False)), ReasonCode.VOTE_NOT_HUMAN),
        (replace(GINA, voter=replace(GINA.voter, is_active=False)), ReasonCode.VOTER_INACTIVE),
    ],
)
def test_each_vote_that_does_not_count_has_its_own_reason(
    ballot: Ballot, code: ReasonCode
) -> None:
    refusal = check_ballot(ballot, build_election())
    assert refusal is not None
    assert refusal.code is code


def test_a_role_held_for_a_day_or_since_set_up_votes() -> None:
    old = build_ballot(build_voter("gina", Role.PM, since=NOW - 24 * 3600), Role.PM)
    assert check_ballot(old, build_election()) is None
    assert check_ballot(GINA, build_election()) is None


def test_one_person_with_two_roles_fills_one_place_only() -> None:
    both = build_voter("gina", Role.PM, Role.SECURITY)
    first = take(build_ballot(both, Role.PM))
    refusal = check_ballot(build_ballot(both, Role.SECURITY), build_election(CUSTOMER, first))
    assert refusal is not None
    assert refusal.code is ReasonCode.VOTE_SAME_PERSON


def test_a_second_account_of_one_person_does_not_count() -> None:
    first = take(GINA)
    second = build_voter("gina-2", Role.SECURITY, email="gina@example.com")
    ballot = build_ballot(second, Role.SECURITY)
    refusal = check_ballot(ballot, build_election(CUSTOMER, first))
    assert refusal is not None
    assert refusal.code is ReasonCode.VOTE_SAME_PERSON
    assert not fill_lane(CUSTOMER, [first, take(ballot)]).is_complete


def test_changing_ones_mind_is_allowed() -> None:
    against = replace(GINA, approves=False, reason="too dear")
    assert check_ballot(against, build_election(CUSTOMER, take(GINA))) is None


def test_a_regulated_release_takes_personal_signatures_and_three_people() -> None:
    ballot = build_ballot(build_voter("gina", Role.PM), Role.PM, REGULATED)
    refusal = check_ballot(ballot, build_election(REGULATED))
    assert refusal is not None
    assert refusal.code is ReasonCode.VOTE_NOT_PERSONAL
    personal = replace(ballot, signature=Signature.PERSONAL)
    assert check_ballot(personal, build_election(REGULATED)) is None
    state = fill_lane(REGULATED, [take(GINA), take(DAN)])
    assert state.missing == (frozenset({Role.LEGAL, Role.COMPLIANCE}),)


def test_a_lane_is_filled_by_its_votes_in_any_order_and_held_by_one_objection() -> None:
    assert fill_lane(CUSTOMER, [take(DAN), take(GINA)]).is_complete
    assert fill_lane(CUSTOMER, [take(DAN)]).missing == (frozenset({Role.PM}),)
    against = take(replace(DAN, approves=False, reason="no"))
    state = fill_lane(CUSTOMER, [take(GINA), against])
    assert state.objections == (against,)
    assert not state.is_complete


def test_places_that_share_a_role_are_filled_as_well_as_can_be() -> None:
    lane = replace(CUSTOMER, votes=(frozenset({Role.PM, Role.SECURITY}), frozenset({Role.PM})))
    assert fill_lane(lane, [take(GINA), take(DAN)]).is_complete
    assert fill_lane(lane, [take(DAN), take(GINA)]).is_complete


def test_a_lengthened_lane_may_ask_for_more_people_than_roles() -> None:
    lane = replace(CUSTOMER, minimum_people=3)
    assert fill_lane(lane, [take(GINA), take(DAN)]).people_short == 1
    hal = take(build_ballot(build_voter("hal", Role.PM), Role.PM))
    assert fill_lane(lane, [take(GINA), take(DAN), hal]).is_complete


def test_a_void_vote_fills_nothing() -> None:
    void = replace(take(GINA), void_because="deactivated")
    assert fill_lane(CUSTOMER, [void, take(DAN)]).missing == (frozenset({Role.PM}),)


def test_the_version_of_a_lane_changes_with_what_it_asks_for() -> None:
    others = [
        replace(CUSTOMER, minimum_people=3),
        replace(CUSTOMER, personal_signature=True),
        replace(CUSTOMER, votes=(frozenset({Role.PM}),)),
    ]
    assert len({get_lane_version(lane) for lane in (CUSTOMER, *others)}) == 4

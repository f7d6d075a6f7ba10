"""Somebody gets a bundle through by votes that are none: each is refused with its own code."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alos.control.voters import get_identities, list_author_identities
from alos.control.voting import VoteWish
from alos.domain.ids import Digest, PersonId
from alos.domain.lane import LaneState, Voter
from alos.domain.people import Role
from alos.domain.principal import Authentication, Method
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release_events import ReleaseId
from alos.domain.rollout_plan import StageName
from tests.control.release_desk import HOUR, SUPPORT, ReleaseDesk


class Booth:
    """A release that was submitted by fay and passed its eval; only votes are missing."""

    def __init__(self, desk: ReleaseDesk) -> None:
        self.desk = desk
        self.release: ReleaseId

    async def submit(self, *authors: str) -> None:
        identities = list_author_identities(list(authors), self.desk.plane.configuration)
        self.release = await self.desk.submit(authors=identities)
        found = self.desk.releases.find(self.release)
        assert found is not None
        self.desk.pass_eval(found.digest)

    def hire(self, name: str, like: str, **changes: Any) -> None:
        """Another person of the directory, with the groups of one who is there."""
        configuration = self.desk.plane.configuration
        person = replace(
            configuration.people.persons[PersonId(like)], id=PersonId(name), **changes
        )
        persons = {**configuration.people.persons, person.id: person}
        people = replace(configuration.people, persons=persons)
        self.desk.plane._configuration = replace(configuration, people=people)

    def get_voter(self, name: str, *roles: Role, **changes: Any) -> Voter:
        person = self.desk.people.persons[PersonId(name)]
        voter = Voter(
            id=person.id,
            identities=get_identities(person),
            roles={role: self.desk.gained.get((name, role)) for role in roles},
            is_active=person.active,
        )
        return replace(voter, **changes)

    async def vote(self, voter: Voter, role: Role, **changes: Any) -> LaneState | Refusal:
        found = self.desk.releases.find(self.release)
        assert found is not None
        shown = self.desk.voting.get_shown(found)
        told = {name: changes.pop(name) for name in tuple(changes) if hasattr(shown, name)}
        wish = VoteWish(
            release=self.release,
            role=role,
            approves=True,
            reason="",
            shown=replace(shown, **told),
            authentication=Authentication(method=Method.PERSONA),
            proof={},
        )
        return await self.desk.voting.vote(replace(wish, **changes), voter)

    async def assert_refused(
        self, code: ReasonCode, voter: Voter, role: Role, **changes: Any
    ) -> None:
        said = await self.vote(voter, role, **changes)
        assert isinstance(said, Refusal)
        assert said.code is code
        against = await self.desk.promote(self.release, StageName.INTERNAL)
        assert ReasonCode.RELEASE_VOTES_MISSING in against


@pytest.fixture
async def booth(tmp_path: Path) -> Booth:
    desk = ReleaseDesk(tmp_path)
    await desk.plane.load()
    made = Booth(desk)
    await made.submit()
    return made


async def test_one_person_in_two_roles(booth: Booth) -> None:
    emil = booth.get_voter("emil", Role.PM, Role.SECURITY)
    assert isinstance(await booth.vote(emil, Role.PM), LaneState)
    await booth.assert_refused(ReasonCode.VOTE_SAME_PERSON, emil, Role.SECURITY)


@pytest.mark.parametrize(
    "address", ["emil@example.com", "EMIL@Example.com", "emil+votes@example.com"]
)
async def test_one_person_with_two_accounts(booth: Booth, address: str) -> None:
    booth.hire("second", "dan", email=address)
    emil, second = booth.get_voter("emil", Role.PM), booth.get_voter("second", Role.SECURITY)
    assert isinstance(await booth.vote(emil, Role.PM), LaneState)
    await booth.assert_refused(ReasonCode.VOTE_SAME_PERSON, second, Role.SECURITY)


async def test_two_accounts_that_turn_out_to_be_one_person_after_they_voted(booth: Booth) -> None:
    """The directory joins them later: then both votes together count once."""
    emil = booth.get_voter("emil", Role.PM)
    joined = replace(booth.get_voter("dan", Role.SECURITY), identities=frozenset({"dan"}))
    assert isinstance(await booth.vote(joined, Role.SECURITY), LaneState)
    known_now = replace(emil, identities=emil.identities | {"dan"})
    await booth.assert_refused(ReasonCode.VOTE_SAME_PERSON, known_now, Role.PM)


async def test_who_submitted_it(booth: Booth) -> None:
    fay = booth.get_voter("fay", Role.PM)
    await booth.assert_refused(ReasonCode.VOTE_OWN_BUNDLE, fay, Role.PM)


async def test_who_submitted_it_by_a_second_account(booth: Booth) -> None:
    booth.hire("second", "emil", email="fay+pm@example.com")
    second = booth.get_voter("second", Role.PM)
    await booth.assert_refused(ReasonCode.VOTE_OWN_BUNDLE, second, Role.PM)


@pytest.mark.parametrize("author", ["dan@example.com", "Dan+git@EXAMPLE.com", "dan"])
async def test_a_co_author_as_git_names_them(booth: Booth, author: str) -> None:
    await booth.submit(author)
    dan = booth.get_voter("dan", Role.SECURITY)
    await booth.assert_refused(ReasonCode.VOTE_OWN_BUNDLE, dan, Role.SECURITY)


async def test_who_called_it_as_a_draft(booth: Booth) -> None:
    booth.desk.drafters = get_identities(booth.desk.people.persons[PersonId("dan")])
    dan = booth.get_voter("dan", Role.SECURITY)
    await booth.assert_refused(ReasonCode.VOTE_OWN_BUNDLE, dan, Role.SECURITY)


async def test_a_service_account(booth: Booth) -> None:
    robot = booth.get_voter("dan", Role.SECURITY, id=PersonId("ci"), is_human=False)
    await booth.assert_refused(ReasonCode.VOTE_NOT_HUMAN, robot, Role.SECURITY)


async def test_a_role_that_was_gained_today(booth: Booth) -> None:
    booth.desk.gained["dan", Role.SECURITY] = booth.desk.clock.unix - 23 * HOUR
    dan = booth.get_voter("dan", Role.SECURITY)
    await booth.assert_refused(ReasonCode.VOTE_ROLE_TOO_NEW, dan, Role.SECURITY)
    booth.desk.clock.unix += HOUR
    assert isinstance(await booth.vote(dan, Role.SECURITY), LaneState)


async def test_somebody_who_left(booth: Booth) -> None:
    booth.desk.leave("dan")
    dan = booth.get_voter("dan", Role.SECURITY)
    await booth.assert_refused(ReasonCode.VOTER_INACTIVE, dan, Role.SECURITY)


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (Role.SECURITY, ReasonCode.VOTE_ROLE_NOT_HELD),
        (Role.LEGAL, ReasonCode.VOTE_ROLE_NOT_ASKED),
    ],
)
async def test_a_role_that_is_not_ones_own_or_not_asked(
    booth: Booth, role: Role, code: ReasonCode
) -> None:
    await booth.assert_refused(code, booth.get_voter("emil", Role.PM, Role.LEGAL), role)


def _change_byte(desk: ReleaseDesk) -> None:
    path = desk.folder.path / "workflows" / SUPPORT / "prompts" / "draft-reply.md"
    raw = path.read_bytes()
    assert raw.endswith(b"\n")
    path.write_bytes(raw[:-1] + b" ")


async def test_a_vote_for_another_digest(booth: Booth) -> None:
    dan = booth.get_voter("dan", Role.SECURITY)
    other = Digest("sha256:" + "0" * 64)
    await booth.assert_refused(ReasonCode.VOTE_OTHER_DIGEST, dan, Role.SECURITY, digest=other)


async def test_a_vote_after_one_byte_was_changed(booth: Booth) -> None:
    """What the voter looked at is no longer what stands for release; nor do votes move along."""
    dan, emil = booth.get_voter("dan", Role.SECURITY), booth.get_voter("emil", Role.PM)
    assert isinstance(await booth.vote(emil, Role.PM), LaneState)
    first = booth.desk.releases.find(booth.release)
    assert first is not None
    _change_byte(booth.desk)
    await booth.submit()
    second = booth.desk.releases.find(booth.release)
    assert second is not None
    assert second.digest != first.digest
    assert second.votes == ()
    await booth.assert_refused(
        ReasonCode.VOTE_OTHER_DIGEST, dan, Role.SECURITY, digest=first.digest
    )
    booth.release = first.id
    said = await booth.vote(dan, Role.SECURITY)
    assert isinstance(said, Refusal)
    assert said.code is ReasonCode.RELEASE_OVER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"policy": Digest("sha256:" + "1" * 64)}, ReasonCode.VOTE_OTHER_POLICY),
        ({"lane_version": "0" * 16}, ReasonCode.VOTE_OTHER_LANE),
        ({"approves": False}, ReasonCode.VOTE_NO_REASON),
    ],
)
async def test_a_vote_on_what_was_not_shown_or_a_no_without_a_reason(
    booth: Booth, changes: dict[str, Any], code: ReasonCode
) -> None:
    dan = booth.get_voter("dan", Role.SECURITY)
    await booth.assert_refused(code, dan, Role.SECURITY, **changes)

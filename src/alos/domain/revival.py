"""Who it takes to take a kill switch back: one person stops, two or more start.

Within a day, and while the same bundle is served, its operational owner and one member of the
lane; else everybody whom the lane asks for. What is no workflow has no lane: its owner and one
more from the lanes' roles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alos.domain.ids import PersonId
from alos.domain.lane import ROLE_AGE_SECONDS
from alos.domain.organisation import Lane
from alos.domain.people import Role
from alos.domain.standing import Stop

QUICK_SECONDS = 24 * 3600
"""For so long after the kill the owner and one more are enough, if nothing has changed."""

MEMBERS = frozenset({Role.TEAM_LEAD, Role.PM, Role.SECURITY, Role.LEGAL, Role.COMPLIANCE})
"""Roles of the lanes; for what is no workflow the security owner counts as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevivalVote:
    """One person says that a kill switch may be taken back.

    Attributes:
        since_unix: of the stop that it is about; a later pull asks everybody again.
        digest: of the bundle that was served then; empty for what is no workflow.
        identities: everything that is the same human.
        roles: those held for a day or since set-up, as far as they count here.
        is_owner: operational owner of the workflow, or owner of what else was stopped.
        is_author: wrote, committed or submitted what is served, so counts in no lane.
    """

    kind: str
    target: str
    since_unix: int
    digest: str
    person: PersonId
    identities: frozenset[str]
    roles: frozenset[Role]
    is_owner: bool
    is_author: bool
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevivalCase:
    """What the votes are held against.

    Attributes:
        lane: of the workflow; ``None`` for what is no workflow.
        digest: of the bundle that is served now.
        unchanged: the same bundle was served when the switch was pulled.
    """

    stop: Stop
    lane: Lane | None
    digest: str
    unchanged: bool
    now_unix: int

    @property
    def is_quick(self) -> bool:
        """Whether the owner and one more are enough."""
        if self.lane is None:
            return True
        return self.unchanged and self.now_unix - self.stop.since_unix <= QUICK_SECONDS


def counts_by_now(since_unix: int | None, now_unix: int) -> bool:
    """Whether a role counts: held since set-up, or for a day."""
    return since_unix is None or now_unix - since_unix >= ROLE_AGE_SECONDS


def list_missing(case: RevivalCase, votes: Sequence[RevivalVote]) -> tuple[str, ...]:
    """What is still missing, in words; empty where the switch may be taken back."""
    people = _list_people(case, votes)
    if _has_owner_and_member(case, people):
        return ()
    if case.lane is None:
        return _describe_pair(people, "the owner (the gateway owner, a workspace's owner)")
    voters = [one.roles for one in people if not one.is_author]
    short = max(0, case.lane.minimum_people - len(voters))
    if _fills(list(case.lane.votes), voters) and not short:
        return ()
    by_lane = " and ".join(" or ".join(sorted(roles)) for roles in case.lane.votes)
    by_lane = f"the lane of Tier {int(case.lane.tier)}, each by another person: {by_lane}"
    if not case.is_quick:
        return (by_lane,)
    return (*_describe_pair(people, "the operational owner"), f"instead of both: {by_lane}")


def _list_people(case: RevivalCase, votes: Sequence[RevivalVote]) -> list[RevivalVote]:
    """The newest word of each human about this stop and this bundle."""
    kept: list[RevivalVote] = []
    for vote in sorted(votes, key=lambda one: one.at_unix, reverse=True):
        is_about_it = (vote.since_unix, vote.digest) == (case.stop.since_unix, case.digest)
        if is_about_it and all(vote.identities.isdisjoint(one.identities) for one in kept):
            kept.append(vote)
    return kept


def _has_owner_and_member(case: RevivalCase, people: Sequence[RevivalVote]) -> bool:
    if not case.is_quick:
        return False
    return any(
        owner.is_owner and member.roles and not member.is_author
        for owner in people
        for member in people
        if owner is not member
    )


def _describe_pair(people: Sequence[RevivalVote], owner: str) -> tuple[str, ...]:
    missing = []
    if not any(one.is_owner for one in people):
        missing.append(owner)
    if not any(one.roles and not one.is_author and not one.is_owner for one in people):
        missing.append("one member of a lane who is somebody else and wrote nothing of it")
    return tuple(missing)


def _fills(slots: list[frozenset[Role]], voters: list[frozenset[Role]]) -> bool:
    """Whether each slot can have a voter of its own (few of both, so every way is tried)."""
    if not slots:
        return True
    return any(
        roles & slots[0] and _fills(slots[1:], voters[:number] + voters[number + 1 :])
        for number, roles in enumerate(voters)
    )

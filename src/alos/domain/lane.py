"""Votes and the lane that they fill: who may vote, and whether enough people did.

A vote is bound to one digest, to the policy that the voter was shown and to the lane's version.
Nobody votes on their own bundle, nobody counts twice, and a machine never votes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.ids import Digest, PersonId
from alos.domain.organisation import Lane
from alos.domain.people import Role
from alos.domain.refusal import ReasonCode, Refusal

ROLE_AGE_SECONDS = 24 * 3600
"""A role gained later than this before the vote does not count yet."""


class Signature(StrEnum):
    """Who signed a vote.

    Attributes:
        ATTESTED: the installation's key, naming issuer, subject, time of login and session.
        PERSONAL: the person's own key or a fresh token of their identity provider, over the
            statement itself.
    """

    ATTESTED = "attested"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """A person at the moment of the vote, as the directory knows them.

    Attributes:
        identities: everything that is the same human: directory id, plain e-mail address.
        roles: role → second since when it is held; ``None`` where it was held at set-up.
        is_human: False for a service account or a workload.
    """

    id: PersonId
    identities: frozenset[str]
    roles: Mapping[Role, int | None]
    is_active: bool = True
    is_human: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a voter says about what they were shown.

    Attributes:
        digest, policy, lane_version: as the voter was shown them.
        reason: required for a "no".
    """

    voter: Voter
    role: Role
    approves: bool
    reason: str
    digest: Digest
    policy: Digest
    lane_version: str
    signature: Signature
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A ballot that was taken.

    Attributes:
        envelope: the signed statement (DSSE, as JSON text).
        void_because: why it no longer counts; empty while it does.
    """

    voter: PersonId
    identities: frozenset[str]
    role: Role
    approves: bool
    reason: str
    signature: Signature
    at_unix: int
    envelope: str
    void_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """How far a lane is filled.

    Attributes:
        filled: for each vote that the lane asks for: its roles and the vote that fills it.
        objections: standing votes against.
        people_short: distinct people who still have to approve besides the votes missing.
    """

    filled: tuple[tuple[frozenset[Role], Vote | None], ...]
    objections: tuple[Vote, ...]
    people_short: int = 0

    @property
    def missing(self) -> tuple[frozenset[Role], ...]:
        """The roles of each vote that is still to come."""
        return tuple(roles for roles, vote in self.filled if vote is None)

    @property
    def is_complete(self) -> bool:
        """Whether every vote is there and nobody objects."""
        return not (self.missing or self.objections or self.people_short)

    @property
    def filled_at_unix(self) -> int | None:
        """When the vote came that filled it; ``None`` while it is not."""
        times = [vote.at_unix for _, vote in self.filled if vote is not None]
        return max(times, default=None) if self.is_complete else None

    @property
    def voters(self) -> tuple[PersonId, ...]:
        """Those whose votes fill the lane, in its order."""
        return tuple(vote.voter for _, vote in self.filled if vote is not None)


def get_lane_version(lane: Lane) -> str:
    """Sixteen hexadecimal digits that change with anything the lane asks for."""
    said = {
        "tier": int(lane.tier),
        "votes": [sorted(roles) for roles in lane.votes],
        "minimum_people": lane.minimum_people,
        "personal_signature": lane.personal_signature,
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Election:
    """What a ballot is checked against.

    Attributes:
        digest, policy: what is voted on now.
        lane: the votes asked for now.
        authors: identities of everybody who wrote, committed, submitted or tried the bundle.
        votes: those taken so far.
    """

    digest: Digest
    policy: Digest
    lane: Lane
    authors: frozenset[str]
    votes: tuple[Vote, ...]


def check_ballot(ballot: Ballot, election: Election) -> Refusal | None:
    """Say why a ballot is not taken; ``None`` means that it is."""
    return (
        _check_voter(ballot, election)
        or _check_role(ballot, election.lane)
        or _check_shown(ballot, election)
        or _check_signature(ballot, election.lane)
        or _check_once(ballot, election.votes)
    )


def _check_voter(ballot: Ballot, election: Election) -> Refusal | None:
    voter = ballot.voter
    if not voter.is_human:
        return Refusal(code=ReasonCode.VOTE_NOT_HUMAN)
    if not voter.is_active:
        return Refusal(code=ReasonCode.VOTER_INACTIVE)
    if not voter.identities.isdisjoint(election.authors):
        return Refusal(code=ReasonCode.VOTE_OWN_BUNDLE)
    return None


def _check_role(ballot: Ballot, lane: Lane) -> Refusal | None:
    role = ballot.role
    if not any(role in roles for roles in lane.votes):
        return Refusal(code=ReasonCode.VOTE_ROLE_NOT_ASKED, detail=f"role {role}")
    if role not in ballot.voter.roles:
        return Refusal(code=ReasonCode.VOTE_ROLE_NOT_HELD, detail=f"role {role}")
    since = ballot.voter.roles[role]
    if since is not None and ballot.at_unix - since < ROLE_AGE_SECONDS:
        return Refusal(code=ReasonCode.VOTE_ROLE_TOO_NEW, detail=f"role {role}")
    return None


def _check_shown(ballot: Ballot, election: Election) -> Refusal | None:
    if ballot.digest != election.digest:
        return Refusal(code=ReasonCode.VOTE_OTHER_DIGEST)
    if ballot.policy != election.policy:
        return Refusal(code=ReasonCode.VOTE_OTHER_POLICY)
    if ballot.lane_version != get_lane_version(election.lane):
        return Refusal(code=ReasonCode.VOTE_OTHER_LANE)
    return None


def _check_signature(ballot: Ballot, lane: Lane) -> Refusal | None:
    if not ballot.approves and not ballot.reason.strip():
        return Refusal(code=ReasonCode.VOTE_NO_REASON)
    if lane.personal_signature and ballot.signature is not Signature.PERSONAL:
        return Refusal(code=ReasonCode.VOTE_NOT_PERSONAL)
    return None


def _check_once(ballot: Ballot, votes: Sequence[Vote]) -> Refusal | None:
    """One human, one vote, whatever the roles and accounts; changing one's mind is allowed."""
    voter = ballot.voter
    for vote in votes:
        if vote.void_because or vote.identities.isdisjoint(voter.identities):
            continue
        if vote.voter != voter.id or vote.role != ballot.role:
            return Refusal(code=ReasonCode.VOTE_SAME_PERSON)
    return None


def fill_lane(lane: Lane, votes: Sequence[Vote]) -> LaneState:
    """Give each vote asked for one that fills it, no human twice, as many as can be filled.

    Only votes that still count are looked at. Where slots share roles the assignment is a
    maximum matching (augmenting paths, Kuhn 1955), so the order of the votes does not matter.
    """
    counted = [vote for vote in votes if not vote.void_because]
    approvals = _drop_second_selves([vote for vote in counted if vote.approves])
    taken: dict[int, int] = {}

    def place(slot: int, seen: set[int]) -> bool:
        for number, vote in enumerate(approvals):
            if number in seen or vote.role not in lane.votes[slot]:
                continue
            seen.add(number)
            holder = next((other for other, one in taken.items() if one == number), None)
            if holder is None or place(holder, seen):
                taken[slot] = number
                return True
        return False

    for slot in range(len(lane.votes)):
        place(slot, set())
    filled = tuple(
        (roles, approvals[taken[slot]] if slot in taken else None)
        for slot, roles in enumerate(lane.votes)
    )
    return LaneState(
        filled=filled,
        objections=tuple(vote for vote in counted if not vote.approves),
        people_short=max(0, lane.minimum_people - max(len(approvals), len(lane.votes))),
    )


def _drop_second_selves(votes: Sequence[Vote]) -> list[Vote]:
    """One vote of each human: accounts may turn out to be one person's after they voted."""
    kept: list[Vote] = []
    for vote in votes:
        if all(vote.identities.isdisjoint(other.identities) for other in kept):
            kept.append(vote)
    return kept

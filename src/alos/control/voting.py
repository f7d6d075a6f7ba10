"""Votes and consultations: what is shown, what is signed, what is kept.

The statement is built here from what the voter was shown and is checked here against what is
true now, so a vote for anything else is refused. An attested vote is signed by the installation
and names how the person was known; a personal one carries the person's own proof over the
statement's hash.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from alos.control.release_book import Decision, ReleaseBook
from alos.control.standing import Configuration
from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.lane import (
    Ballot,
    Election,
    LaneState,
    Signature,
    Vote,
    Voter,
    check_ballot,
    fill_lane,
    get_lane_version,
)
from alos.domain.organisation import Lane
from alos.domain.people import Role
from alos.domain.principal import Authentication
from alos.domain.record import NoteKind
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release import Lineage, Release, ReleaseState
from alos.domain.release_events import Consulted, ReleaseId, VoteCast
from alos.ports.clock import Clock
from alos.ports.statements import Statements

STATEMENT = "alos-vote-v1"
ADDED = frozenset({"at_unix", "attested", "personal"})
"""What the installation adds to a statement; a personal signature is over the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a voter says they looked at; each has to be what is true now."""

    digest: Digest
    policy: Digest
    lane_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteWish:
    """What somebody wants to vote.

    Attributes:
        authentication: how the person was known to the server.
        proof: what shows the person's own signature (:mod:`alos.control.ballots`); empty for an
            attested vote.
        ballot: the id under which the statement was laid down for it; empty too.
    """

    release: ReleaseId
    role: Role
    approves: bool
    reason: str
    shown: Shown
    authentication: Authentication
    proof: Mapping[str, Any]
    ballot: str = ""


class Proofs(Protocol):
    """Checks a person's own signature over a statement."""

    async def check(
        self, proof: Mapping[str, Any], person: PersonId, statement_hash: str
    ) -> Mapping[str, Any] | Refusal:
        """What to keep so that anybody can check it again, or why it does not hold.

        ``statement_hash`` is the hex SHA-256 of the statement's canonical bytes.
        """


class Voting:
    """Takes votes and answers of those consulted.

    Args:
        hash_statement: hex SHA-256 of a statement's canonical bytes.
        get_draft_users: identities of everybody with draft calls on a workflow's bundles.
    """

    def __init__(
        self,
        book: ReleaseBook,
        statements: Statements,
        proofs: Proofs,
        *,
        configuration: Callable[[], Configuration],
        hash_statement: Callable[[Mapping[str, Any]], str],
        get_draft_users: Callable[[WorkflowId], Awaitable[frozenset[str]]],
        clock: Clock,
    ) -> None:
        self._book = book
        self._statements = statements
        self._proofs = proofs
        self._configuration = configuration
        self._hash_statement = hash_statement
        self._get_draft_users = get_draft_users
        self._clock = clock

    def get_shown(self, release: Release) -> Shown:
        """What a voter has to look at now."""
        return Shown(
            digest=release.digest,
            policy=self._configuration().policy,
            lane_version=get_lane_version(self.get_lane(release)),
        )

    def get_lane(self, release: Release) -> Lane:
        """The lane in force now."""
        return self._configuration().organisation.lanes[release.submitted.lane_tier]

    def get_lane_state(self, release: Release) -> LaneState:
        """How far the lane in force now is filled."""
        return fill_lane(self.get_lane(release), release.votes)

    def build_statement(self, wish: VoteWish, voter: PersonId) -> dict[str, Any]:
        """What a vote says, as it is signed; a personal signature is over its hash."""
        return {
            "statement": STATEMENT,
            "release": wish.release,
            "digest": wish.shown.digest,
            "policy": wish.shown.policy,
            "lane": wish.shown.lane_version,
            "voter": voter,
            "role": wish.role.value,
            "vote": "approve" if wish.approves else "reject",
            "reason": wish.reason,
            "ballot": wish.ballot,
        }

    def hash(self, statement: Mapping[str, Any]) -> str:
        """Hex SHA-256 of a statement's canonical bytes: what a personal signature is over."""
        return self._hash_statement(statement)

    async def vote(self, wish: VoteWish, voter: Voter) -> LaneState | Refusal:
        """Take a vote, or say why not.

        Raises:
            JournalDown, StoreDown: it was not taken.
        """
        workflow = WorkflowId(wish.release.rpartition("/")[0])
        statement = self.build_statement(wish, voter.id)
        kept = await self._check_proof(wish, voter.id, statement)
        if isinstance(kept, Refusal):
            return kept
        drafters = await self._get_draft_users(workflow)

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            release = lineage.releases.get(wish.release)
            if release is None:
                return (Refusal(code=ReasonCode.RELEASE_UNKNOWN),)
            return self._decide(_Cast(wish, voter, drafters, statement, kept), release)

        done = await self._book.change(workflow, decide)
        if not isinstance(done, VoteCast):
            return _get_first(done)
        release = self._book.get(workflow).releases[wish.release]
        return self.get_lane_state(release)

    async def _check_proof(
        self, wish: VoteWish, voter: PersonId, statement: dict[str, Any]
    ) -> Mapping[str, Any] | Refusal:
        if not wish.proof:
            return {}
        return await self._proofs.check(wish.proof, voter, self._hash_statement(statement))

    def _decide(self, cast: "_Cast", release: Release) -> Decision | tuple[Refusal, ...]:
        wish, voter = cast.wish, cast.voter
        if release.state is not ReleaseState.VOTING and not release.is_served:
            return (Refusal(code=ReasonCode.RELEASE_OVER, detail=f"it is {release.state}"),)
        now_unix = self._clock.unix_ns() // 1_000_000_000
        ballot = Ballot(
            voter=voter,
            role=wish.role,
            approves=wish.approves,
            reason=wish.reason,
            digest=wish.shown.digest,
            policy=wish.shown.policy,
            lane_version=wish.shown.lane_version,
            signature=Signature.PERSONAL if wish.proof else Signature.ATTESTED,
            at_unix=now_unix,
        )
        refusal = check_ballot(ballot, self._get_election(release, cast.drafters))
        if refusal is not None:
            return (refusal,)
        vote = Vote(
            voter=voter.id,
            identities=voter.identities,
            role=wish.role,
            approves=wish.approves,
            reason=wish.reason,
            signature=ballot.signature,
            at_unix=now_unix,
            envelope=self._statements.sign(
                self._attest(wish, cast.statement, cast.kept, now_unix)
            ),
        )
        return self._write(release, vote)

    def _get_election(self, release: Release, drafters: frozenset[str]) -> Election:
        configuration = self._configuration()
        return Election(
            digest=release.digest,
            policy=configuration.policy,
            lane=configuration.organisation.lanes[release.submitted.lane_tier],
            authors=release.submitted.authors | drafters,
            votes=release.votes,
        )

    def _attest(
        self,
        wish: VoteWish,
        statement: dict[str, Any],
        kept: Mapping[str, Any],
        now_unix: int,
    ) -> dict[str, Any]:
        """The statement with the installation's word for who made it, and the personal proof."""
        known = wish.authentication
        return {
            **statement,
            "at_unix": now_unix,
            "attested": {
                "method": known.method.value,
                "issuer": known.issuer,
                "subject": known.subject,
                "auth_time_unix": known.auth_time_unix,
                "session": known.session_id,
            },
            "personal": dict(kept),
        }

    def _write(self, release: Release, vote: Vote) -> Decision:
        facts = {
            "release": release.id,
            "digest": release.digest,
            "voter": vote.voter,
            "role": vote.role.value,
            "vote": "approve" if vote.approves else "reject",
            "signature": vote.signature.value,
        }
        personal = {"vote": vote.envelope, "reason": vote.reason}
        return Decision(
            event=VoteCast(release=release.id, vote=vote),
            kind=NoteKind.VOTE_CAST,
            facts=facts,
            by=vote.voter,
            personal=personal,
        )

    async def consult(
        self, release: ReleaseId, party: str, *, by: PersonId, opinion: str
    ) -> Consulted | Refusal:
        """Take the answer of a consulted party; whether ``by`` speaks for it is asked before.

        Raises:
            JournalDown, StoreDown: it was not taken.
        """

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            if release not in lineage.releases:
                return (Refusal(code=ReasonCode.RELEASE_UNKNOWN),)
            event = Consulted(
                release=release,
                party=party,
                by=by,
                opinion=opinion,
                at_unix=self._clock.unix_ns() // 1_000_000_000,
            )
            return Decision(
                event=event,
                kind=NoteKind.CONSULTED,
                facts={"release": release, "party": party},
                by=by,
                personal={"opinion": opinion},
            )

        done = await self._book.change(WorkflowId(release.rpartition("/")[0]), decide)
        return done if isinstance(done, Consulted) else _get_first(done)


class _Cast(NamedTuple):
    """A vote on its way: what is wanted, by whom, and what was read before the decision."""

    wish: VoteWish
    voter: Voter
    drafters: frozenset[str]
    statement: dict[str, Any]
    kept: Mapping[str, Any]


def _get_first(done: object) -> Refusal:
    if isinstance(done, tuple) and done and isinstance(done[0], Refusal):
        return done[0]
    return Refusal(code=ReasonCode.FAULT)

"""Releases: submit, vote, be consulted, promote, resume, roll back, and what is missing."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.body import Body
from alos.api.bundles import demand_lineage
from alos.api.release_views import (
    GuardAnswer,
    ReleaseAnswer,
    ReleaseLine,
    to_guard,
    to_line,
    to_view,
)
from alos.control.ballots import Ballots
from alos.control.callers import get_bundle_target, get_workflow_target
from alos.control.release_desk import ReleaseDesk
from alos.control.releases import Outlook, Submission
from alos.control.vote_requests import ask_for_votes
from alos.control.voters import build_voter, get_identities, list_author_identities
from alos.control.voting import Shown, VoteWish
from alos.domain.action import Action
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.people import Role
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.release import Release
from alos.domain.release_events import ReleaseId
from alos.domain.rollout_plan import StageName

Slug = Annotated[str, Field(max_length=64)]
Reader = Annotated[Caller, Depends(May(Action.RELEASE_READ))]
Submitter = Annotated[Caller, Depends(May(Action.RELEASE_SUBMIT, of_object=True))]
Voter = Annotated[Caller, Depends(May(Action.RELEASE_VOTE, of_object=True))]
Promoter = Annotated[Caller, Depends(May(Action.RELEASE_PROMOTE, of_object=True))]
Returner = Annotated[Caller, Depends(May(Action.RELEASE_ROLLBACK, of_object=True))]
_LONGEST = 2_000


class ReleasesRefused(AccessRefused):
    """Several reasons at once; the first names the answer's code."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(refusals[0])
        self.refusals = refusals

    def __str__(self) -> str:
        """Every sentence."""
        return " ".join(one.sentence for one in self.refusals)


class SubmitRequest(Body):
    """A bundle that was uploaded, put to the vote."""

    digest: str = Field(max_length=80)
    authors: list[Annotated[str, Field(max_length=320)]] = Field(
        default_factory=list,
        max_length=200,
        description="addresses of who wrote, committed and co-wrote it; the submitter is one too",
    )


class ProofRequest(Body):
    """What the login for a ballot ended with."""

    ballot: str = Field(max_length=64)
    code: str = Field(max_length=128)
    verifier: str = Field(max_length=128)


class VoteRequest(Body):
    """A vote on what was shown: digest, policy and lane as the release's view gives them."""

    role: Role
    approve: bool
    reason: str = Field(default="", max_length=_LONGEST)
    digest: str = Field(max_length=80)
    policy: str = Field(max_length=80)
    lane: str = Field(max_length=32)
    proof: ProofRequest | None = Field(
        default=None, description="the person's own signature; the server attests without one"
    )


class StatementAnswer(Body):
    """What a personal signature is made over, laid down for the login that makes it."""

    statement: dict[str, Any]
    sha256: str = Field(description="the login's nonce")
    ballot: str = Field(description="for `/api/v1/login?ballot=…` and the vote; good for minutes")


class AnswerRequest(Body):
    """What a consulted party says."""

    party: str = Field(max_length=128, description="as workflow.yaml names it")
    opinion: str = Field(max_length=_LONGEST)


class PromoteRequest(Body):
    """The stage wanted; only the next one can be granted."""

    stage: StageName


class ReasonRequest(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=_LONGEST)


class RollbackRequest(ReasonRequest):
    """Why, and where to."""

    to: str | None = Field(default=None, max_length=80, description="a digest that was live once")


def add_releases(app: FastAPI, desk: ReleaseDesk, ballots: Ballots) -> None:
    """Add the endpoints of releases."""
    _add_reading(app, desk)
    _add_submitting(app, desk)
    _add_voting(app, desk, ballots)
    _add_moving(app, desk)


def _add_reading(app: FastAPI, desk: ReleaseDesk) -> None:
    @app.get("/api/v1/releases")
    async def list_releases(_: Reader, workflow: Slug | None = None) -> list[ReleaseLine]:
        """Every release, newest submission first."""
        found = [
            release
            for name, lineage in desk.book.lineages.items()
            if workflow in {None, name}
            for release in lineage.releases.values()
        ]
        found.sort(key=lambda release: release.submitted.at_unix, reverse=True)
        return [to_line(release) for release in found]

    @app.get("/api/v1/releases/{workflow}/{number}")
    async def show_release(workflow: Slug, number: int, _: Reader) -> ReleaseAnswer:
        """Where a release stands, and every piece that is missing for its next stage."""
        release = _find(desk, workflow, number)
        outlook = await desk.releases.look(release.id)
        assert outlook is not None
        return _show(desk, outlook, await desk.get_bundle(release))

    @app.get("/api/v1/releases/{workflow}/{number}/guards")
    async def list_guards(workflow: Slug, number: int, _: Reader) -> list[GuardAnswer]:
        """The guards of a release that rolls out, and what they saw; none of another one."""
        release = _find(desk, workflow, number)
        return [to_guard(one) for one in desk.guards.list_watched(release.id)]


def _add_submitting(app: FastAPI, desk: ReleaseDesk) -> None:
    @app.post("/api/v1/releases", status_code=201)
    async def submit_release(wish: SubmitRequest, caller: Submitter) -> ReleaseLine:
        """Put an uploaded bundle to the vote."""
        bundle = await desk.bundles.get(Digest(wish.digest))
        if bundle is None:
            raise AccessRefused(Refusal(code=ReasonCode.RELEASE_UNKNOWN))
        configuration = desk.configuration()
        demand_lineage(configuration, caller, bundle)
        person = configuration.people.persons.get(PersonId(caller.id))
        done = await desk.releases.submit(
            Submission(
                digest=bundle.digest,
                authors=list_author_identities(wish.authors, configuration),
                by=PersonId(caller.id),
                by_identities=(
                    get_identities(person) if person is not None else frozenset({caller.id})
                ),
            )
        )
        if isinstance(done, tuple):
            raise ReleasesRefused(done)
        release = desk.releases.find(done)
        assert release is not None
        await desk.announce(release, bundle)
        await ask_for_votes(desk, release)
        return to_line(release)


def _add_voting(app: FastAPI, desk: ReleaseDesk, ballots: Ballots) -> None:
    @app.post("/api/v1/releases/{workflow}/{number}/statement")
    async def get_statement(
        workflow: Slug, number: int, wish: VoteRequest, caller: Voter
    ) -> StatementAnswer:
        """Lay down the statement of a vote, for a login that has its hash as nonce."""
        release, _ = await _open(desk, workflow, number, caller)
        ballot, person = ballots.make_id(), PersonId(caller.id)
        wanted = replace(_to_wish(release, wish, caller), ballot=ballot)
        statement = desk.voting.build_statement(wanted, person)
        sha256 = desk.voting.hash(statement)
        await ballots.lay_down(ballot, person, sha256)
        return StatementAnswer(statement=statement, sha256=sha256, ballot=ballot)

    @app.post("/api/v1/releases/{workflow}/{number}/votes", status_code=201)
    async def vote(workflow: Slug, number: int, wish: VoteRequest, caller: Voter) -> ReleaseAnswer:
        """Vote; a later vote of the same person takes the place of an earlier one."""
        release, bundle = await _open(desk, workflow, number, caller)
        voter = build_voter(
            caller.principal, bundle, desk.configuration(), get_gained_at=desk.get_gained_at
        )
        done = await desk.voting.vote(_to_wish(release, wish, caller), voter)
        if isinstance(done, Refusal):
            raise AccessRefused(done)
        outlook = await desk.releases.look(release.id)
        assert outlook is not None
        return _show(desk, outlook, bundle)

    @app.post("/api/v1/releases/{workflow}/{number}/answers", status_code=201)
    async def answer(
        workflow: Slug, number: int, wish: AnswerRequest, caller: Reader
    ) -> ReleaseLine:
        """Answer as a consulted party, which is no vote."""
        release = _find(desk, workflow, number)
        bundle = await desk.get_bundle(release)
        if not desk.speaks_for(caller.id, wish.party, bundle):
            detail = "you are not of that consulted party"
            raise AccessRefused(Refusal(code=ReasonCode.NOT_PERMITTED, detail=detail))
        done = await desk.voting.consult(
            release.id, wish.party, by=PersonId(caller.id), opinion=wish.opinion
        )
        if isinstance(done, Refusal):
            raise AccessRefused(done)
        return to_line(_find(desk, workflow, number))


def _add_moving(app: FastAPI, desk: ReleaseDesk) -> None:
    @app.post("/api/v1/releases/{workflow}/{number}/promotions", status_code=201)
    async def promote(
        workflow: Slug, number: int, wish: PromoteRequest, caller: Promoter
    ) -> ReleaseLine:
        """Grant the next stage; everything that is against it is said at once."""
        release, bundle = await _open(desk, workflow, number, caller)
        done = await desk.releases.promote(release.id, wish.stage, by=caller.id)
        if isinstance(done, tuple):
            raise ReleasesRefused(done)
        await desk.announce(release, bundle)
        return to_line(_find(desk, workflow, number))

    @app.post("/api/v1/releases/{workflow}/{number}/resumptions", status_code=201)
    async def resume(
        workflow: Slug, number: int, wish: ReasonRequest, caller: Promoter
    ) -> ReleaseLine:
        """Let a rollout go on that a guard halted."""
        release, _ = await _open(desk, workflow, number, caller)
        done = await desk.releases.resume(release.id, by=caller.id, reason=wish.reason)
        if isinstance(done, tuple):
            raise ReleasesRefused(done)
        return to_line(_find(desk, workflow, number))

    @app.post("/api/v1/workflows/{workflow}/rollbacks", status_code=201)
    async def roll_back(workflow: Slug, wish: RollbackRequest, caller: Returner) -> ReleaseLine:
        """Take the newest served release back; one person, no vote."""
        lineage = desk.releases.get_lineage(WorkflowId(workflow))
        served = lineage.rolling_release or lineage.live_release
        if served is None:
            caller.demand(get_workflow_target(desk.configuration(), WorkflowId(workflow)))
            detail = "nothing of it is served"
            raise AccessRefused(Refusal(code=ReasonCode.RELEASE_NO_ROLLBACK, detail=detail))
        caller.demand(get_bundle_target(desk.configuration(), await desk.get_bundle(served)))
        done = await desk.releases.roll_back(
            WorkflowId(workflow),
            by=caller.id,
            reason=wish.reason,
            to=Digest(wish.to) if wish.to else None,
        )
        if isinstance(done, tuple):
            raise ReleasesRefused(done)
        found = desk.releases.find(served.id)
        assert found is not None
        return to_line(found)


def _find(desk: ReleaseDesk, workflow: str, number: int) -> Release:
    release = desk.releases.find(ReleaseId(f"{workflow}/{number}"))
    if release is None:
        raise AccessRefused(Refusal(code=ReasonCode.RELEASE_UNKNOWN))
    return release


async def _open(
    desk: ReleaseDesk, workflow: str, number: int, caller: Caller
) -> tuple[Release, Bundle]:
    """A release and its bundle, where the caller may do the endpoint's action to it."""
    release = _find(desk, workflow, number)
    bundle = await desk.get_bundle(release)
    caller.demand(get_bundle_target(desk.configuration(), bundle))
    return release, bundle


def _show(desk: ReleaseDesk, outlook: Outlook, bundle: Bundle) -> ReleaseAnswer:
    return to_view(outlook, desk.voting, bundle, now_unix=desk.now_unix())


def _to_wish(release: Release, wish: VoteRequest, caller: Caller) -> VoteWish:
    return VoteWish(
        release=release.id,
        role=wish.role,
        approves=wish.approve,
        reason=wish.reason,
        shown=Shown(
            digest=Digest(wish.digest), policy=Digest(wish.policy), lane_version=wish.lane
        ),
        authentication=caller.principal.authentication,
        proof=wish.proof.model_dump() if wish.proof is not None else {},
        ballot=wish.proof.ballot if wish.proof is not None else "",
    )

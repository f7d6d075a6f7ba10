"""What people do to releases: submit, promote, halt, resume, roll back, drill.

Whether they may is asked before (``domain.authorization``); whether it is time is the promote
gate's word (``domain.gate``). Votes are in :mod:`alos.control.voting`.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from alos.control.bundles import Bundles
from alos.control.release_book import Decide, Decision, ReleaseBook
from alos.control.release_facts import FactFinder
from alos.control.scope import get_scope, list_widened
from alos.control.standing import Configuration
from alos.domain.bundle import Bundle
from alos.domain.gate import check_promote
from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.organisation import Lane
from alos.domain.promotion import PromotionFacts
from alos.domain.record import NoteKind
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release import Lineage, Release, ReleaseState
from alos.domain.release_events import (
    Drilled,
    Granted,
    Halted,
    ReleaseEvent,
    ReleaseId,
    Resumed,
    RolledBack,
    Submitted,
    VotesVoided,
)
from alos.domain.rollout import get_next_stage, get_reach
from alos.domain.rollout_plan import StageName
from alos.domain.tier import Tier
from alos.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody puts to the vote.

    Attributes:
        authors: identities of those who wrote, committed or co-wrote it, as git has them.
        by: who submits; an author too.
        by_identities: everything that is the same human as ``by``.
    """

    digest: Digest
    authors: frozenset[str]
    by: PersonId
    by_identities: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Where a release stands, and everything that keeps it from the next stage.

    Attributes:
        next_stage: ``None`` once it is at everyone, or over.
        facts: what the gate was asked with; ``None`` where nothing can be granted any more.
    """

    lineage: Lineage
    release: Release
    next_stage: StageName | None
    missing: tuple[Refusal, ...]
    facts: PromotionFacts | None


class Releases:
    """Takes releases from submission to everyone, and back."""

    def __init__(
        self,
        book: ReleaseBook,
        bundles: Bundles,
        facts: FactFinder,
        *,
        configuration: Callable[[], Configuration],
        clock: Clock,
    ) -> None:
        self._book = book
        self._bundles = bundles
        self._facts = facts
        self._configuration = configuration
        self._clock = clock

    def find(self, release: ReleaseId) -> Release | None:
        """A release by its id."""
        workflow, _, _ = release.rpartition("/")
        return self._book.get(WorkflowId(workflow)).releases.get(release)

    def get_lineage(self, workflow: WorkflowId) -> Lineage:
        """A workflow's releases."""
        return self._book.get(workflow)

    # --- forward --------------------------------------------------------------------------

    async def submit(self, wish: Submission) -> ReleaseId | tuple[Refusal, ...]:
        """Put an uploaded bundle to the vote; the lineage's earlier submission gives way.

        Raises:
            JournalDown, StoreDown: nothing was changed.
        """
        bundle = await self._bundles.get(wish.digest)
        if bundle is None:
            return (Refusal(code=ReasonCode.RELEASE_UNKNOWN),)

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            event = self._build_submission(lineage, bundle, wish)
            if isinstance(event, Refusal):
                return (event,)
            facts = {
                "release": event.release,
                "digest": event.digest,
                "tier": str(int(event.tier)),
                "lane_tier": str(int(event.lane_tier)),
                "policy": event.policy,
            }
            personal = {"authors": " ".join(sorted(event.authors))}
            return _decide(NoteKind.RELEASE_SUBMITTED, event, facts, wish.by, personal)

        done = await self._book.change(bundle.id, decide)
        return done.release if isinstance(done, Submitted) else _get_refusals(done)

    def _build_submission(
        self, lineage: Lineage, bundle: Bundle, wish: Submission
    ) -> Submitted | Refusal:
        configuration = self._configuration()
        organisation = configuration.organisation
        workflow = bundle.workflow
        if workflow.workspace not in organisation.workspaces:
            detail = f"alos.yaml has no workspace {workflow.workspace}"
            return Refusal(code=ReasonCode.RELEASE_BUNDLE_BLOCKED, detail=detail)
        running = lineage.rolling_release or lineage.live_release
        if running is not None and running.digest == bundle.digest:
            return Refusal(code=ReasonCode.RELEASE_OVER, detail="this very digest is served now")
        live = lineage.live_release
        before = live.submitted.tier if live is not None else Tier.INTERNAL
        return Submitted(
            release=lineage.next_id,
            workflow=bundle.id,
            digest=bundle.digest,
            tier=workflow.tier,
            lane_tier=max(workflow.tier, before),
            policy=configuration.policy,
            authors=wish.authors | wish.by_identities,
            scope=get_scope(bundle, organisation),
            by=wish.by,
            at_unix=self._now_unix(),
        )

    async def promote(
        self, release: ReleaseId, stage: StageName, *, by: str
    ) -> Granted | tuple[Refusal, ...]:
        """Grant the next stage, where the gate has nothing against it.

        Raises:
            JournalDown, StoreDown: nothing was changed.
        """
        found = self.find(release)
        if found is None:
            return (Refusal(code=ReasonCode.RELEASE_UNKNOWN),)
        bundle = await self._bundles.get(found.digest)
        if bundle is None:
            return (Refusal(code=ReasonCode.RELEASE_UNKNOWN),)
        ready = await self._facts.prepare(bundle, await self._get_live(bundle.id))

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            current = lineage.releases[release]
            facts = self._facts.build(ready, current, now_unix=self._now_unix())
            against = check_promote(lineage, current, stage, facts)
            return against or self._grant(current, bundle, stage, facts, by)

        done = await self._book.change(found.submitted.workflow, decide)
        return done if isinstance(done, Granted) else _get_refusals(done)

    def _grant(
        self, release: Release, bundle: Bundle, stage: StageName, facts: PromotionFacts, by: str
    ) -> Decision:
        basis = hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()
        event = Granted(
            release=release.id,
            reach=get_reach(bundle.workflow.rollout.stages, stage),
            approved_by=facts.lane.voters,
            basis=basis,
            by=by,
            at_unix=facts.now_unix,
        )
        evaluation = facts.evaluation
        said = {
            "release": release.id,
            "digest": release.digest,
            "stage": stage.value,
            "approved_by": ",".join(facts.lane.voters),
            "eval_run": evaluation.run if evaluation is not None else "",
            "basis": basis,
        }
        return _decide(NoteKind.STAGE_GRANTED, event, said, by)

    async def look(self, release: ReleaseId) -> Outlook | None:
        """Where a release stands and what is missing; ``None`` where there is no such release.

        Raises:
            StoreDown: its bundle or its evals can't be read.
        """
        found = self.find(release)
        if found is None:
            return None
        lineage = self._book.get(found.submitted.workflow)
        is_open = found.is_served or found.state is ReleaseState.VOTING
        next_stage = get_next_stage(found.stage) if is_open else None
        facts = await self.get_facts(found) if next_stage is not None else None
        if next_stage is None or facts is None:
            return Outlook(lineage=lineage, release=found, next_stage=None, missing=(), facts=None)
        return Outlook(
            lineage=lineage,
            release=found,
            next_stage=next_stage,
            missing=check_promote(lineage, found, next_stage, facts),
            facts=facts,
        )

    async def get_facts(self, release: Release) -> PromotionFacts | None:
        """What the promote gate is asked with about a release now; ``None`` without its bundle.

        Raises:
            StoreDown: its bundle or its evals can't be read.
        """
        bundle = await self._bundles.get(release.digest)
        if bundle is None:
            return None
        ready = await self._facts.prepare(bundle, await self._get_live(bundle.id))
        return self._facts.build(ready, release, now_unix=self._now_unix())

    # --- back -----------------------------------------------------------------------------

    async def roll_back(
        self, workflow: WorkflowId, *, by: str, reason: str, to: Digest | None = None
    ) -> RolledBack | tuple[Refusal, ...]:
        """Take the newest served release back, to the live one or the one that was live before.

        No vote and no eval is asked for: the digest it goes to had both. ``to`` names another
        digest that was live once.

        Raises:
            JournalDown, StoreDown: nothing was changed; `alos kill` needs neither.
        """

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            release = lineage.rolling_release or lineage.live_release
            if release is None:
                return (Refusal(code=ReasonCode.RELEASE_NO_ROLLBACK, detail="nothing is served"),)
            target = to or lineage.rollback_target
            is_rolling = release.id == lineage.rolling
            if target is not None and (
                target == release.digest or lineage.find_live(target) is None
            ):
                detail = "that digest was never live, or was taken back"
                return (Refusal(code=ReasonCode.RELEASE_NO_ROLLBACK, detail=detail),)
            if target is None and not is_rolling:
                return (Refusal(code=ReasonCode.RELEASE_NO_ROLLBACK),)
            event = RolledBack(
                release=release.id, to=target, by=by, reason=reason, at_unix=self._now_unix()
            )
            facts = {"release": release.id, "digest": release.digest, "to": target or ""}
            return _decide(NoteKind.ROLLED_BACK, event, facts, by, {"reason": reason})

        done = await self._book.change(workflow, decide)
        return done if isinstance(done, RolledBack) else _get_refusals(done)

    async def halt(self, release: ReleaseId, *, guard: str, detail: str) -> bool:
        """Keep a rollout from going on; False where it is halted or over already."""

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            found = lineage.releases[release]
            if found.halted or not found.is_served:
                return ()
            event = Halted(release=release, guard=guard, detail=detail, at_unix=self._now_unix())
            facts = {"release": release, "guard": guard, "detail": detail}
            return _decide(NoteKind.ROLLOUT_HALTED, event, facts, "guard")

        return isinstance(await self._change_release(release, decide), Halted)

    async def resume(
        self, release: ReleaseId, *, by: str, reason: str
    ) -> Resumed | tuple[Refusal, ...]:
        """Let a halted rollout go on."""

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            if not lineage.releases[release].halted:
                return (Refusal(code=ReasonCode.RELEASE_OVER, detail="no guard halts it"),)
            event = Resumed(release=release, by=by, reason=reason, at_unix=self._now_unix())
            facts = {"release": release}
            return _decide(NoteKind.ROLLOUT_RESUMED, event, facts, by, {"reason": reason})

        done = await self._change_release(release, decide)
        return done if isinstance(done, Resumed) else _get_refusals(done)

    async def record_drill(self, drill: Drilled) -> None:
        """Keep what came of a rehearsal; what a person says of it is personal."""
        facts = {
            "workflow": drill.workflow,
            "digest": drill.digest,
            "drill": drill.kind.value,
            "passed": "yes" if drill.passed else "no",
            "run": drill.run,
        }
        personal = {"detail": drill.detail}
        decision = _decide(NoteKind.DRILL_ENDED, drill, facts, drill.by, personal)
        await self._book.change(drill.workflow, lambda _: decision)

    # --- what follows from changes elsewhere ------------------------------------------------

    async def void_pending_votes(self, person: PersonId) -> int:
        """Void the votes of somebody who left, where they have granted nothing yet."""
        voided = 0
        for lineage in tuple(self._book.lineages.values()):
            for release in lineage.releases.values():
                voters = {vote.voter for vote in release.votes if not vote.void_because}
                if release.state is ReleaseState.VOTING and person in voters:
                    voided += await self._void(release, person, "the voter is no longer active")
        return voided

    async def reopen_widened(self) -> tuple[ReleaseId, ...]:
        """Void the votes of releases whose workflow may now do more than they were about."""
        reopened = []
        for lineage in tuple(self._book.lineages.values()):
            for release in lineage.releases.values():
                is_open = release.is_served or release.state is ReleaseState.VOTING
                bundle = await self._bundles.get(release.digest) if is_open else None
                if bundle is None:
                    continue
                scope = get_scope(bundle, self._configuration().organisation)
                widened = list_widened(release.scope, scope)
                if widened:
                    why = f"the configuration widened: {'; '.join(widened[:5])}"
                    await self._void(release, None, why, scope=scope)
                    reopened.append(release.id)
        return tuple(reopened)

    async def _void(
        self,
        release: Release,
        voter: PersonId | None,
        why: str,
        *,
        scope: frozenset[str] | None = None,
    ) -> bool:
        """Void them unless another gateway was first; whether it was this one."""
        at_unix = self._now_unix()
        event = VotesVoided(release=release.id, voter=voter, why=why, at_unix=at_unix, scope=scope)
        facts = {"release": release.id, "voter": voter or "", "why": why}
        decision = _decide(NoteKind.VOTES_VOIDED, event, facts, "rules")

        def decide(lineage: Lineage) -> Decision | tuple[Refusal, ...]:
            new = lineage.releases[release.id]
            is_left = any(vote.voter == voter and not vote.void_because for vote in new.votes)
            return decision if is_left or (voter is None and new.scope != scope) else ()

        return isinstance(await self._book.change(release.submitted.workflow, decide), VotesVoided)

    async def _change_release(self, release: ReleaseId, decide: Decide) -> object:
        found = self.find(release)
        if found is None:
            return (Refusal(code=ReasonCode.RELEASE_UNKNOWN),)
        return await self._book.change(found.submitted.workflow, decide)

    async def _get_live(self, workflow: WorkflowId) -> Bundle | None:
        live = self._book.get(workflow).live_release
        return await self._bundles.get(live.digest) if live is not None else None

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


def get_lane(configuration: Configuration, release: Release) -> Lane:
    """The lane in force now for a release: its own tier's, or the tier's it comes down from."""
    return configuration.organisation.lanes[release.submitted.lane_tier]


def _decide(
    kind: NoteKind,
    event: ReleaseEvent,
    facts: Mapping[str, str],
    by: str,
    personal: Mapping[str, str] | None = None,
) -> Decision:
    return Decision(event=event, kind=kind, facts=facts, by=by, personal=personal or {})


def _get_refusals(done: object) -> tuple[Refusal, ...]:
    refusals = done if isinstance(done, tuple) else ()
    return tuple(one for one in refusals if isinstance(one, Refusal))

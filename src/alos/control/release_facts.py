"""Gathers what the promote gate decides on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from alos.control.agreement import check_workflow
from alos.control.bundle import WORKFLOW_FILE, read_bundle
from alos.control.documents import Severity, parse_document
from alos.control.standing import Configuration
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest
from alos.domain.lane import fill_lane
from alos.domain.people import Party, PartyKind, People
from alos.domain.promotion import DAY_SECONDS, EvalFact, PromotionFacts
from alos.domain.release import Release
from alos.ports.clock import Clock

CONSULTATION_DAYS = 3
"""A consulted party that has not answered by then no longer holds a release up."""

GetEvalFact = Callable[[Digest], Awaitable[EvalFact | None]]
"""The newest gate run of a digest."""
ListMissingWaivers = Callable[[Bundle], tuple[str, ...]]
"""What the bundle needs a waiver for and has none in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was read from stores before the decision.

    Attributes:
        blocking: problems that block a release, one line each.
        has_decision: the decision log has an entry that the live bundle's has not.
    """

    bundle: Bundle
    blocking: tuple[str, ...]
    has_decision: bool
    evaluation: EvalFact | None


class FactFinder:
    """Reads what is slow first, so that the decision itself waits for nothing."""

    def __init__(
        self,
        *,
        configuration: Callable[[], Configuration],
        get_eval: GetEvalFact,
        list_missing_waivers: ListMissingWaivers,
        clock: Clock,
    ) -> None:
        self._configuration = configuration
        self._get_eval = get_eval
        self._list_missing_waivers = list_missing_waivers
        self._clock = clock

    async def prepare(self, bundle: Bundle, live: Bundle | None) -> Prepared:
        """Read the bundle's problems and its newest gate run.

        ``live`` is the bundle that serves everybody now, if any.

        Raises:
            StoreDown: they can't be read.
        """
        known = {decision.path for decision in live.decisions} if live is not None else set()
        is_live = live is not None and live.digest == bundle.digest
        return Prepared(
            bundle=bundle,
            blocking=await asyncio.to_thread(self._list_blocking, bundle),
            has_decision=is_live or any(one.path not in known for one in bundle.decisions),
            evaluation=await self._get_eval(bundle.digest),
        )

    def build(self, ready: Prepared, release: Release, *, now_unix: int) -> PromotionFacts:
        """Everything the gate looks at; pure but for the configuration in force."""
        configuration = self._configuration()
        workflow = ready.bundle.workflow
        lane = configuration.organisation.lanes[release.submitted.lane_tier]
        soak = {stage.name: stage.soak_hours for stage in workflow.rollout.stages}
        return PromotionFacts(
            now_unix=now_unix,
            tier=workflow.tier,
            floor=workflow.tier_floor,
            blocking=ready.blocking,
            evaluation=ready.evaluation,
            lane=fill_lane(lane, release.votes),
            has_decision=ready.has_decision,
            missing_waivers=self._list_missing_waivers(ready.bundle),
            unanswered=list_unanswered(ready.bundle, release, configuration.people, now_unix),
            soak_hours=soak[release.stage] if release.stage is not None else 0,
        )

    def _list_blocking(self, bundle: Bundle) -> tuple[str, ...]:
        """What `alos check` says of this bundle in this organisation today, warnings left out."""
        configuration = self._configuration()
        reading = read_bundle(bundle.contents, label=bundle.id)
        problems = list(reading.problems)
        raw = bundle.contents[WORKFLOW_FILE]
        document, _ = parse_document(f"{bundle.id}/{WORKFLOW_FILE}", raw)
        if document is not None:
            today = datetime.fromtimestamp(self._clock.unix_ns() // 1_000_000_000, UTC).date()
            problems += check_workflow(
                document,
                bundle.workflow,
                configuration.organisation,
                configuration.people,
                today,
            )
        return tuple(
            f"{one.path}:{one.line} {one.message}"
            for one in problems
            if one.severity is not Severity.WARNING
        )


def list_unanswered(
    bundle: Bundle, release: Release, people: People, now_unix: int
) -> tuple[str, ...]:
    """Consulted parties who neither answered nor voted, while there is still time."""
    if release.stage is not None:
        return ()
    if now_unix - release.submitted.at_unix > CONSULTATION_DAYS * DAY_SECONDS:
        return ()
    voters = {vote.voter for vote in release.votes if not vote.void_because}
    return tuple(
        str(party)
        for party in bundle.workflow.raci.consulted
        if str(party) not in release.consulted and voters.isdisjoint(list_members(party, people))
    )


def list_members(party: Party, people: People) -> frozenset[str]:
    """The active people a party names, by id."""
    if party.kind is PartyKind.PERSON:
        return frozenset({party.name})
    return frozenset(person.id for person in people.list_group(party.name))

"""The lineages of all workflows: what is decided is noted, kept, and then in force.

One change at a time. A change is decided on what is the newest, written to the journal, appended
to the log, and only then seen by anybody. Where another process was quicker it is decided again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alos.control.bundles import Bundles
from alos.control.change_notes import ChangeNotes
from alos.control.standing import Served
from alos.domain.ids import Digest, WorkflowId
from alos.domain.record import NoteKind
from alos.domain.refusal import Refusal
from alos.domain.release import Lineage, Release, ReleaseState, apply
from alos.domain.release_events import Granted, Halted, ReleaseEvent, Resumed, RolledBack
from alos.domain.rollout import NOBODY
from alos.domain.standing import ReleaseStage, StandingRelease
from alos.ports.release_log import LoggedEvent, LogMovedOn, ReleaseLog

_TRIES = 5
_SERVING = Granted | Halted | Resumed | RolledBack
"""Events that change which bundle serves whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An event, and what the journal says of it.

    Attributes:
        facts: our own words and ids.
        personal: by name, what can be forgotten later.
    """

    event: ReleaseEvent
    kind: NoteKind
    facts: Mapping[str, str]
    by: str
    personal: Mapping[str, str]


Decide = Callable[[Lineage], Decision | tuple[Refusal, ...]]
"""Decides on the newest state of a lineage: an event, or everything that is against it."""


class ReleaseBook:
    """What happened to every release, and which bundles are served because of it.

    Args:
        publish: puts a new Standing into force; called after each change of what is served.
    """

    def __init__(
        self,
        log: ReleaseLog,
        bundles: Bundles,
        notes: ChangeNotes,
        *,
        publish: Callable[[], None],
    ) -> None:
        self._log = log
        self._bundles = bundles
        self._notes = notes
        self._publish = publish
        self._lineages: dict[WorkflowId, Lineage] = {}
        self._lengths: dict[WorkflowId, int] = {}
        self._newest = 0
        self._newest_at_unix = 0
        self._served: dict[WorkflowId, Served] = {}
        self._lock = asyncio.Lock()

    @property
    def lineages(self) -> Mapping[WorkflowId, Lineage]:
        """By workflow; those that had a release submitted."""
        return self._lineages

    @property
    def served(self) -> Mapping[WorkflowId, Served]:
        """By workflow, the release that reaches the fewest first."""
        return self._served

    @property
    def newest_at_unix(self) -> int:
        """When the newest event happened, in seconds; 0 before any."""
        return self._newest_at_unix

    @property
    def taken_back(self) -> frozenset[Digest]:
        """Digests whose newest release was rolled back; they serve nobody."""
        return frozenset(
            release.digest
            for lineage in self._lineages.values()
            for release in lineage.releases.values()
            if release.state is ReleaseState.ROLLED_BACK
            and lineage.find(release.digest) is release
        )

    def get(self, workflow: WorkflowId) -> Lineage:
        """The lineage of a workflow; empty where nothing was submitted."""
        return self._lineages.get(workflow) or Lineage(workflow=workflow)

    async def catch_up(self) -> bool:
        """Take over what other processes appended; True where there was something.

        Raises:
            StoreDown: the log can't be read; what is in force stays.
        """
        async with self._lock:
            return await self._catch_up()

    async def change(
        self, workflow: WorkflowId, decide: Decide
    ) -> ReleaseEvent | tuple[Refusal, ...]:
        """Decide on the newest state, and make it so.

        Raises:
            JournalDown, StoreDown: nothing was changed.
        """
        async with self._lock:
            for _ in range(_TRIES):
                await self._catch_up()
                decided = decide(self.get(workflow))
                if not isinstance(decided, Decision):
                    return decided
                await self._notes.note(
                    decided.kind, decided.facts, by=decided.by, personal=decided.personal
                )
                try:
                    logged = await asyncio.to_thread(
                        self._log.append,
                        workflow,
                        self._lengths.get(workflow, 0),
                        decided.event,
                    )
                except LogMovedOn:
                    continue
                await self._take([logged])
                return decided.event
        raise LogMovedOn(workflow)

    async def _catch_up(self) -> bool:
        logged = await asyncio.to_thread(self._log.list_events, self._newest)
        if logged:
            await self._take(logged)
        return bool(logged)

    async def _take(self, logged: Sequence[LoggedEvent]) -> None:
        touched = set()
        changes_what_is_served = False
        for one in logged:
            self._lineages[one.workflow] = apply(self.get(one.workflow), one.event)
            self._lengths[one.workflow] = one.sequence + 1
            self._newest = one.number
            self._newest_at_unix = max(self._newest_at_unix, get_time(one.event))
            touched.add(one.workflow)
            changes_what_is_served |= isinstance(one.event, _SERVING)
        if changes_what_is_served:
            for workflow in touched:
                await self._serve(workflow)
            self._publish()

    async def _serve(self, workflow: WorkflowId) -> None:
        lineage = self.get(workflow)
        live = await self._load(lineage.live_release, None)
        served = await self._load(lineage.rolling_release, live) or live
        if served is None:
            self._served.pop(workflow, None)
        else:
            self._served[workflow] = served

    async def _load(self, release: Release | None, before: Served | None) -> Served | None:
        """The bundle of a release; ``None`` (so nobody gets it) where its bytes are not right."""
        if release is None or release.reach is None:
            return None
        bundle = await self._bundles.get(release.digest)
        if bundle is None:
            return None
        return Served(
            bundle=bundle,
            release=StandingRelease(
                digest=release.digest,
                stage=ReleaseStage(release.reach.stage.value),
                approved_by=release.approved_by,
                reach=NOBODY if release.halted else release.reach,
            ),
            before=before,
        )


def get_time(event: ReleaseEvent) -> int:
    """When an event happened, in seconds."""
    vote = getattr(event, "vote", None)
    at_unix: int = vote.at_unix if vote is not None else getattr(event, "at_unix", 0)
    return at_unix

"""Guards of rollouts: read each call of a release once, and act by themselves where it is worse.

Every guard that a bundle declares is a sequential test of its bound
(:mod:`alos.evals.sequential`) over the production calls of the release, or over what people said
of their answers, from the moment on at which its stage was granted or a person let it go on. All
guards of a release share one error rate. What was read is not kept: a process that starts reads
it again from there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from alos.control.bundles import Bundles
from alos.control.release_book import ReleaseBook
from alos.control.releases import Releases
from alos.domain.bundle import Bundle
from alos.domain.fault import Fault
from alos.domain.feedback import Feedback
from alos.domain.guarded import GuardedCall, get_bound, get_value
from alos.domain.people import Party, PartyKind
from alos.domain.release import Release
from alos.domain.release_events import ReleaseId
from alos.domain.rollout_plan import Guard, GuardAction, GuardMetric
from alos.evals.sequential import BoundedMeanTest
from alos.ports.feedback import FeedbackStore
from alos.ports.guarded_calls import GuardedCalls

_logger = logging.getLogger(__name__)

STAGE_ALPHA = 0.01
"""The share of stages in which any guard speaks although no rate is above its bound."""
_BATCH = 2_000
_MOST_BATCHES = 25
"""Read in one turn; what is left is read in the next."""
_NS = 1_000_000_000

Tell = Callable[[Sequence[Party], str, Sequence[str]], Awaitable[None]]
"""Tells parties something: (who, subject, lines)."""
Kill = Callable[[str, str], Awaitable[object]]
"""Stops a workflow: (workflow, reason)."""


@dataclass(slots=True)
class Watched:
    """One guard of one release.

    Attributes:
        test: ``None`` where the bound is one that no share can pass.
    """

    guard: Guard
    test: BoundedMeanTest | None
    acted: bool = False

    @property
    def speaks(self) -> bool:
        """Whether it has to act."""
        test = self.test
        return test is not None and test.is_over and test.values >= self.guard.minimum_calls


@dataclass(slots=True)
class _Watch:
    release: Release
    bundle: Bundle
    number: int
    guards: list[Watched]
    since_unix_ns: int
    feedback_number: int = 0
    _windows: dict[str, int] = field(default_factory=dict)

    def take(self, calls: Sequence[GuardedCall]) -> None:
        """Show calls to every guard of them."""
        for watched in self.guards:
            guard = watched.guard
            if guard.metric is not GuardMetric.REJECTION_RATE:
                seen = ((one.opened_at_unix_ns, get_value(guard, one)) for one in calls)
                self._show(watched, seen)

    def take_feedback(self, given: Sequence[Feedback]) -> None:
        """Show to every guard of rejections what people said."""
        for watched in self.guards:
            if watched.guard.metric is GuardMetric.REJECTION_RATE:
                self._show(watched, ((one.at_unix_ns, float(not one.accepted)) for one in given))

    def _show(self, watched: Watched, seen: Iterable[tuple[int, float]]) -> None:
        """Show (time, value) pairs to a guard, those of one window at a time."""
        if watched.test is None:
            return
        window_ns = watched.guard.window_minutes * 60 * _NS
        values: list[float] = []
        current = self._windows.get(watched.guard.name, 0)
        for at_unix_ns, value in seen:
            window = max(current, at_unix_ns // window_ns)
            if window != current and values:
                watched.test.take(values, current)
                values = []
            current = window
            values.append(value)
        if values:
            watched.test.take(values, current)
        self._windows[watched.guard.name] = current


class Guards:
    """Watches every release that is in internal or cohort and not halted.

    Args:
        to_wall_ns: a time of the releases' clock (seconds) → that of calls (nanoseconds).
    """

    def __init__(
        self,
        book: ReleaseBook,
        releases: Releases,
        calls: GuardedCalls,
        feedback: FeedbackStore,
        *,
        bundles: Bundles,
        tell: Tell,
        kill: Kill,
        to_wall_ns: Callable[[int], int],
    ) -> None:
        self._book = book
        self._releases = releases
        self._calls = calls
        self._feedback = feedback
        self._bundles = bundles
        self._tell_parties = tell
        self._kill = kill
        self._to_wall_ns = to_wall_ns
        self._watches: dict[tuple[ReleaseId, int], _Watch] = {}

    def list_watched(self, release: ReleaseId) -> tuple[Watched, ...]:
        """The guards of a release and what they saw; none where it is not watched."""
        for (known, _), watch in self._watches.items():
            if known == release:
                return tuple(watch.guards)
        return ()

    async def watch(self) -> None:
        """Read what arrived, and act; a job calls it.

        Raises:
            StoreDown: nothing was read; it goes on from there the next time.
        """
        await self._choose()
        for watch in tuple(self._watches.values()):
            for _ in range(_MOST_BATCHES):
                found, upto = await asyncio.to_thread(
                    self._calls.list_after,
                    watch.number,
                    workflow=watch.bundle.id,
                    release=watch.release.digest,
                    limit=_BATCH,
                )
                watch.take(found)
                watch.number = upto
                if len(found) < _BATCH:
                    break
            await self._read_feedback(watch)
            for watched in watch.guards:
                if watched.speaks and not watched.acted:
                    await self._act(watch, watched)

    async def _read_feedback(self, watch: _Watch) -> None:
        for _ in range(_MOST_BATCHES):
            given, upto = await asyncio.to_thread(
                self._feedback.list_after,
                watch.feedback_number,
                workflow=watch.bundle.id,
                release=watch.release.digest,
                since_unix_ns=watch.since_unix_ns,
                limit=_BATCH,
            )
            watch.take_feedback(given)
            watch.feedback_number = upto
            if len(given) < _BATCH:
                break

    async def _choose(self) -> None:
        """Begin with releases that came into a stage, and let go of those that left it."""
        wanted: dict[tuple[ReleaseId, int], Release] = {}
        for lineage in self._book.lineages.values():
            release = lineage.rolling_release
            if release is not None and release.is_served and not release.halted:
                wanted[release.id, release.watched_since_unix] = release
        for gone in self._watches.keys() - wanted.keys():
            del self._watches[gone]
        for key, release in wanted.items():
            if key not in self._watches:
                bundle = await self._bundles.get(release.digest)
                if bundle is None:  # then it serves nobody either
                    continue
                since = self._to_wall_ns(release.watched_since_unix)
                number = await asyncio.to_thread(self._calls.find_first, since)
                self._watches[key] = _Watch(release, bundle, number, _begin(bundle), since)

    async def _act(self, watch: _Watch, watched: Watched) -> None:
        guard, test, release = watched.guard, watched.test, watch.release
        assert test is not None, "only a guard with a test speaks"
        detail = describe(watched)
        if guard.action is GuardAction.ALERT:
            watched.acted = True
            await self._tell(watch.bundle, f"guard {guard.name} of {release.id} speaks", detail)
            return
        done = await self._releases.halt(release.id, guard=guard.name, detail=detail)
        watched.acted = True
        if guard.action is GuardAction.KILL:
            await self._kill(watch.bundle.id, f"guard {guard.name}: {detail}")
        if done:
            subject = f"{release.id} was halted by guard {guard.name}"
            await self._tell(watch.bundle, subject, detail)

    async def _tell(self, bundle: Bundle, subject: str, detail: str) -> None:
        """Tell the owner and those informed; who can't be told keeps nothing from being done."""
        raci = bundle.workflow.raci
        owner = Party(kind=PartyKind.PERSON, name=bundle.workflow.owners.operational)
        lines = [f"{bundle.workflow.title}: {subject}.", detail, "`alos release show` says more."]
        try:
            await self._tell_parties((owner, *raci.informed), subject, lines)
        except Fault:
            _logger.warning("nobody could be told: %s", subject)


def _begin(bundle: Bundle) -> list[Watched]:
    guards = bundle.workflow.rollout.guards
    alpha = STAGE_ALPHA / max(1, len(guards))
    return [
        Watched(
            guard,
            BoundedMeanTest(bound=get_bound(guard), alpha=alpha) if get_bound(guard) < 1 else None,
        )
        for guard in guards
    ]


def describe(watched: Watched) -> str:
    """What a guard saw, in one line."""
    guard, test = watched.guard, watched.test
    if test is None:
        return f"{guard.metric.value}: no share is above {guard.above:g}"
    what = f"{guard.metric.value} above {guard.above:g}"
    of = "answers judged" if guard.metric is GuardMetric.REJECTION_RATE else "calls"
    return f"{what}: mean {test.mean:.3f} against {test.bound:.3f} in {test.values} {of}"

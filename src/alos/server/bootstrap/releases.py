"""The releases of one process: their log, their rules, and what follows from changes elsewhere."""

from collections.abc import Awaitable, Callable

from alos.control.bundles import Bundles
from alos.control.guards import Guards
from alos.control.plane import ControlPlane
from alos.control.release_book import ReleaseBook
from alos.control.release_desk import Notify, ReleaseDesk, tell_nobody
from alos.control.release_facts import FactFinder, GetEvalFact
from alos.control.releases import Releases
from alos.control.voters import GetGainedAt
from alos.control.voting import Proofs, Voting
from alos.control.waivers import Waivers
from alos.domain.ids import Digest, WorkflowId
from alos.domain.promotion import EvalFact
from alos.domain.waiver import list_needed
from alos.ledger.statement import hash_payload
from alos.ports.clock import Clock
from alos.ports.dev_clock import DevClock
from alos.ports.statements import Statements
from alos.server.jobs import Jobs, Work
from alos.store.bundles import StoredBundles
from alos.store.engine import Store
from alos.store.feedback import StoredFeedback
from alos.store.guarded_calls import StoredGuardedCalls
from alos.store.release_log import StoredReleaseLog
from alos.store.waivers import StoredWaivers

_RELEASES_SECONDS = 1.0
_OVERDUE_SECONDS = 60.0
GetDraftUsers = Callable[[WorkflowId], Awaitable[frozenset[str]]]
"""Identities of everybody with draft calls on a workflow."""


async def get_no_eval(_digest: Digest) -> EvalFact | None:
    """Where no eval runs are kept, none was passed."""
    return None


def build_release_desk(  # noqa: PLR0913 - each by its name
    plane: ControlPlane,
    store: Store,
    statements: Statements,
    clock: Clock,
    *,
    get_eval: GetEvalFact = get_no_eval,
    get_gained_at: GetGainedAt,
    get_draft_users: GetDraftUsers,
    proofs: Proofs,
    notify: Notify = tell_nobody,
) -> ReleaseDesk:
    """Put the parts together; :meth:`ReleaseDesk.load` reads what happened so far."""
    clock = DevClock(clock) if plane.is_dev else clock
    bundles = Bundles(StoredBundles(store), clock=clock, kept=plane.take_draft)
    book = ReleaseBook(StoredReleaseLog(store), bundles, plane.notes, publish=plane.refresh)
    waivers = Waivers(StoredWaivers(store), plane.notes, clock=clock, publish=plane.refresh)
    facts = FactFinder(
        configuration=lambda: plane.configuration,
        get_eval=get_eval,
        list_missing_waivers=lambda bundle: waivers.list_missing(
            bundle.workflow, list_needed(bundle.workflow)
        ),
        clock=clock,
    )
    releases = Releases(
        book, bundles, facts, configuration=lambda: plane.configuration, clock=clock
    )
    voting = Voting(
        book,
        statements,
        proofs,
        configuration=lambda: plane.configuration,
        hash_statement=hash_payload,
        get_draft_users=get_draft_users,
        clock=clock,
    )
    plane.served, plane.waivers = book, waivers
    plane.leavers.ends["votes"] = releases.void_pending_votes
    plane.followers.append(releases.reopen_widened)
    return ReleaseDesk(
        book=book,
        bundles=bundles,
        releases=releases,
        voting=voting,
        waivers=waivers,
        configuration=lambda: plane.configuration,
        get_eval=get_eval,
        get_gained_at=get_gained_at,
        notify=notify,
        guards=Guards(
            book,
            releases,
            StoredGuardedCalls(store),
            StoredFeedback(store),
            bundles=bundles,
            tell=notify,
            kill=lambda workflow, why: plane.stop("workflow", workflow, by="guard", reason=why),
            to_wall_ns=lambda unix: (unix - get_ahead_seconds(clock)) * 1_000_000_000,
        ),
        clock=clock,
    )


def get_ahead_seconds(clock: Clock) -> int:
    """How far the clock of a dev folder's releases is ahead of the wall."""
    return clock.ahead_seconds if isinstance(clock, DevClock) else 0


def start_release_jobs(jobs: Jobs, desk: ReleaseDesk, end_overdue_runs: Work) -> None:
    """Read what other processes did to releases, watch those that roll out, end old eval runs."""
    jobs.every(_OVERDUE_SECONDS, end_overdue_runs, name="end overdue eval runs")
    jobs.every(_RELEASES_SECONDS, desk.book.catch_up, name="read releases")
    jobs.every(_RELEASES_SECONDS, desk.guards.watch, name="watch the guards of rollouts")

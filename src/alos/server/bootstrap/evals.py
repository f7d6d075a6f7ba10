"""The eval runs of one process."""

from dataclasses import dataclass

from alos.control.drafters import Drafters
from alos.control.eval_desk import LiveRelease
from alos.control.evals import EvalParts, Evals
from alos.control.plane import ControlPlane
from alos.control.release_desk import Notify, ReleaseDesk
from alos.control.voters import GetGainedAt
from alos.control.voting import Proofs
from alos.domain.ids import Digest, WorkflowId
from alos.domain.promotion import EvalFact
from alos.evals.graders import Scan
from alos.gateway.wire.formats import FORMATS
from alos.ports.clock import Clock
from alos.ports.statements import Statements
from alos.server.bootstrap.news import News
from alos.server.bootstrap.releases import build_release_desk, get_ahead_seconds
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.eval_runs import StoredEvalRuns
from alos.store.shipper import Shipper


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleParts:
    """Since when roles are held, how people are told, and how they sign."""

    get_gained_at: GetGainedAt
    notify: Notify
    proofs: Proofs


async def build_releases_and_evals(
    plane: ControlPlane,
    *,
    store: Store,
    calls: CallIndex,
    shipper: Shipper,
    scan: Scan,
    statements: Statements,
    clock: Clock,
    people: PeopleParts,
) -> tuple[ReleaseDesk, Evals]:
    """Build both, each of which asks the other, and take up what the last process left open.

    Raises:
        StoreDown: they can't be read.
    """

    async def get_eval(digest: Digest) -> EvalFact | None:
        return await evals.get_eval_fact(digest)

    drafters = Drafters(
        calls, configuration=lambda: plane.configuration, catch_up=shipper.ship_own
    )
    desk = build_release_desk(
        plane,
        store,
        statements,
        clock,
        get_eval=get_eval,
        get_draft_users=drafters.list_identities,
        get_gained_at=people.get_gained_at,
        notify=people.notify,
        proofs=people.proofs,
    )
    await desk.load()

    def get_live(workflow: WorkflowId) -> LiveRelease | None:
        live = desk.book.get(workflow).live_release
        if live is None:
            return None
        ahead = get_ahead_seconds(desk.clock)
        return LiveRelease(digest=live.digest, since_unix=live.stage_since_unix - ahead)

    evals = Evals(
        EvalParts(
            runs=StoredEvalRuns(store),
            plane=plane,
            bundles=desk.bundles,
            calls=calls,
            statements=statements,
            formats=FORMATS,
            scan=scan,
            clock=clock,
            catch_up=shipper.ship_own,
            get_live=get_live,
            notify=people.notify,
        )
    )
    await evals.load()
    await News(plane, desk, store, clock).hear_of_drafts()
    return desk, evals

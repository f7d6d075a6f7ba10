"""One running process: everything of it, built in order and closed in order."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from alos.control.ballots import Ballots
from alos.control.custody import Custody
from alos.control.plane import ControlPlane
from alos.control.upstreams import Upstreams
from alos.control.vote_requests import Reminders
from alos.counters.memory_answers import MemoryAnswerCache
from alos.counters.valkey_stops import ValkeyStops
from alos.domain.fault import Fault, JournalDown
from alos.domain.ids import Digest, Epoch, WorkspaceId
from alos.domain.money import to_usd_text
from alos.domain.standing import Standing
from alos.exporters.otlp import OtlpExporter
from alos.gateway.door import ModelDoor
from alos.gateway.errors import get_status
from alos.gateway.wire.formats import FORMATS
from alos.pipeline.admit import Admit
from alos.pipeline.again import Again
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.attempt import Attempts
from alos.pipeline.breaker import Breakers
from alos.pipeline.budget import Budget
from alos.pipeline.check import Check
from alos.pipeline.current import Current
from alos.pipeline.dispatch import Dispatch
from alos.pipeline.escalation import Escalate
from alos.pipeline.examine import Examine
from alos.pipeline.fallback import Fallback
from alos.pipeline.finish import Finish, Overbilled
from alos.pipeline.identify import Identify
from alos.pipeline.keep import Keep
from alos.pipeline.run import Pipeline, Stages
from alos.pipeline.still import Still
from alos.ports.clock import SystemClock
from alos.ports.ids import RandomIds
from alos.ports.tasks import Tasks
from alos.providers.vendors import VendorProviders
from alos.server.asgi import Application, build_application
from alos.server.bootstrap.configuration import choose_configuration
from alos.server.bootstrap.counting import Counting, begin_counting
from alos.server.bootstrap.custody import ERASE_SECONDS, PURGE_SECONDS, build_custody
from alos.server.bootstrap.directories import build_directory, build_notices, build_scim_door
from alos.server.bootstrap.evals import PeopleParts, build_releases_and_evals
from alos.server.bootstrap.folders import (
    build_sealer,
    claim_store,
    open_signing_key,
    open_statements,
)
from alos.server.bootstrap.management import (
    CallPath,
    Desks,
    build_management,
    build_ways_in,
    start_sign_on_jobs,
)
from alos.server.bootstrap.news import start_news_jobs
from alos.server.bootstrap.past import open_claims
from alos.server.bootstrap.releases import start_release_jobs
from alos.server.bootstrap.revisions import (
    build_revisions,
    found,
    start_people_jobs,
    start_role_book,
)
from alos.server.bootstrap.telemetry import count_copies, open_otlp
from alos.server.bootstrap.upstreams import build_provider
from alos.server.bootstrap.valkey import open_valkey
from alos.server.bootstrap.vault import open_vault
from alos.server.bootstrap.watches import start_jobs
from alos.server.folder import FolderClaim, open_folder
from alos.server.jobs import Jobs
from alos.server.metrics import Metrics
from alos.server.operations import Operations
from alos.server.settings import (
    Settings,
    get_other_journals,
    get_stale_limits,
    get_valkey,
    get_witness,
)
from alos.server.standing import StandingHolder
from alos.store.call_index import CallIndex
from alos.store.control_state import StoredControlState
from alos.store.directory import StoredDirectory
from alos.store.engine import Store
from alos.store.held import StoredHeldRequests
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalState
from alos.store.revisions import StoredRevisions
from alos.store.sealer_job import HEARTBEAT_SECONDS, SealerJob
from alos.store.shipper import Shipper
from alos.store.vault.files import FileVault

_logger = logging.getLogger(__name__)

_SAVE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Everything of one running process.

    Attributes:
        public: the application on the public port.
        local: the management application on the local socket.
        set_up_token: to be shown once, to whoever starts this; ``None`` where none is due.
    """

    claim: FolderClaim
    public: Application
    local: Application
    set_up_token: str | None
    plane: ControlPlane
    journal: FileJournal
    tasks: Tasks
    anonymous: Anonymous
    shipper: Shipper
    sealer: SealerJob
    store: Store
    counting: Counting
    valkey: ValkeyStops | None
    vault: FileVault
    provider: VendorProviders

    async def close(self) -> None:
        """Stop the jobs, write down what is still only counted, and let go of the files."""
        for entry in self.anonymous.take_ended(all_of_them=True):
            with suppress(JournalDown):  # it declares its gap itself
                await self.journal.note(entry)
        await self.tasks.close()
        await self.journal.stop()
        await self.vault.stop()
        await asyncio.to_thread(self._ship_the_rest)
        await self.counting.close()
        await self.provider.close()
        if self.valkey is not None:
            await self.valkey.close()
        self.store.close()
        self.claim.release()

    def _ship_the_rest(self) -> None:
        for last in (self.shipper.ship_once, self.sealer.close):
            try:
                last()
            except (Fault, OSError):
                _logger.warning("the disk or the store is down; the next start does what is left")


async def build(settings: Settings) -> Installation:
    """Build and start everything but the sockets.

    Raises:
        ConfigurationProblems: the organisation's files hold errors.
        SettingsError: the data folder or a setting can't be used.
        ClockBehind, JournalDown, StoreDown: a part of ours can't start.
    """
    otlp = open_otlp(settings)
    folder = open_folder(settings.home, dev=settings.dev)
    claim = FolderClaim(folder)
    clock, ids, tasks = SystemClock(), RandomIds(), Tasks()
    store = claim_store(folder)
    await asyncio.to_thread(store.ensure)
    chosen = await asyncio.to_thread(
        choose_configuration,
        settings.config,
        StoredRevisions(store),
        StoredDirectory(store).list_all(),
    )
    prepared = chosen.prepared
    journal = await FileJournal.start(
        folder.journal, clock=clock, key=open_signing_key(folder, store)
    )
    shipper = Shipper(store, folder.journal, clock=clock, durable=lambda: journal.durable)
    counting = await begin_counting(folder, journal, shipper, store, tasks)
    vault = await open_vault(folder, settings.vault, journal, clock)
    holder = StandingHolder(_NOTHING)
    plane = ControlPlane(
        prepared.configuration,
        state=StoredControlState(store),
        journal=journal,
        clock=clock,
        dev=folder.dev,
        publish=holder.swap,
    )
    valkey = open_valkey(get_valkey(), plane.switches)
    directory = await build_directory(store, plane, clock)
    await plane.load()
    custody = build_custody(
        folder,
        store,
        vault=vault,
        calls=CallIndex(store, folder.journal, get_other_journals()),
        plane=plane,
        clock=clock,
        catch_up=shipper.ship_once,
    )
    sealer = build_sealer(folder, store, journal, get_witness())
    statements = open_statements(folder, store)
    number = chosen.number or await found(chosen, store, statements, plane, clock)
    role_book = await start_role_book(store, plane, clock, seeded=not chosen.number)
    provider = build_provider(prepared.configuration.organisation)
    anonymous, breakers = Anonymous(clock, ids), Breakers(clock.monotonic_ns)
    upstreams = Upstreams(list_breakers=breakers.list_views, list_connections=provider.list_views)
    still = Still(holder, clock)
    budget = Budget(counting.counters, journal, clock)
    check, keep = Check(prepared.scanner, FORMATS), Keep(vault)
    ways = build_ways_in(store, plane, clock)
    stages = Stages(
        current=Current(clock, get_stale_limits()),
        identify=Identify(ways.workloads),
        admit=Admit(FORMATS),
        again=Again(
            claims=await open_claims(folder, store),
            cache=MemoryAnswerCache(),
            vault=vault,
            formats=FORMATS,
            clock=clock,
        ),
        budget=budget,
        check=check,
        still=still,
        dispatch=Escalate(
            Dispatch(
                Attempts(provider, FORMATS, clock),
                breakers,
                still=still,
                raise_reservation=budget.raise_reservation,
                clock=clock,
            ),
            raise_reservation=budget.raise_reservation,
        ),
        fallback=Fallback(FORMATS, check, keep, StoredHeldRequests(store)),
        examine=Examine(prepared.scanner, FORMATS, still.check_tools),
        finish=Finish(
            counters=counting.counters,
            journal=journal,
            clock=clock,
            ids=ids,
            keep=keep,
            on_overbilled=_close_overbilled(plane, tasks),
            **({"on_closed": otlp.offer} if otlp is not None else {}),
        ),
    )
    pipeline = Pipeline(
        stages,
        standing=holder,
        journal=journal,
        anonymous=anonymous,
        clock=clock,
        ids=ids,
        tasks=tasks,
        status_of=get_status,
        uses=plane.keys.uses,
    )
    holder.listen(pipeline.standing_swapped)
    notices = build_notices(store, plane, clock)
    desk, evals = await build_releases_and_evals(
        plane,
        store=store,
        calls=CallIndex(store, folder.journal, get_other_journals()),
        shipper=shipper,
        scan=lambda text: stages.check.scanner.scan(text),  # noqa: PLW0108 - it is swapped
        statements=statements,
        clock=clock,
        people=PeopleParts(
            get_gained_at=role_book.get_gained_at,
            notify=notices.notify,
            proofs=Ballots(ways.state, clock),
        ),
    )
    revisions = build_revisions(
        store,
        statements,
        plane=plane,
        directory=directory,
        role_book=role_book,
        stages=stages,
        provider=provider,
        clock=clock,
    )
    revisions.begin_with(number, chosen.trouble)
    management = build_management(
        port=settings.port,
        ways=ways,
        desks=Desks(
            plane=plane,
            directory=directory,
            revisions=revisions,
            desk=desk,
            evals=evals,
            notices=notices,
            custody=custody,
        ),
        scanner=lambda: stages.check.scanner,
        store=store,
        path=CallPath(
            anonymous=anonymous,
            upstreams=upstreams,
            vault=vault,
            run_call=pipeline.run,
            calls=CallIndex(store, folder.journal, get_other_journals()),
            catch_up=shipper.ship_own,
            list_streams=pipeline.list_streams,
        ),
        clock=clock,
    )
    jobs = Jobs(tasks)
    start_jobs(jobs, settings, plane, journal, anonymous, (store, stages.current))
    counting.start_jobs(jobs)
    start_people_jobs(jobs, role_book, notices, revisions, Reminders(desk, notices.list_subjects))
    start_sign_on_jobs(jobs, management, ways)
    jobs.every(HEARTBEAT_SECONDS, sealer.beat, name="heartbeat")
    start_release_jobs(jobs, desk, evals.end_overdue)

    start_news_jobs(
        jobs,
        store,
        plane=plane,
        directory=directory,
        desk=desk,
        custody=custody,
        clock=clock,
    )
    await _start_custody(jobs, tasks, custody, otlp)
    tasks.spawn(shipper.run(), name="ship")
    tasks.spawn(sealer.run(), name="seal")
    operations = Operations(
        is_ready=lambda: "the journal is down" if journal.state is JournalState.DOWN else None,
        write_metrics=Metrics(
            journal=journal.metrics,
            shipper=shipper,
            plane=plane,
            upstreams=upstreams,
            calls=pipeline.tally,
            more=lambda: count_copies(vault.metrics, otlp),
        ).write,
    )
    return Installation(
        claim=claim,
        public=build_application(
            ModelDoor(pipeline, clock=clock, ids=ids, tasks=tasks),
            operations,
            management.public,
            [build_scim_door(store, directory, plane, anonymous, clock)],
        ),
        local=management.local,
        set_up_token=None if folder.dev else await management.set_up.offer(),
        plane=plane,
        journal=journal,
        tasks=tasks,
        anonymous=anonymous,
        shipper=shipper,
        sealer=sealer,
        store=store,
        counting=counting,
        valkey=valkey,
        vault=vault,
        provider=provider,
    )


_NOTHING = Standing(
    epoch=Epoch(0),
    taken_at_unix_ns=0,
    dev=False,
    policy=Digest(""),
    keys={},
    workflows={},
    models={},
    stopped={},
)
"""The Standing before the first one: it knows no key, so it serves nobody."""


async def _start_custody(
    jobs: Jobs, tasks: Tasks, custody: Custody, otlp: OtlpExporter | None
) -> None:
    """Put legal holds into force, then begin to end retention and to send copies."""
    await custody.holds.load()
    jobs.every(PURGE_SECONDS, custody.purge.run, name="end retention")
    jobs.every(PURGE_SECONDS, custody.removal.run, name="remove records")
    jobs.every(ERASE_SECONDS, custody.erasures.do_mine, name="erase for other gateways")
    if otlp is not None:
        tasks.spawn(otlp.run(), name="send spans")


def _close_overbilled(plane: ControlPlane, tasks: Tasks) -> Overbilled:
    """A provider that bills above its reservation closes the workspace until a person looks."""

    def close(workspace: WorkspaceId, excess_nanousd: int) -> None:
        reason = f"a provider billed {to_usd_text(excess_nanousd)} USD above the reservation"
        work = plane.stop("workspace", workspace, by="budget", reason=reason)
        tasks.spawn(work, name=f"close workspace {workspace}")

    return close

"""Builds the whole installation from its settings; the only place that makes adapters."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from alos.api.app import build_api
from alos.checks.catalogue import Scanner
from alos.control.detectors import build_detectors
from alos.control.plane import ControlPlane
from alos.control.registry import load_organisation
from alos.control.standing import Configuration
from alos.counters.memory import MemoryCounters
from alos.domain.fault import Fault, JournalDown
from alos.domain.ids import Digest, Epoch, WorkspaceId
from alos.domain.money import to_usd_text
from alos.domain.organisation import Organisation
from alos.domain.standing import Standing
from alos.gateway.door import ModelDoor
from alos.gateway.errors import get_status
from alos.gateway.wire.formats import FORMATS
from alos.pipeline.admit import Admit
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.budget import Budget
from alos.pipeline.check import Check
from alos.pipeline.dispatch import Dispatch
from alos.pipeline.examine import Examine
from alos.pipeline.finish import Finish, Overbilled
from alos.pipeline.run import Pipeline, Stages
from alos.ports.clock import SystemClock, get_month
from alos.ports.ids import RandomIds
from alos.ports.tasks import Tasks
from alos.providers.credentials import open_credentials
from alos.providers.http import HttpProvider
from alos.providers.local_model import MODEL_NAME, LocalModel, LocalModelFailed, ModelMissing
from alos.providers.vendors import VendorProviders
from alos.server.asgi import Application, build_application
from alos.server.folder import Folder, FolderClaim, open_folder, read_folder
from alos.server.jobs import Jobs
from alos.server.kill_file import KillFile
from alos.server.metrics import Metrics
from alos.server.operations import Operations
from alos.server.settings import Settings, SettingsError, get_environment
from alos.server.standing import StandingHolder
from alos.store.call_index import CallIndex
from alos.store.control_state import StoredControlState
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalState
from alos.store.ledger_home import LedgerHome
from alos.store.ledger_keys import KeyFileBadError
from alos.store.sealer_job import HEARTBEAT_SECONDS, SealerJob
from alos.store.shipper import Shipper
from alos.store.spend import get_spend_nanousd
from alos.store.sweeper import sweep_dead_writers

__all__ = ["MODEL_NAME", "LocalModel", "LocalModelFailed", "ModelMissing", "build"]

_logger = logging.getLogger(__name__)

KILL_FILE_SECONDS = 0.25
_ANONYMOUS_SECONDS = 5.0
_SAVE_SECONDS = 1.0


class ConfigurationProblems(Exception):  # noqa: N818 - a "no" to the operator
    """The files hold errors, so nothing may be served from them."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(f"{len(lines)} problems")
        self.lines = lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Everything of one running process.

    Attributes:
        public: the application on the public port.
        local: the management application on the local socket.
    """

    claim: FolderClaim
    public: Application
    local: FastAPI
    plane: ControlPlane
    journal: FileJournal
    tasks: Tasks
    anonymous: Anonymous
    shipper: Shipper
    sealer: SealerJob
    store: Store
    provider: VendorProviders

    async def close(self) -> None:
        """Stop the jobs, write down what is still only counted, and let go of the files."""
        for entry in self.anonymous.take_ended(all_of_them=True):
            with suppress(JournalDown):  # it declares its gap itself
                await self.journal.note(entry)
        await self.tasks.close()
        await self.journal.stop()
        await asyncio.to_thread(self._ship_the_rest)
        await self.provider.close()
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
    folder = open_folder(settings.home, dev=settings.dev)
    claim = FolderClaim(folder)
    scanner, configuration = await asyncio.to_thread(_read_configuration, settings.config)
    clock, ids, tasks = SystemClock(), RandomIds(), Tasks()
    store = Store(folder.database)
    await asyncio.to_thread(store.ensure)
    journal = await FileJournal.start(folder.journal, clock=clock)
    shipper = Shipper(store, folder.journal, clock=clock, durable=lambda: journal.durable)
    counters = MemoryCounters()
    await _settle_the_past(folder, journal, shipper, store, counters)
    holder = StandingHolder(_NOTHING)
    plane = ControlPlane(
        configuration,
        state=StoredControlState(store),
        journal=journal,
        clock=clock,
        dev=folder.dev,
        publish=holder.swap,
    )
    await plane.load()
    sealer = _build_sealer(folder, store, journal)
    provider = _build_provider(configuration.organisation)
    anonymous = Anonymous(clock, ids)
    stages = Stages(
        admit=Admit(FORMATS),
        budget=Budget(counters, clock),
        check=Check(scanner, FORMATS),
        dispatch=Dispatch(provider, FORMATS, clock),
        examine=Examine(scanner, FORMATS),
        finish=Finish(
            counters=counters,
            journal=journal,
            clock=clock,
            ids=ids,
            on_overbilled=_close_overbilled(plane, tasks),
        ),
    )
    pipeline = Pipeline(
        stages,
        standing=holder,
        journal=journal,
        anonymous=anonymous,
        clock=clock,
        tasks=tasks,
        status_of=get_status,
    )
    holder.listen(pipeline.standing_swapped)
    jobs = Jobs(tasks)
    _start_jobs(jobs, settings, plane, journal, anonymous)
    jobs.every(HEARTBEAT_SECONDS, sealer.beat, name="heartbeat")
    tasks.spawn(shipper.run(), name="ship")
    tasks.spawn(sealer.run(), name="seal")
    operations = Operations(
        is_ready=lambda: "the journal is down" if journal.state is JournalState.DOWN else None,
        write_metrics=Metrics(journal=journal.metrics, shipper=shipper, plane=plane).write,
    )
    return Installation(
        claim=claim,
        public=build_application(
            ModelDoor(pipeline, clock=clock, ids=ids, tasks=tasks), operations
        ),
        local=build_api(plane, scanner),
        plane=plane,
        journal=journal,
        tasks=tasks,
        anonymous=anonymous,
        shipper=shipper,
        sealer=sealer,
        store=store,
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


def _read_configuration(folder: Path) -> tuple[Scanner, Configuration]:
    """Build the detectors and read the organisation's files.

    Raises:
        ConfigurationProblems: every error, one line each.
    """
    loaded = load_organisation(folder)
    if not loaded.is_usable or loaded.organisation is None or loaded.people is None:
        raise ConfigurationProblems([str(one) for one in loaded.problems if one.is_error])
    scanner = build_detectors(loaded.organisation)
    configuration = Configuration(
        organisation=loaded.organisation,
        people=loaded.people,
        bundles=loaded.bundles,
        policy=loaded.policy or Digest(""),
    )
    return scanner, configuration


async def _settle_the_past(
    folder: Folder, journal: FileJournal, shipper: Shipper, store: Store, counters: MemoryCounters
) -> None:
    """Close what dead processes left open, and count what this month has cost so far."""
    clock = SystemClock()
    sweep = await sweep_dead_writers(folder.journal, journal, clock)
    if sweep.settled:
        _logger.warning("%d calls of a dead process closed as unknown", len(sweep.settled))
    for torn in sweep.torn:
        _logger.warning("a torn entry was cut off: %s", torn)
    for damage in sweep.damage:
        _logger.error("the journal is damaged: %s", damage)
    await asyncio.to_thread(shipper.ship_once)
    month = get_month(clock.unix_ns())
    spent = await asyncio.to_thread(get_spend_nanousd, store, month)
    for scope, cost_nanousd in spent.items():
        await counters.add_spent(scope, month=month, cost_nanousd=cost_nanousd)


def _build_provider(organisation: Organisation) -> VendorProviders:
    """One client for all, and one of its own for each vendor with a CA file or a proxy."""
    paths = {name: one.upstream_path for name, one in FORMATS.items()}
    credentials = open_credentials(get_environment())
    own = {
        str(vendor.name): HttpProvider(
            paths, credentials, ca_file=vendor.ca_file, proxy_url=vendor.proxy_url
        )
        for vendor in organisation.vendors.values()
        if vendor.ca_file or vendor.proxy_url
    }
    return VendorProviders(HttpProvider(paths, credentials), own)


def _build_sealer(folder: Folder, store: Store, journal: FileJournal) -> SealerJob:
    try:
        return _to_ledger(folder, store).build_sealer(clock=SystemClock(), note=journal.note)
    except KeyFileBadError as error:
        raise SettingsError(str(error)) from error


def _start_jobs(
    jobs: Jobs,
    settings: Settings,
    plane: ControlPlane,
    journal: FileJournal,
    anonymous: Anonymous,
) -> None:
    kill_file = KillFile(settings.kill_file)

    async def watch_kill_file() -> None:
        await plane.set_file_stops(kill_file.read())

    async def note_anonymous() -> None:
        for entry in anonymous.take_ended():
            await journal.note(entry)

    jobs.every(KILL_FILE_SECONDS, watch_kill_file, name="watch the kill file")
    jobs.every(_ANONYMOUS_SECONDS, note_anonymous, name="note anonymous requests")
    jobs.every(_SAVE_SECONDS, plane.save_stops, name="keep kill switches")


def _close_overbilled(plane: ControlPlane, tasks: Tasks) -> Overbilled:
    """A provider that bills above its reservation closes the workspace until a person looks."""

    def close(workspace: WorkspaceId, excess_nanousd: int) -> None:
        reason = f"a provider billed {to_usd_text(excess_nanousd)} USD above the reservation"
        work = plane.stop("workspace", workspace, by="budget", reason=reason)
        tasks.spawn(work, name=f"close workspace {workspace}")

    return close


def open_call_index(home: Path) -> CallIndex:
    """The call index of a data folder, for reading without a server.

    Raises:
        SettingsError: it is no data folder.
    """
    return CallIndex(Store(read_folder(home).database))


@contextmanager
def open_ledger_home(home: Path) -> Iterator[LedgerHome]:
    """The ledger of a data folder, without a server.

    Raises:
        SettingsError: it is no data folder.
    """
    folder = read_folder(home)
    store = Store(folder.database)
    try:
        yield _to_ledger(folder, store)
    finally:
        store.close()


def _to_ledger(folder: Folder, store: Store) -> LedgerHome:
    return LedgerHome(
        path=folder.path, journal=folder.journal, id=folder.id, is_dev=folder.dev, store=store
    )

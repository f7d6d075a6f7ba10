"""The management door: sessions, set-up, and the API in front of them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import FastAPI

from alos.api.access import RefusalNotes
from alos.api.app import build_api
from alos.api.authentication import Authenticator
from alos.api.mount import mount_api
from alos.api.parts import Parts
from alos.checks.catalogue import Scanner
from alos.control.access_requests import AccessRequests
from alos.control.blast_radius import BlastRadii
from alos.control.code_exchange import Reach
from alos.control.custody import Custody
from alos.control.directory import Directory
from alos.control.drills import DrillParts, Drills
from alos.control.evals import Evals
from alos.control.feedback import FeedbackDesk
from alos.control.held import HeldDesk
from alos.control.issuer_keys import IssuerKeys
from alos.control.leavers import EndWork
from alos.control.notices import Notices
from alos.control.pace import Pace
from alos.control.plane import ControlPlane
from alos.control.release_desk import ReleaseDesk
from alos.control.revisions import Revisions
from alos.control.revivals import Revivals
from alos.control.sessions import Sessions
from alos.control.set_up import SetUp
from alos.control.sign_on import Kept, SignOn
from alos.control.standing import Configuration
from alos.control.upstreams import Upstreams
from alos.control.workloads import WorkloadTokens
from alos.directory.identity_http import HttpIdentityProviders
from alos.domain.call import Call
from alos.domain.gate import lets_personal_accounts
from alos.domain.ids import PersonId
from alos.domain.outcome import Outcome
from alos.domain.running import RunningStream
from alos.domain.sign_on import Site, build_site
from alos.gateway.errors import get_status
from alos.ports.call_store import CallStore
from alos.ports.clock import Clock
from alos.ports.ids import RandomIds
from alos.ports.vault import Vault
from alos.providers.credentials import open_credentials
from alos.server.asgi import Application
from alos.server.bootstrap.configuration import Prepared
from alos.server.jobs import Jobs
from alos.server.settings import get_environment
from alos.store.access_requests import StoredAccessRequests
from alos.store.call_counts import StoredCallCounts
from alos.store.control_state import StoredControlState
from alos.store.engine import Store
from alos.store.feedback import StoredFeedback
from alos.store.held import StoredHeldRequests
from alos.store.sessions import StoredSessions

LOGINS_PER_SOURCE = 30
LOGINS_IN_ALL = 600
"""In a minute: what callers whom nobody knows yet may ask for."""
_SAVE_SECONDS = 1.0
_FORGET_SECONDS = 3_600.0
_REFRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """The management door of one process.

    Attributes:
        api: the API itself.
        public, local: the API for the port and for the local socket.
    """

    api: FastAPI
    public: Application
    local: Application
    sessions: Sessions
    set_up: SetUp


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPath:
    """What the API sees of the path of calls.

    Attributes:
        run_call: takes one call of our own to its end; drills do.
        calls: the index of calls.
        catch_up: returns once all calls that were answered are in it (blocks).
    """

    anonymous: RefusalNotes
    upstreams: Upstreams
    vault: Vault
    run_call: Callable[[Call], Awaitable[Outcome]]
    calls: CallStore
    catch_up: Callable[[], object]
    list_streams: Callable[[], Sequence[RunningStream]] = tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """What of the control plane is managed."""

    plane: ControlPlane
    directory: Directory
    revisions: Revisions[Prepared]
    desk: ReleaseDesk
    evals: Evals
    notices: Notices
    custody: Custody


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """How callers are known.

    Attributes:
        state: sessions, tickets and bound accounts.
        reach: the way to identity providers.
        workloads: machines' tokens, for this door and for the models'.
    """

    state: StoredSessions
    reach: Reach
    workloads: WorkloadTokens


def build_ways_in(store: Store, plane: ControlPlane, clock: Clock) -> WaysIn:
    """Build them; nobody is asked yet."""
    reach = _build_reach(clock)
    return WaysIn(
        state=StoredSessions(store),
        reach=reach,
        workloads=WorkloadTokens(reach.keys, lambda: plane.configuration.organisation.sign_on),
    )


def build_management(
    *,
    port: int,
    ways: WaysIn,
    desks: Desks,
    scanner: Callable[[], Scanner],
    store: Store,
    path: CallPath,
    clock: Clock,
) -> Management:
    """Build it; nothing is read or written yet.

    The port is the public door's, for the site's address where none is configured.
    """
    plane, state, reach = desks.plane, ways.state, ways.reach

    def get_configuration() -> Configuration:
        return plane.configuration

    def get_site() -> Site:
        return build_site(plane.configuration.organisation.sign_on.public_url, port)

    notes = plane.notes
    sessions = Sessions(
        state,
        notes,
        clock=clock,
        limits=lambda: plane.configuration.organisation.sign_on.limits,
    )
    set_up = SetUp(state, state, sessions, notes, clock=clock, configuration=get_configuration)
    sign_on = SignOn(
        reach,
        Kept(tickets=state, accounts=state, on_bound=plane.take_account),
        sessions,
        notes,
        clock=clock,
        configuration=get_configuration,
        site=get_site,
        lets_personal=lambda: lets_personal_accounts(
            plane.standing, now_unix=clock.unix_ns() // 1_000_000_000
        ),
    )
    plane.leavers.ends["sessions"] = _end_for_good(sessions)
    held = HeldDesk(StoredHeldRequests(store), path.vault, notes, clock=clock)
    drills = Drills(
        DrillParts(
            plane=plane,
            desk=desks.desk,
            calls=path.calls,
            held=held,
            run_call=path.run_call,
            catch_up=path.catch_up,
            ids=RandomIds(),
            clock=clock,
        )
    )
    api = build_api(
        Parts(
            plane=plane,
            directory=desks.directory,
            revisions=desks.revisions,
            revivals=Revivals(
                plane,
                StoredControlState(store),
                desks.desk.book,
                get_gained_at=desks.desk.get_gained_at,
                clock=clock,
            ),
            desk=desks.desk,
            drills=drills,
            evals=desks.evals,
            notices=desks.notices,
            custody=desks.custody,
            access_requests=AccessRequests(StoredAccessRequests(store), plane, desks.desk),
            feedback=FeedbackDesk(
                StoredFeedback(store), notes, catch_up=path.catch_up, clock=clock
            ),
            radii=BlastRadii(
                plane,
                list_streams=path.list_streams,
                count_calls=StoredCallCounts(store).count,
                clock=clock,
            ),
            scanner=scanner,
            sessions=sessions,
            set_up=set_up,
            sign_on=sign_on,
            authenticate=Authenticator(
                plane, sessions, ways.workloads, clock=clock, site=get_site
            ),
            strangers=path.anonymous,
            pace=Pace(clock, per_source=LOGINS_PER_SOURCE, in_all=LOGINS_IN_ALL),
            clock=clock,
            status_of=get_status,
            site=get_site,
            upstreams=path.upstreams,
            held=held,
        )
    )
    return Management(
        api=api,
        public=mount_api(api, is_local=False),
        local=mount_api(api, is_local=True),
        sessions=sessions,
        set_up=set_up,
    )


def start_sign_on_jobs(jobs: Jobs, management: Management, ways: WaysIn) -> None:
    """What goes on beside the door: ends that wait for the store, old sessions, issuers' keys."""
    jobs.every(_SAVE_SECONDS, management.sessions.save_ends, name="keep ends of sessions")
    jobs.every(_FORGET_SECONDS, management.sessions.forget_old, name="forget old sessions")
    jobs.every(_REFRESH_SECONDS, ways.workloads.refresh, name="refresh issuers' keys")


def _build_reach(clock: Clock) -> Reach:
    """The way to identity providers, and to the secrets that the configuration refers to."""
    providers = HttpIdentityProviders()
    credentials = open_credentials(get_environment())

    def reveal(reference: str) -> str | None:
        secret = credentials(reference)
        return None if secret is None else secret.reveal()

    return Reach(providers=providers, keys=IssuerKeys(providers, clock), reveal=reveal)


def _end_for_good(sessions: Sessions) -> EndWork:
    async def end(person: PersonId) -> int:
        return await sessions.end_sessions(person, by="directory")

    return end

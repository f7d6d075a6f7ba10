"""The management door: sessions, set-up, and the API in front of them."""

from collections.abc import Callable
from dataclasses import dataclass

from alos.api.app import build_api
from alos.api.authentication import Authenticator
from alos.api.mount import mount_api
from alos.api.parts import Parts
from alos.checks.catalogue import Scanner
from alos.control.custody import Custody
from alos.control.directory import Directory
from alos.control.evals import Evals
from alos.control.held import HeldDesk
from alos.control.notebook import Notebook
from alos.control.notices import Notices
from alos.control.plane import ControlPlane
from alos.control.release_desk import ReleaseDesk
from alos.control.revisions import Revisions
from alos.control.sessions import Sessions
from alos.control.set_up import SetUp
from alos.control.upstreams import Upstreams
from alos.domain.sign_on import Site, build_site
from alos.gateway.errors import get_status
from alos.pipeline.anonymous import Anonymous
from alos.ports.clock import Clock
from alos.ports.ids import RandomIds
from alos.ports.journal import Journal
from alos.ports.vault import Vault
from alos.server.asgi import Application
from alos.server.bootstrap.configuration import Prepared
from alos.server.settings import Settings
from alos.store.engine import Store
from alos.store.held import StoredHeldRequests
from alos.store.sessions import StoredSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """The management door of one process.

    Attributes:
        public, local: the same API, for the port and for the local socket.
    """

    public: Application
    local: Application
    sessions: Sessions
    set_up: SetUp


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPath:
    """What the API sees of the path of calls."""

    anonymous: Anonymous
    upstreams: Upstreams
    vault: Vault


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


def build_management(
    settings: Settings,
    *,
    desks: Desks,
    scanner: Callable[[], Scanner],
    store: Store,
    journal: Journal,
    path: CallPath,
    clock: Clock,
) -> Management:
    """Build it; nothing is read or written yet."""
    plane = desks.plane

    def get_site() -> Site:
        return build_site(plane.configuration.organisation.sign_on.public_url, settings.port)

    state = StoredSessions(store)
    notebook = Notebook(journal, clock=clock, ids=RandomIds())
    sessions = Sessions(
        state,
        notebook,
        clock=clock,
        limits=lambda: plane.configuration.organisation.sign_on.limits,
    )
    set_up = SetUp(
        state, state, sessions, notebook, clock=clock, configuration=lambda: plane.configuration
    )
    api = build_api(
        Parts(
            plane=plane,
            directory=desks.directory,
            revisions=desks.revisions,
            desk=desks.desk,
            evals=desks.evals,
            notices=desks.notices,
            custody=desks.custody,
            scanner=scanner,
            sessions=sessions,
            set_up=set_up,
            authenticate=Authenticator(plane, sessions, clock=clock, site=get_site),
            strangers=path.anonymous,
            clock=clock,
            status_of=get_status,
            site=get_site,
            upstreams=path.upstreams,
            held=HeldDesk(StoredHeldRequests(store), path.vault, notebook, clock=clock),
        )
    )
    return Management(
        public=mount_api(api, is_local=False),
        local=mount_api(api, is_local=True),
        sessions=sessions,
        set_up=set_up,
    )

"""What the management API is built on; the composition root fills it in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alos.api.access import Authenticate, RefusalNotes
from alos.checks.catalogue import Scanner
from alos.control.access_requests import AccessRequests
from alos.control.blast_radius import BlastRadii
from alos.control.custody import Custody
from alos.control.directory import Directory
from alos.control.drills import Drills
from alos.control.evals import Evals
from alos.control.feedback import FeedbackDesk
from alos.control.held import HeldDesk
from alos.control.notices import Notices
from alos.control.pace import Pace
from alos.control.plane import ControlPlane
from alos.control.release_desk import ReleaseDesk
from alos.control.revisions import Revisions
from alos.control.revivals import Revivals
from alos.control.sessions import Sessions
from alos.control.set_up import SetUp
from alos.control.sign_on import SignOn
from alos.control.upstreams import Upstreams
from alos.domain.reason import ReasonCode
from alos.domain.sign_on import Site
from alos.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts, one of each.

    Attributes:
        desk: releases.
        scanner: the detectors of the call path, used from the loop's thread as there.
        pace: how often strangers may ask for what costs us something.
        strangers: which refusals of callers whom nobody knows are written down.
        status_of: the table from reason code to HTTP status.
        site: where browsers meet this installation, as configured now.
    """

    plane: ControlPlane
    directory: Directory
    desk: ReleaseDesk
    drills: Drills
    evals: Evals
    notices: Notices
    revisions: Revisions[Any]
    revivals: Revivals
    radii: BlastRadii
    custody: Custody
    access_requests: AccessRequests
    feedback: FeedbackDesk
    scanner: Callable[[], Scanner]
    sessions: Sessions
    set_up: SetUp
    sign_on: SignOn
    authenticate: Authenticate
    strangers: RefusalNotes
    pace: Pace
    clock: Clock
    status_of: Callable[[ReasonCode], int]
    site: Callable[[], Site]
    upstreams: Upstreams
    held: HeldDesk

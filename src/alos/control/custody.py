"""What an installation keeps of calls, and how it lets go of it: one of each part."""

from dataclasses import dataclass

from alos.control.bodies import Bodies
from alos.control.erasure import Erasures
from alos.control.legal_holds import LegalHolds
from alos.control.policy_trial import PolicyTrials
from alos.control.purge import Purge
from alos.control.record_removal import RecordRemoval
from alos.control.token_desk import TokenDesk
from alos.ports.call_store import CallStore
from alos.ports.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """Calls, their bodies, legal holds, the end of retention, and erasures on request."""

    calls: CallStore
    ledger: Ledger
    bodies: Bodies
    trials: PolicyTrials
    tokens: TokenDesk
    holds: LegalHolds
    purge: Purge
    removal: RecordRemoval
    erasures: Erasures

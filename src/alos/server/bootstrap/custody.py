"""Builds what keeps and lets go: bodies, legal holds, purges, erasures."""

from collections.abc import Callable

from alos.control.bodies import Bodies
from alos.control.custody import Custody
from alos.control.erasure import Erasures
from alos.control.legal_holds import LegalHolds
from alos.control.plane import ControlPlane
from alos.control.policy_trial import PolicyTrials
from alos.control.purge import Purge
from alos.control.record_removal import RecordRemoval
from alos.control.token_desk import TokenDesk
from alos.domain.erasure import Erasure
from alos.domain.ids import CallId, PersonId
from alos.domain.record import ClosingEntry
from alos.domain.retention import Terms
from alos.gateway.wire.kept import list_texts
from alos.ports.call_store import CallStore
from alos.ports.clock import Clock
from alos.ports.vault import Vault
from alos.server.folder import Folder
from alos.server.settings import get_other_journals
from alos.store.engine import Store
from alos.store.erase import erase_person
from alos.store.erasures_due import StoredErasuresDue
from alos.store.ledger_reader import StoredLedger
from alos.store.legal_holds import StoredLegalHolds
from alos.store.record_removal import StoredRecords

PURGE_SECONDS = 3600.0
ERASE_SECONDS = 60.0


def build_custody(
    folder: Folder,
    store: Store,
    *,
    vault: Vault,
    calls: CallStore,
    plane: ControlPlane,
    clock: Clock,
    catch_up: Callable[[], object],
) -> Custody:
    """Build it; the legal holds are in force once they are loaded."""

    def put_into_force(held: frozenset[tuple[str, str]]) -> None:
        plane.legal_holds = held
        plane.refresh()

    def erase_personal(person: PersonId, spared: frozenset[CallId]) -> Erasure:
        return erase_person(folder.journal, store, person, spared=spared)

    notes = plane.notes
    holds = LegalHolds(
        StoredLegalHolds(store),
        vault=vault,
        calls=calls,
        notes=notes,
        clock=clock,
        catch_up=catch_up,
        put_into_force=put_into_force,
    )
    return Custody(
        calls=calls,
        ledger=StoredLedger(store, folder.journal, get_other_journals()),
        bodies=Bodies(vault, calls=calls, notes=notes, read_texts=_read_texts),
        tokens=TokenDesk(vault, calls=calls, notes=notes),
        trials=PolicyTrials(vault, calls=calls, notes=notes, read_texts=_read_texts),
        holds=holds,
        purge=Purge(vault, holds, notes=notes, clock=clock, terms=lambda: get_terms(plane)),
        removal=RecordRemoval(
            StoredRecords(store, folder.journal),
            holds,
            notes=notes,
            clock=clock,
            terms=lambda: get_terms(plane),
        ),
        erasures=Erasures(
            vault,
            holds,
            due=StoredErasuresDue(store, folder.journal),
            calls=calls,
            clock=clock,
            notes=notes,
            catch_up=catch_up,
            erase_personal=erase_personal,
        ),
    )


def get_terms(plane: ControlPlane) -> Terms:
    """The terms of retention as they are configured now."""
    configuration = plane.configuration
    own = {
        bundle.id: days
        for bundle in configuration.bundles.values()
        if (days := bundle.workflow.body_days) is not None
    }
    return Terms(retention=configuration.organisation.retention, by_workflow=own)


def _read_texts(closing: ClosingEntry, kind: str, body: bytes) -> list[str]:
    return list_texts(closing.wire_format, kind, body)

"""Config revisions of this process: the first one, and putting the next ones into force."""

import asyncio
from collections.abc import Mapping

from alos.control.directory import Directory
from alos.control.notices import Notices
from alos.control.plane import ControlPlane
from alos.control.revision_files import to_file_digest
from alos.control.revision_statement import write_revision_statement
from alos.control.revisions import Means, Revisions
from alos.control.role_book import RoleBook
from alos.control.vote_requests import Reminders
from alos.domain.record import NoteKind
from alos.domain.revision import Revision
from alos.pipeline.run import Stages
from alos.ports.clock import Clock
from alos.ports.statements import Statements
from alos.providers.vendors import VendorProviders
from alos.server.bootstrap.configuration import Chosen, Prepared, prepare_files
from alos.server.bootstrap.upstreams import renew_provider
from alos.server.jobs import Jobs
from alos.store.engine import Store
from alos.store.revisions import StoredRevisions
from alos.store.role_gains import StoredRoleGains

_SEED = "set-up"
_SAVE_SECONDS = 1.0
_NOTICE_SECONDS = 2.0
_REMIND_SECONDS = 600.0
_FOLLOW_SECONDS = 1.0


async def start_role_book(
    store: Store, plane: ControlPlane, clock: Clock, *, seeded: bool
) -> RoleBook:
    """Read since when roles are held, and go on with what applies now.

    Raises:
        StoreDown: the store can't be read.
    """
    book = RoleBook(StoredRoleGains(store), notes=plane.notes, clock=clock)
    await book.load()
    founding = "yes" if seeded else ""
    await book.update(plane.configuration, by=_SEED if seeded else "start", founding=founding)
    plane.after_put.append(book.update)
    return book


def start_people_jobs(
    jobs: Jobs,
    role_book: RoleBook,
    notices: Notices,
    revisions: Revisions[Prepared],
    reminders: Reminders,
) -> None:
    """Keep role gains, deliver notices, remind of votes, follow what another host applied."""
    jobs.every(_SAVE_SECONDS, role_book.save, name="keep role gains")
    jobs.every(_NOTICE_SECONDS, notices.deliver, name="deliver notices")
    jobs.every(_REMIND_SECONDS, reminders.remind, name="remind of votes")
    jobs.every(_FOLLOW_SECONDS, revisions.follow, name="follow config revisions")


async def found(
    chosen: Chosen, store: Store, statements: Statements, plane: ControlPlane, clock: Clock
) -> int:
    """Make the first revision out of the folder that seeds the store; returns its number.

    Raises:
        StoreDown, JournalDown: there is none.
    """
    state = StoredRevisions(store)
    files = chosen.prepared.files
    revision = Revision(
        number=1,
        digest=chosen.prepared.configuration.policy,
        files={path: to_file_digest(raw) for path, raw in files.items()},
        applied_at_unix=clock.unix_ns() // 1_000_000_000,
        applied_by=(_SEED,),
        envelope="",
    )
    statement = write_revision_statement(revision, None, None, dev=plane.is_dev)
    facts = {"revision": "1", "digest": revision.digest, "founding": "yes"}
    await plane.notes.note(NoteKind.CONFIG_APPLIED, facts, by=_SEED)
    await asyncio.to_thread(state.add_files, {to_file_digest(raw): raw for raw in files.values()})
    await asyncio.to_thread(state.add_revision, revision.signed(statements.sign(statement)))
    return revision.number


def build_revisions(
    store: Store,
    statements: Statements,
    *,
    plane: ControlPlane,
    directory: Directory,
    role_book: RoleBook,
    stages: Stages,
    provider: VendorProviders,
    clock: Clock,
) -> Revisions[Prepared]:
    """The revisions of this process; the caller says which one the start chose."""

    def prepare(files: Mapping[str, bytes]) -> Prepared:
        return prepare_files(files, directory.list_entries())

    async def put_in_force(prepared: Prepared, by: str) -> None:
        stages.check.use(prepared.scanner)
        stages.examine.use(prepared.scanner)
        await renew_provider(provider, prepared.configuration.organisation)
        await plane.put_configuration(prepared.configuration, by=by)

    return Revisions(
        StoredRevisions(store),
        notes=plane.notes,
        clock=clock,
        statements=statements,
        means=Means(
            prepare=prepare,
            put_in_force=put_in_force,
            people=lambda: plane.configuration.people,
            settle=role_book.settle,
        ),
        dev=plane.is_dev,
    )

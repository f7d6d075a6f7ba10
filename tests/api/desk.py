"""The management API over a scaffolded organisation and a real store, without sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2

from alos.api.app import build_api
from alos.api.authentication import Authenticator
from alos.api.mount import mount_api
from alos.api.parts import Parts
from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.packs import standard_packs
from alos.control.directory import Directory
from alos.control.evals import EvalParts, Evals
from alos.control.held import HeldDesk
from alos.control.notebook import Notebook
from alos.control.notices import Notices
from alos.control.plane import ControlPlane
from alos.control.registry import load_organisation
from alos.control.release_book import Decision
from alos.control.releases import Submission
from alos.control.revisions import Means, Revisions
from alos.control.role_book import RoleBook
from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold
from alos.control.sessions import NewSession, Sessions, SignIn
from alos.control.set_up import SetUp
from alos.control.standing import Configuration
from alos.control.upstreams import Upstreams
from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.notice import Mailer, Notice
from alos.domain.promotion import EvalFact
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.release import Granted, ReleaseId
from alos.domain.rollout import get_reach
from alos.domain.session import Carrier, Origin
from alos.domain.sign_on import build_site
from alos.domain.standing import Standing
from alos.domain.workflow import StageName
from alos.gateway.errors import get_status
from alos.gateway.wire.formats import FORMATS
from alos.ledger.note import SigningKey
from alos.pipeline.anonymous import Anonymous
from alos.ports.ids import RandomIds
from alos.ports.notices import NoticeFailed
from alos.ports.vault import MemoryVault
from alos.server.bootstrap.configuration import Prepared, choose_configuration, prepare_files
from alos.server.bootstrap.custody import build_custody
from alos.server.bootstrap.releases import build_release_desk
from alos.server.bootstrap.revisions import found
from alos.server.folder import Folder
from alos.store.call_index import CallIndex
from alos.store.control_state import StoredControlState
from alos.store.directory import StoredDirectory
from alos.store.engine import Store
from alos.store.eval_runs import StoredEvalRuns
from alos.store.held import StoredHeldRequests
from alos.store.notices import StoredNotices
from alos.store.revisions import StoredRevisions
from alos.store.role_gains import StoredRoleGains
from alos.store.sessions import StoredSessions
from alos.store.statements import KeyedStatements
from tests.control.eval_desk import JournalCalls
from tests.pipeline.conversation import MemoryJournal

SUPPORT = "support-reply-drafting"
QUESTIONS = "internal-doc-qa"
PORT = 8080
URL = f"http://127.0.0.1:{PORT}"
SCANNER = build_scanner(standard_packs())
Change = tuple[str, str, str]


class MemoryCourier:
    """Keeps what it was given to carry; a stand-in for a mailer and a webhook."""

    def __init__(self) -> None:
        self.carried: list[Notice] = []
        self.down = False

    def send_email(self, notice: Notice, _mailer: Mailer) -> None:
        self.post(notice)

    def post(self, notice: Notice) -> None:
        if self.down:
            raise NoticeFailed("down")
        self.carried.append(notice)


class SetClock:
    """A clock that stands still until somebody moves it on."""

    def __init__(self, unix_seconds: int = 1_790_000_000) -> None:
        self.seconds = unix_seconds

    def unix_ns(self) -> int:
        return self.seconds * 1_000_000_000

    def monotonic_ns(self) -> int:
        return self.seconds * 1_000_000_000


class Desk:
    """One installation's management door, its journal and its store."""

    def __init__(
        self,
        folder: Path,
        *,
        dev: bool = False,
        changes: tuple[Change, ...] = (),
        scanner: Scanner = SCANNER,
    ) -> None:
        self.folder = folder
        self.dev = dev
        wish = ScaffoldWish(
            organisation="Test",
            templates=(SUPPORT, QUESTIONS),
            extent=Extent.FULL,
            today=date(2026, 9, 1),
        )
        contents = build_scaffold(wish)
        for path, before, after in changes:
            text = contents[path].decode()
            assert before in text, f"{path} has no {before!r}"
            contents[path] = text.replace(before, after, 1).encode()
        write_scaffold(folder / "org", contents)
        self.clock = SetClock()
        self.journal = MemoryJournal()
        self.published: list[Standing] = []
        self.store = Store(folder / "alos.db", busy_ms=50)
        self.scanner = scanner
        self.evals: dict[Digest, EvalFact] = {}
        self.statements = KeyedStatements(SigningKey("alos/test", bytes(32)))
        self.vault = MemoryVault()
        self._build()

    def _build(self) -> None:
        ids = RandomIds()
        self.state = StoredSessions(self.store)
        self.plane = ControlPlane(
            self.read_configuration(),
            state=StoredControlState(self.store),
            journal=self.journal,
            clock=self.clock,
            dev=self.dev,
            publish=self.published.append,
        )
        self.directory = Directory(
            StoredDirectory(self.store),
            notes=self.plane.notes,
            clock=self.clock,
            filed=lambda: self.plane.filed_people,
            put_people=self.plane.put_people,
        )
        self.statements = KeyedStatements(SigningKey("alos/test", bytes(32)))
        self.releases = build_release_desk(
            self.plane, self.store, self.statements, self.clock, get_eval=self._get_eval
        )
        self.custody = build_custody(
            Folder(path=self.folder, id="0" * 32, dev=self.dev), self.store, vault=self.vault,
            calls=CallIndex(self.store), plane=self.plane, clock=self.clock,
            catch_up=lambda: None,
        )  # fmt: skip
        self.eval_desk = Evals(
            EvalParts(
                runs=StoredEvalRuns(self.store),
                plane=self.plane,
                bundles=self.releases.bundles,
                calls=JournalCalls(self.journal),
                statements=self.statements,
                formats=FORMATS,
                scan=self.scanner.scan,
                clock=self.clock,
                catch_up=lambda: None,
                get_live=lambda _workflow: None,
            )
        )
        notebook = Notebook(self.journal, clock=self.clock, ids=ids)
        self.sessions = Sessions(
            self.state, notebook, clock=self.clock,
            limits=lambda: self.plane.configuration.organisation.sign_on.limits,
        )  # fmt: skip
        self.set_up = SetUp(
            self.state, self.state, self.sessions, notebook, clock=self.clock,
            configuration=lambda: self.plane.configuration,
        )  # fmt: skip

        self.courier = MemoryCourier()
        self.notices = Notices(
            StoredNotices(self.store),
            self.courier,
            notes=self.plane.notes,
            clock=self.clock,
            configuration=lambda: self.plane.configuration,
        )
        self.role_book = RoleBook(
            StoredRoleGains(self.store), notes=self.plane.notes, clock=self.clock
        )
        self.revisions = Revisions(
            StoredRevisions(self.store),
            notes=self.plane.notes,
            clock=self.clock,
            statements=self.statements,
            means=Means(
                prepare=lambda files: prepare_files(
                    files, self.directory.list_entries(), lambda _: self.scanner
                ),
                put_in_force=self._put_in_force,
                people=lambda: self.plane.configuration.people,
                settle=self.role_book.settle,
            ),
            dev=self.dev,
        )

        def get_site() -> Any:
            sign_on = self.plane.configuration.organisation.sign_on
            return build_site(sign_on.public_url, PORT)

        self.api = build_api(
            Parts(
                plane=self.plane,
                directory=self.directory,
                desk=self.releases,
                evals=self.eval_desk,
                notices=self.notices,
                revisions=self.revisions,
                scanner=lambda: self.scanner,
                custody=self.custody,
                sessions=self.sessions,
                set_up=self.set_up,
                authenticate=Authenticator(
                    self.plane, self.sessions, clock=self.clock, site=get_site
                ),
                strangers=Anonymous(self.clock, ids),
                clock=self.clock,
                status_of=get_status,
                site=get_site,
                upstreams=Upstreams(list_breakers=tuple, list_connections=tuple),
                held=HeldDesk(
                    StoredHeldRequests(self.store), MemoryVault(), notebook, clock=self.clock
                ),
            )
        )

    async def submit(self, slug: str, *, by: str = "fay") -> ReleaseId:
        """Upload a workflow of the folder as it stands, and put it to the vote."""
        bundle = self.plane.configuration.bundles[WorkflowId(slug)]
        await self.releases.bundles.keep(bundle, by=by)
        done = await self.releases.releases.submit(
            Submission(
                digest=bundle.digest,
                authors=frozenset(),
                by=PersonId(by),
                by_identities=frozenset({by, f"{by}@example.com"}),
            )
        )
        assert isinstance(done, str), done
        return done

    async def serve(self, release: ReleaseId) -> None:
        """Have a release granted its first stage, past the gate, as if long ago."""
        found = self.releases.releases.find(release)
        assert found is not None
        bundle = await self.releases.get_bundle(found)
        event = Granted(
            release=release,
            reach=get_reach(bundle.workflow.rollout.stages, StageName.INTERNAL),
            approved_by=(PersonId("emil"), PersonId("dan")),
            basis="0" * 64,
            by="ben",
            at_unix=self.releases.now_unix(),
        )
        decision = Decision(
            event=event, kind=NoteKind.STAGE_GRANTED, facts={}, by="ben", personal={}
        )
        await self.releases.book.change(found.submitted.workflow, lambda _: decision)

    async def _get_eval(self, digest: Digest) -> EvalFact | None:
        return self.evals.get(digest)

    async def _put_in_force(self, prepared: Prepared, by: str) -> None:
        await self.plane.put_configuration(prepared.configuration, by=by)

    async def found(self) -> None:
        """Make the first revision and the founding roles, as a first start does."""
        self.plane.lay_over(self.directory.merge)
        chosen = choose_configuration(
            self.folder / "org", StoredRevisions(self.store), (), lambda _: self.scanner
        )
        number = chosen.number or await found(
            chosen, self.store, self.statements, self.plane, self.clock
        )
        self.revisions.begin_with(number)
        await self.role_book.load()
        await self.role_book.update(self.plane.configuration, by="set-up", founding="yes")
        self.plane.after_put = [self.role_book.update]

    def read_configuration(self) -> Configuration:
        loaded = load_organisation(self.folder / "org")
        assert loaded.organisation is not None, loaded.problems
        assert loaded.people is not None
        return Configuration(
            organisation=loaded.organisation,
            people=loaded.people,
            bundles=loaded.bundles,
            policy=loaded.policy or "",  # type: ignore[arg-type]
        )

    async def restart(self) -> None:
        """A new process on the same store; nothing of memory is left."""
        self._build()
        await self.plane.load()
        await self.custody.holds.load()

    def rewrite(self, path: str, before: str, after: str) -> None:
        """Change a file and put it into force, as an applied revision would."""
        file = self.folder / "org" / path
        text = file.read_text()
        assert before in text, f"{path} has no {before!r}"
        file.write_text(text.replace(before, after, 1))
        self.plane._filed = self.plane._configuration = self.read_configuration()
        self.plane.refresh()

    async def sign_in(
        self, person: str, *, carrier: Carrier = Carrier.BEARER, origin: Origin = Origin.SIGN_ON
    ) -> NewSession:
        """A session as the identity provider's word would open it."""
        return await self.sessions.open(
            SignIn(
                person=PersonId(person),
                origin=origin,
                carrier=carrier,
                issuer="https://login.example.com",
                subject=f"sub-{person}",
            )
        )

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        local: bool = False,
    ) -> httpx2.Response:
        """One request; over the public port unless ``local``."""
        transport = httpx2.ASGITransport(app=mount_api(self.api, is_local=local))  # type: ignore[arg-type]
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
            content = {} if body is None else {"json": body}
            return await client.request(method, path, headers=sent, **content)  # type: ignore[arg-type]

    def notes(self, *kinds: NoteKind) -> list[dict[str, str]]:
        """Facts of the notes in the journal, of these kinds."""
        return [
            dict(entry.facts)
            for entry in self.journal.entries
            if isinstance(entry, NoteEntry) and (not kinds or entry.kind in kinds)
        ]


@asynccontextmanager
async def open_desk(folder: Path, **wish: Any) -> AsyncIterator[Desk]:
    desk = Desk(folder, **wish)
    await desk.plane.load()
    try:
        yield desk
    finally:
        await asyncio.to_thread(desk.store.close)


MakeDesk = Callable[..., Any]

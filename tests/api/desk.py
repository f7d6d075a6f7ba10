"""The management API over a scaffolded organisation and a real store, without sockets."""

import asyncio
import functools
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2

from alos.api.mount import mount_api
from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.packs import standard_packs
from alos.control.ballots import Ballots
from alos.control.code_exchange import Reach
from alos.control.directory import Directory
from alos.control.evals import EvalParts, Evals
from alos.control.issuer_keys import IssuerKeys
from alos.control.notices import Notices
from alos.control.plane import ControlPlane
from alos.control.registry import load_organisation
from alos.control.release_book import Decision
from alos.control.release_desk import tell_nobody
from alos.control.releases import Submission
from alos.control.revisions import Means, Revisions
from alos.control.role_book import RoleBook
from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold
from alos.control.sessions import NewSession, SignIn
from alos.control.standing import Configuration
from alos.control.upstreams import Upstreams
from alos.control.workloads import WorkloadTokens
from alos.domain.call import Call
from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.notice import Mailer, Notice
from alos.domain.outcome import Outcome, Refused
from alos.domain.promotion import EvalFact
from alos.domain.reason import ReasonCode
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.refusal import Refusal
from alos.domain.release_events import Granted, ReleaseId
from alos.domain.rollout import get_reach
from alos.domain.rollout_plan import StageName
from alos.domain.session import Carrier, Origin
from alos.domain.standing import Standing
from alos.gateway.wire.formats import FORMATS
from alos.ledger.note import SigningKey
from alos.pipeline.anonymous import Anonymous
from alos.ports.identity_provider import IdentityProviders
from alos.ports.ids import RandomIds
from alos.ports.notices import NoticeFailed
from alos.ports.vault import MemoryVault
from alos.server.bootstrap.configuration import Prepared, choose_configuration, prepare_files
from alos.server.bootstrap.custody import build_custody
from alos.server.bootstrap.management import CallPath, Desks, WaysIn, build_management
from alos.server.bootstrap.releases import build_release_desk
from alos.server.bootstrap.revisions import found
from alos.server.folder import Folder
from alos.store.call_index import CallIndex
from alos.store.control_state import StoredControlState
from alos.store.directory import StoredDirectory
from alos.store.engine import Store
from alos.store.eval_runs import StoredEvalRuns
from alos.store.notices import StoredNotices
from alos.store.revisions import StoredRevisions
from alos.store.role_gains import StoredRoleGains
from alos.store.sessions import StoredSessions
from alos.store.statements import KeyedStatements
from tests.control.eval_desk import JournalCalls
from tests.control.issuer import TestIssuer
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


def _build_contents(changes: tuple[Change, ...]) -> dict[str, bytes]:
    wish = ScaffoldWish(
        organisation="Test",
        templates=(SUPPORT, QUESTIONS),
        extent=Extent.FULL,
        today=date(2026, 9, 1),
    )
    contents = dict(build_scaffold(wish))
    for path, before, after in changes:
        text = contents[path].decode()
        assert before in text, f"{path} has no {before!r}"
        contents[path] = text.replace(before, after, 1).encode()
    return contents


@functools.cache
def _read_first(changes: tuple[Change, ...]) -> Configuration:
    """What every desk with these changes begins with; frozen, so they may share it."""
    with tempfile.TemporaryDirectory() as folder:
        write_scaffold(Path(folder), _build_contents(changes))
        return _read(Path(folder))


def _read(folder: Path) -> Configuration:
    loaded = load_organisation(folder)
    assert loaded.organisation is not None, loaded.problems
    assert loaded.people is not None
    return Configuration(
        organisation=loaded.organisation,
        people=loaded.people,
        bundles=loaded.bundles,
        policy=loaded.policy or "",  # type: ignore[arg-type]
    )


class Desk:
    """One installation's management door, its journal and its store."""

    def __init__(
        self,
        folder: Path,
        *,
        dev: bool = False,
        changes: tuple[Change, ...] = (),
        scanner: Scanner = SCANNER,
        issuer: TestIssuer | None = None,
        providers: IdentityProviders | None = None,
    ) -> None:
        self.issuer = issuer or TestIssuer()
        self.providers = providers or self.issuer
        self.folder = folder
        self.dev = dev
        self.changes = changes
        write_scaffold(folder / "org", _build_contents(changes))
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
        self.state = StoredSessions(self.store)
        self.plane = ControlPlane(
            _read_first(self.changes),
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
        self.releases = build_release_desk(
            self.plane, self.store, self.statements, self.clock, get_eval=self._get_eval,
            get_gained_at=lambda _person, _role: None, get_draft_users=self._get_no_drafters,
            proofs=Ballots(self.state, self.clock),
        )  # fmt: skip
        self.custody = build_custody(
            Folder(path=self.folder, id="0" * 32, gateway="0" * 32, dev=self.dev),
            self.store, vault=self.vault,
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
                notify=tell_nobody,
            )
        )
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

        reach = Reach(
            providers=self.providers,
            keys=IssuerKeys(self.providers, self.clock),
            reveal={"env:OIDC_SECRET": "shh"}.get,
        )
        self.workloads = WorkloadTokens(
            reach.keys, lambda: self.plane.configuration.organisation.sign_on
        )
        made = build_management(
            port=PORT,
            ways=WaysIn(state=self.state, reach=reach, workloads=self.workloads),
            desks=Desks(
                plane=self.plane,
                directory=self.directory,
                revisions=self.revisions,
                desk=self.releases,
                custody=self.custody,
                evals=self.eval_desk,
                notices=self.notices,
            ),
            scanner=lambda: self.scanner,
            store=self.store,
            path=CallPath(
                anonymous=Anonymous(self.clock, RandomIds()),
                upstreams=Upstreams(list_breakers=tuple, list_connections=tuple),
                vault=self.vault,
                run_call=self._run_call,
                calls=JournalCalls(self.journal),  # type: ignore[arg-type]
                catch_up=lambda: None,
            ),
            clock=self.clock,
        )
        self.api, self.sessions, self.set_up = made.api, made.sessions, made.set_up

    async def _run_call(self, call: Call) -> Outcome:
        """Here is no gateway, so a drill's calls leave no record."""
        refusal = Refusal(code=ReasonCode.FAULT)
        return Refused(refusal=refusal, call_id=call.id, headers=[])

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

    async def _get_no_drafters(self, _workflow: WorkflowId) -> frozenset[str]:
        return frozenset()

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

    async def restart(self) -> None:
        """A new process on the same store; nothing of memory is left."""
        self._build()
        self.plane.bound = self.state.list_bound()
        await self.plane.load()
        await self.custody.holds.load()

    async def rewrite(self, path: str, before: str, after: str) -> None:
        """Change a file and put it into force, as an applied revision would."""
        folder = self.folder / "org"
        file = folder / path
        text = file.read_text()
        assert before in text, f"{path} has no {before!r}"
        file.write_text(text.replace(before, after, 1))
        await self.plane.put_configuration(_read(folder), by="test")

    async def leave(self, person: str) -> None:
        """Somebody leaves, as the directory would say it."""
        address = f"email: {person}@example.com"
        await self.rewrite("people.yaml", address, f"{address}\n    active: false")

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

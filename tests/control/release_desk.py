"""Releases over a scaffolded organisation: real rules, memory stores, a clock that can jump."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alos.control.bundle import read_contents
from alos.control.bundles import Bundles
from alos.control.plane import ControlPlane
from alos.control.registry import load_organisation
from alos.control.release_book import ReleaseBook
from alos.control.release_desk import Notify, tell_nobody
from alos.control.release_desk import ReleaseDesk as ControlDesk
from alos.control.release_facts import FactFinder
from alos.control.releases import Releases, Submission
from alos.control.standing import Configuration
from alos.control.voting import VoteWish, Voting
from alos.control.waivers import Waivers
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.lane import LaneState, Voter
from alos.domain.organisation import Organisation
from alos.domain.people import People, Role
from alos.domain.principal import Authentication, Method
from alos.domain.promotion import EvalFact
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release_events import Drilled, DrillKind, ReleaseId
from alos.domain.rollout_plan import StageName
from alos.domain.standing import Standing
from alos.domain.waiver import list_needed
from alos.ledger.note import SigningKey
from alos.ledger.statement import hash_payload
from alos.ports.bundles import MemoryBundles
from alos.ports.release_log import MemoryReleaseLog
from alos.ports.waivers import MemoryWaivers
from alos.store.statements import KeyedStatements
from tests.control.organisation_folder import NO_WAIVERS, OrganisationFolder
from tests.control.test_plane import MemoryState
from tests.pipeline.conversation import MemoryJournal

SUPPORT = WorkflowId("support-reply-drafting")
START = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
HOUR = 3600
DAY = 24 * HOUR


def to_drilled(
    kind: DrillKind,
    digest: Digest,
    *,
    at_unix: int,
    workflow: WorkflowId = SUPPORT,
    run: str = "drill_1",
    passed: bool = True,
) -> Drilled:
    """A rehearsal that ended, as the release log keeps it."""
    return Drilled(
        workflow=workflow,
        digest=digest,
        kind=kind,
        passed=passed,
        detail="",
        run=run,
        by="ben",
        at_unix=at_unix,
    )


class JumpingClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.unix = START

    def unix_ns(self) -> int:
        return self.unix * 1_000_000_000

    def monotonic_ns(self) -> int:
        return self.unix_ns()


class ReleaseDesk:
    """One organisation with releases; every person of the template, every rule of the product."""

    def __init__(self, path: Path, *, dev: bool = False) -> None:
        self.folder = OrganisationFolder(path)
        self.folder.replace("alos.yaml", "  # body_days:", "  body_days: 90")
        self.folder.replace("alos.yaml", "  # record_days:", "  record_days: 400")
        for change in NO_WAIVERS:
            self.folder.replace(*change)
        self.clock = JumpingClock()
        self.evals: dict[Digest, EvalFact] = {}
        self.waiver_store = MemoryWaivers()
        self.drafters: frozenset[str] = frozenset()
        self.gained: dict[tuple[str, Role], int] = {}
        self.published: list[Standing] = []
        self.journal = MemoryJournal()
        self.statements = KeyedStatements(SigningKey("alos/test", bytes(32)))
        self.log = MemoryReleaseLog()
        self.store = MemoryBundles()
        self.plane = ControlPlane(
            self.read(),
            state=MemoryState(),  # type: ignore[arg-type]
            journal=self.journal,
            clock=self.clock,
            dev=dev,
            publish=self.published.append,
        )
        self.open()

    def open(self) -> None:
        """Build the parts that a restart builds anew."""
        self.bundles = Bundles(self.store, clock=self.clock)
        self.book = ReleaseBook(
            self.log, self.bundles, self.plane.notes, publish=self.plane.refresh
        )
        self.plane.served = self.book
        self.waivers = Waivers(
            self.waiver_store, self.plane.notes, clock=self.clock, publish=self.plane.refresh
        )
        self.plane.waivers = self.waivers
        facts = FactFinder(
            configuration=lambda: self.plane.configuration,
            get_eval=self._get_eval,
            list_missing_waivers=lambda bundle: self.waivers.list_missing(
                bundle.workflow, list_needed(bundle.workflow)
            ),
            clock=self.clock,
        )
        self.releases = Releases(
            self.book,
            self.bundles,
            facts,
            configuration=lambda: self.plane.configuration,
            clock=self.clock,
        )
        self.voting = Voting(
            self.book,
            self.statements,
            Proofs(),
            configuration=lambda: self.plane.configuration,
            hash_statement=hash_payload,
            get_draft_users=self._get_drafters,
            clock=self.clock,
        )

    def to_control(self, notify: Notify = tell_nobody) -> ControlDesk:
        """The product's own desk over these parts; its guards are never asked."""
        return ControlDesk(
            book=self.book,
            bundles=self.bundles,
            releases=self.releases,
            voting=self.voting,
            waivers=self.waivers,
            configuration=lambda: self.plane.configuration,
            get_eval=self._get_eval,
            get_gained_at=lambda _person, _role: None,
            notify=notify,
            guards=None,  # type: ignore[arg-type]
            clock=self.clock,
        )

    def read(self) -> Configuration:
        loaded = load_organisation(self.folder.path, today=date(2026, 11, 22))
        assert loaded.organisation is not None
        assert loaded.people is not None
        return Configuration(
            organisation=loaded.organisation,
            people=loaded.people,
            bundles=loaded.bundles,
            policy=loaded.policy or Digest(""),
        )

    @property
    def organisation(self) -> Organisation:
        return self.plane.configuration.organisation

    @property
    def people(self) -> People:
        return self.plane.configuration.people

    @property
    def now(self) -> Standing:
        return self.published[-1]

    @property
    def notes(self) -> list[NoteKind]:
        return [entry.kind for entry in self.journal.entries if isinstance(entry, NoteEntry)]

    async def _get_drafters(self, _workflow: WorkflowId) -> frozenset[str]:
        return self.drafters

    async def _get_eval(self, digest: Digest) -> EvalFact | None:
        return self.evals.get(digest)

    def pass_eval(self, digest: Digest, *, passed: bool = True, is_ci: bool = True) -> None:
        self.evals[digest] = EvalFact(
            run="run_1", passed=passed, at_unix=self.clock.unix, gate_run=1, by="ci", is_ci=is_ci
        )

    async def upload(self) -> Bundle:
        contents, problems = read_contents(
            self.folder.path / "workflows" / SUPPORT, label="workflows"
        )
        assert problems == []
        upload = await self.bundles.read(contents)
        assert upload.bundle is not None, upload.problems
        await self.bundles.keep(upload.bundle, by="fay")
        return upload.bundle

    async def submit(
        self, *, bundle: Bundle | None = None, authors: frozenset[str] = frozenset()
    ) -> ReleaseId:
        """Put a bundle to the vote: what the folder holds now, unless one is given."""
        if bundle is None:
            bundle = await self.upload()
        else:
            await self.bundles.keep(bundle, by="fay")
        done = await self.releases.submit(
            Submission(
                digest=bundle.digest,
                authors=authors,
                by=PersonId("fay"),
                by_identities=frozenset({"fay", "fay@example.com"}),
            )
        )
        assert isinstance(done, str), done
        return done

    def get_voter(self, name: str) -> Voter:
        person = self.people.persons[PersonId(name)]
        roles = {
            role: self.gained.get((name, role))
            for role in Role
            if any(one.id == name for one in self.organisation.list_holders(role, self.people))
        }
        return Voter(
            id=person.id,
            identities=frozenset({name, person.email}),
            roles=roles,
            is_active=person.active,
        )

    async def vote(
        self,
        release: ReleaseId,
        name: str,
        role: Role,
        *,
        approves: bool = True,
        reason: str = "",
        personal: bool = False,
    ) -> LaneState | Refusal:
        found = self.releases.find(release)
        assert found is not None
        wish = VoteWish(
            release=release,
            role=role,
            approves=approves,
            reason=reason,
            shown=self.voting.get_shown(found),
            authentication=Authentication(method=Method.PERSONA),
            proof={},
        )
        if personal:
            statement = self.voting.build_statement(wish, PersonId(name))
            wish = replace(wish, proof={"person": name, "over": hash_payload(statement)})
        return await self.voting.vote(wish, self.get_voter(name))

    async def fill_lane(self, release: ReleaseId) -> None:
        """PM and Security, two people."""
        for name, role in ((self.pm, Role.PM), (self.security, Role.SECURITY)):
            state = await self.vote(release, name, role)
            assert isinstance(state, LaneState), state
        assert state.is_complete

    @property
    def pm(self) -> str:
        return self._find(Role.PM)

    @property
    def security(self) -> str:
        return self._find(Role.SECURITY)

    def _find(self, role: Role) -> str:
        holders = self.organisation.list_holders(role, self.people)
        return next(str(one.id) for one in holders if one.id != "fay")

    async def drill(
        self,
        *kinds: DrillKind,
        digest: Digest,
        workflow: WorkflowId = SUPPORT,
        run: str = "drill_1",
        passed: bool = True,
    ) -> None:
        """Record rehearsals as if they had just ended."""
        for kind in kinds:
            await self.releases.record_drill(
                to_drilled(
                    kind,
                    digest,
                    workflow=workflow,
                    run=run,
                    passed=passed,
                    at_unix=self.clock.unix,
                )
            )

    async def earn(self, release: ReleaseId) -> Digest:
        """What the first stage asks for: the eval of its digest, and the lane's votes."""
        found = self.releases.find(release)
        assert found is not None
        self.pass_eval(found.digest)
        await self.fill_lane(release)
        return found.digest

    async def promote(self, release: ReleaseId, stage: StageName) -> set[ReasonCode]:
        """Promote; returns the codes of everything against it."""
        done = await self.releases.promote(release, stage, by="ben")
        return {one.code for one in done} if isinstance(done, tuple) else set()

    async def go_live(self) -> ReleaseId:
        """Take what the folder holds now through the whole lane to everyone."""
        release = await self.submit()
        digest = await self.earn(release)
        assert await self.promote(release, StageName.INTERNAL) == set()
        await self.drill(DrillKind.KILL, DrillKind.FALLBACK, digest=digest)
        self.clock.unix += 25 * HOUR
        assert await self.promote(release, StageName.COHORT) == set()
        self.clock.unix += 73 * HOUR
        assert await self.promote(release, StageName.ALL) == set()
        return release

    def edit(self, number: int) -> None:
        """Another bundle: a new prompt text and its own decision."""
        self.folder.write(
            f"workflows/{SUPPORT}/decisions/{number + 1:04d}-another.md",
            "# Another wording\n\n## What changed\n\nThe prompt asks for two sentences.\n\n"
            "## Why\n\nAgents cut the third one.\n\n"
            "## Expected impact\n\nDrafts get shorter and quicker to read.\n\n"
            f"## Rollback plan\n\nRoll back to the digest before, number {number}.\n",
        )

    def leave(self, name: str) -> None:
        """Deactivate somebody, in the directory's way."""
        configuration = self.plane.configuration
        persons = dict(configuration.people.persons)
        persons[PersonId(name)] = replace(persons[PersonId(name)], active=False)
        people = replace(configuration.people, persons=persons)
        self.plane._configuration = replace(configuration, people=people)
        self.plane.refresh()


class Proofs:
    """A person's signature that holds where it says the statement's hash."""

    async def check(
        self, proof: Mapping[str, Any], person: PersonId, statement_hash: str
    ) -> Mapping[str, Any] | Refusal:
        if proof == {"person": person, "over": statement_hash}:
            return proof
        return Refusal(code=ReasonCode.VOTE_PROOF_BAD)

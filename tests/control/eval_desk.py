"""Evals over a scaffolded organisation and a whole gateway core: real rules, memory adapters."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from alos.checks.catalogue import Scanner
from alos.control.bundle import read_contents
from alos.control.bundles import Bundles
from alos.control.detectors import build_detectors
from alos.control.eval_desk import LiveRelease, RunWish
from alos.control.eval_plan import EvalPlan
from alos.control.evals import EvalParts, Evals
from alos.control.plane import ControlPlane, KeyWish
from alos.control.standing import Configuration
from alos.domain.bundle import Bundle
from alos.domain.call import CheckedCall, CheckedCandidate
from alos.domain.evaluation import RunPurpose
from alos.domain.golden import GoldenCase
from alos.domain.ids import CallId, Digest, RunId, WorkflowId
from alos.domain.outcome import Answered
from alos.domain.people import Party
from alos.domain.principal import build_local_operator
from alos.domain.record import ClosingEntry, NoteEntry, NoteKind
from alos.gateway.wire.formats import FORMATS
from alos.ledger.note import SigningKey
from alos.ports.bundles import MemoryBundles, StoredBundle
from alos.ports.call_store import CallCursor, CallQuery, CallRow
from alos.ports.eval_runs import EvalRun, MemoryEvalRuns
from alos.ports.provider import ProviderFailure
from alos.store.statements import KeyedStatements
from tests.control.organisation_folder import OrganisationFolder
from tests.control.test_plane import MemoryState
from tests.pipeline.conversation import (
    Conversation,
    MemoryJournal,
    ScriptedAnswer,
    completion,
)

SUPPORT = WorkflowId("support-reply-drafting")
Script = Callable[[str], str]
"""The user's text → the model's answer."""


class JournalCalls:
    """The call index read straight from a journal in memory."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    def get_call(self, call_id: CallId) -> CallRow | None:
        found = [one for one in self._journal.closings if one.call_id == call_id]
        return _to_row(found[0]) if found else None

    def search_calls(
        self, query: CallQuery, *, before: CallCursor | None, limit: int
    ) -> Sequence[CallRow]:
        assert before is None
        found = [one for one in self._journal.closings if ("run", query.run) in one.facts]
        return [_to_row(one) for one in reversed(found)][:limit]

    def list_arrivals(self, *, since_unix_ns: int, limit: int) -> Sequence[CallRow]:
        raise NotImplementedError


def _to_row(closing: ClosingEntry) -> CallRow:
    return CallRow(
        call_id=closing.call_id,
        opened_at_unix_ns=closing.opened_at_unix_ns,
        opening=None,
        closing=closing,
        place=None,
        arrived_at_unix_ns=0,
    )


class ScriptedModel:
    """A provider that answers by a function of the user's last message."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.sent: list[dict[str, Any]] = []
        self.fails: ProviderFailure | None = None

    async def send(
        self,
        call: CheckedCall,  # noqa: ARG002 - the port's shape
        candidate: CheckedCandidate,
        *,
        within_seconds: float,  # noqa: ARG002
    ) -> ScriptedAnswer | ProviderFailure:
        if self.fails is not None:
            return self.fails
        document = json.loads(candidate.body)
        self.sent.append(document)
        return ScriptedAnswer(body=completion(self.script(document["messages"][-1]["content"])))


_ANSWERS = Path(__file__).parents[1] / "evals" / "starter_answers.toml"
GOOD_ANSWERS: Mapping[str, str] = tomllib.loads(_ANSWERS.read_text())[SUPPORT]
"""For each case of the starter that a model answers."""
_scanners: dict[tuple[str, ...], Scanner] = {}


def build_organisation_scanner(configuration: Configuration) -> Scanner:
    """The detectors with the organisation's own dictionaries; compiled once per test run."""
    names = tuple(sorted(configuration.organisation.dictionaries))
    if names not in _scanners:
        _scanners[names] = build_detectors(configuration.organisation)
    return _scanners[names]


class EvalDesk:
    """One organisation with a key, a gateway core and evals."""

    def __init__(self, path: Path, script: Script | None = None) -> None:
        self.folder = OrganisationFolder(path)
        self.scanner = build_organisation_scanner(self.read())
        self.talk = Conversation(scanner=self.scanner)
        self.answers = PerfectModel()
        self.model = ScriptedModel(script or self.answers)
        self.talk.provider.send = self.model.send  # type: ignore[method-assign]
        self.plane = ControlPlane(
            self.read(),
            state=MemoryState(),  # type: ignore[arg-type]
            journal=self.talk.journal,
            clock=self.talk.clock,
            dev=True,
            publish=self.talk.swap,
        )
        self.store = MemoryBundles()
        self.runs = MemoryEvalRuns()
        self.statements = KeyedStatements(SigningKey("alos/test", bytes(32)))
        self.live: LiveRelease | None = None
        self.notices: list[tuple[list[str], str, list[str]]] = []
        self.evals = self.build_evals()
        self.key = ""

    def build_evals(self) -> Evals:
        """Another process over the same stores."""
        return Evals(
            EvalParts(
                runs=self.runs,
                plane=self.plane,
                bundles=Bundles(self.store, clock=self.talk.clock),
                calls=JournalCalls(self.talk.journal),
                statements=self.statements,
                formats=FORMATS,
                scan=self.scanner.scan,
                clock=self.talk.clock,
                catch_up=lambda: None,
                get_live=lambda _workflow: self.live,
                notify=self.notify,
            )
        )

    async def notify(self, parties: Sequence[Party], subject: str, lines: Sequence[str]) -> None:
        self.notices.append(([str(one) for one in parties], subject, list(lines)))

    def read(self) -> Configuration:
        loaded = self.folder.load()
        errors = [str(one) for one in loaded.problems if one.is_error]
        assert not errors, errors
        assert loaded.organisation is not None
        assert loaded.people is not None
        assert loaded.policy is not None
        return Configuration(
            organisation=loaded.organisation,
            people=loaded.people,
            bundles=loaded.bundles,
            policy=loaded.policy,
        )

    @property
    def bundle(self) -> Bundle:
        return self.read().bundles[SUPPORT]

    async def load(self, principal: str | None = None) -> None:
        await self.plane.load()
        made = await self.plane.keys.create(
            KeyWish(workflows=(SUPPORT,), principal=principal, expires_at_unix=None), by="me"
        )
        self.key, self.prefix = made.key, made.row.grant.prefix

    def upload(self) -> Bundle:
        """Keep the bundle as the folder has it now."""
        bundle = self.bundle
        self.answers.learn(bundle.cases)
        contents, problems = read_contents(
            self.folder.path / "workflows" / SUPPORT, label="bundle"
        )
        assert not problems
        self.store.put(
            StoredBundle(
                digest=bundle.digest,
                workflow=bundle.id,
                contents=contents,
                uploaded_by="me",
                uploaded_at_unix=0,
            )
        )
        return bundle

    async def start(self, bundle: Bundle, **wish: Any) -> tuple[EvalRun, EvalPlan]:
        facts: dict[str, Any] = {"key": self.prefix, "purpose": RunPurpose.GATE, **wish}
        by = build_local_operator(dev=True)
        return await self.evals.start(RunWish(digest=bundle.digest, **facts), by=by)

    async def call(
        self, run: EvalRun, case: str, body: bytes, *, digest: Digest | None = None
    ) -> tuple[CallId, Any]:
        """Make one call of a run, as a client does."""
        call = self.talk.call(
            body,
            key=self.key,
            headers={
                "x-alos-run": run.id,
                "x-alos-case": case,
                "x-alos-release": digest or run.digest,
            },
        )
        return call.id, await self.talk.pipeline.run(call)

    async def call_all(self, run: EvalRun, plan: EvalPlan) -> dict[CallId, bytes]:
        """Make every call of a plan; the bytes of those that were answered."""
        answers = {}
        for one in plan.inputs:
            for _ in range(plan.repeats[one.case_id]):
                call_id, outcome = await self.call(run, one.case_id, one.body)
                if isinstance(outcome, Answered):
                    answers[call_id] = outcome.body
        return answers

    async def run(self, **wish: Any) -> Mapping[str, Any]:
        """A whole run of what the folder holds; the result."""
        run, plan = await self.start(self.upload(), **wish)
        answers = await self.call_all(run, plan)
        questions = await self.evals.hand_in(run.id, answers)
        judged = {}
        for one in questions:
            call_id, outcome = await self.call(run, one.case, one.body)
            if isinstance(outcome, Answered):
                judged[call_id] = outcome.body
        if judged:
            await self.evals.hand_in(run.id, judged)
        return await self.end(run.id)

    async def end(self, run: RunId) -> Mapping[str, Any]:
        ended = await self.evals.finish(run)
        result: Mapping[str, Any] = json.loads(ended.result)
        return result

    def list_notes(self, kind: NoteKind) -> list[dict[str, str]]:
        return [
            dict(one.facts)
            for one in self.talk.journal.entries
            if isinstance(one, NoteEntry) and one.kind is kind
        ]


class PerfectModel:
    """Answers every case so that its criteria hold, but for those it was told to fail."""

    def __init__(self) -> None:
        self._cases: dict[str, GoldenCase] = {}
        self.failing: set[str] = set()

    def learn(self, cases: Sequence[GoldenCase]) -> None:
        for case in cases:
            self._cases[case.messages[-1].content] = case

    def __call__(self, text: str) -> str:
        case = self._cases.get(text) or _find_redacted(self._cases, text)
        if case is None or case.id in self.failing:
            return "REFUND APPROVED. You will get your refund. Never promise a refund."
        return GOOD_ANSWERS.get(case.id, "Thank you for writing to us today. We look into it.")


def _find_redacted(cases: Mapping[str, GoldenCase], text: str) -> GoldenCase | None:
    """A case whose text the gateway redacted: the one that begins the same."""
    head = text.split("[", maxsplit=1)[0]
    return next((case for known, case in cases.items() if head and known.startswith(head)), None)


def change_live(desk: EvalDesk, bundle: Bundle) -> None:
    """Say that a bundle serves everybody now, and that all runs so far were before that."""
    now_unix = desk.plane._now_unix()
    for run in tuple(desk.runs._runs.values()):
        desk.runs._runs[run.id] = replace(run, started_at_unix=now_unix - 10)
    desk.live = LiveRelease(digest=bundle.digest, since_unix=now_unix)

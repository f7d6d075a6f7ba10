"""Tries a changed policy on calls of before: what it would block or redact that went through.

The kept requests are read where they lie; what comes back are counts and ids, never a text. A
kept request is what was sent, so what the checks took out then can't be seen again: such calls
are counted, and what refused calls held is not kept at all.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alos.checks.catalogue import Scanner
from alos.checks.seams import scan_parts
from alos.control.bodies import LONGEST_SPAN_NS, ReadTexts
from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.control.stored_bodies import get_references, list_calls
from alos.domain.boundary_verdict import judge
from alos.domain.ids import ModelName, WorkflowId
from alos.domain.record import ClosingEntry, NoteKind
from alos.domain.standing import Action, StandingModel, StandingWorkflow
from alos.domain.vault import REQUEST, Gone, get_label
from alos.ports.call_store import CallQuery, CallRow, CallStore
from alos.ports.vault import Vault

MOST_CALLS = 5000
"""A trial stops after so many calls, the newest first, and says so."""
MOST_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedPolicy:
    """A policy as files of a folder say it, ready to be tried.

    Attributes:
        scanner: its detectors and dictionaries.
    """

    workflows: Mapping[WorkflowId, StandingWorkflow]
    models: Mapping[ModelName, StandingModel]
    scanner: Scanner


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A call that would go otherwise."""

    call_id: str
    workflow: str
    data_class: str
    type: str
    rule: str


@dataclass(slots=True, kw_only=True)
class TrialResult:
    """What a trial came to; the lists hold the newest hundred.

    Attributes:
        replayed: calls whose kept request was read again.
        redacted_then: of those, how many had something taken out that can't be seen again.
        not_replayed: why others could not be, and how many.
        is_complete: all calls of the span were looked at.
    """

    replayed: int = 0
    redacted_then: int = 0
    new_blocks: int = 0
    new_redactions: int = 0
    blocked: list[Changed] = field(default_factory=list)
    redacted: list[Changed] = field(default_factory=list)
    not_replayed: Counter[str] = field(default_factory=Counter)
    is_complete: bool = True


class PolicyTrials:
    """Runs trials, in a thread; each is recorded like a search through the bodies."""

    def __init__(
        self, vault: Vault, *, calls: CallStore, notes: ChangeNotes, read_texts: ReadTexts
    ) -> None:
        self._vault = vault
        self._calls = calls
        self._notes = notes
        self._read_texts = read_texts

    async def run(
        self,
        prepare: Callable[[], TriedPolicy],
        *,
        workflows: Sequence[WorkflowId],
        since_unix_ns: int,
        until_unix_ns: int,
        by: str,
    ) -> TrialResult:
        """Try a policy on the calls of some workflows.

        ``prepare`` reads and compiles the policy; it is called in the thread.

        Raises:
            ChangeRefused: a span over seven days, or what ``prepare`` says is wrong.
            JournalDown, StoreDown, VaultDown: there is no result.
        """
        if not 0 < until_unix_ns - since_unix_ns <= LONGEST_SPAN_NS:
            raise ChangeRefused("a trial looks at up to seven days; give --days")
        facts = {
            "workflow": ",".join(sorted(workflows)),
            "since_unix_ns": str(since_unix_ns),
            "until_unix_ns": str(until_unix_ns),
            "for": "policy_try",
        }
        await self._notes.note(NoteKind.BODIES_SEARCHED, facts, by=by)

        def work() -> TrialResult:
            policy, result = prepare(), TrialResult()
            for name in workflows:
                query = CallQuery(
                    workflow=name, since_unix_ns=since_unix_ns, until_unix_ns=until_unix_ns
                )
                for row in list_calls(self._calls, query):
                    if result.replayed + result.not_replayed.total() >= MOST_CALLS:
                        result.is_complete = False
                        return result
                    self._try(row, name, policy, result)
            return result

        return await asyncio.to_thread(work)

    def _try(
        self, row: CallRow, name: WorkflowId, policy: TriedPolicy, result: TrialResult
    ) -> None:
        closing, workflow = row.closing, policy.workflows.get(name)
        if closing is None:
            result.not_replayed["still running"] += 1
            return
        if workflow is None:
            result.not_replayed["the workflow is not in this policy"] += 1
            return
        texts = self._read(row, closing)
        if isinstance(texts, str):
            result.not_replayed[texts] += 1
            return
        result.replayed += 1
        then = {note.action for note in closing.findings if note.where == "request"}
        result.redacted_then += "redact" in then
        findings = [one for part in scan_parts(policy.scanner, texts) for one in part]
        models = [policy.models[one] for one in workflow.route if one in policy.models]
        verdict = judge(findings, workflow, models)
        changed = Changed(
            call_id=row.call_id,
            workflow=name,
            data_class=verdict.data_class,
            type=verdict.type,
            rule=verdict.rule,
        )
        if verdict.action is Action.BLOCK:
            result.new_blocks += 1
            _list(result.blocked, changed)
        elif verdict.action is Action.REDACT:
            result.new_redactions += 1
            _list(result.redacted, changed)

    def _read(self, row: CallRow, closing: ClosingEntry) -> list[str] | str:
        """The texts of the kept request, or why there are none."""
        reference = get_references(closing).get(REQUEST)
        if reference is None:
            return "refused then" if closing.outcome == "refused" else "no request is kept"
        body = self._vault.get(reference, label=get_label(row.call_id, REQUEST))
        if isinstance(body, Gone):
            return f"its request is {body.value}"
        texts = self._read_texts(closing, REQUEST, body)
        return texts or "its request can't be read"


def _list(changed: list[Changed], one: Changed) -> None:
    if len(changed) < MOST_LISTED:
        changed.append(one)

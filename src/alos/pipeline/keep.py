"""Keep: the bodies of a call go to the vault, as they were sent and as they were answered.

Part of finish. What the checks replaced is replaced in what is kept, because the kept request is
the very body that went upstream; where nothing was sent, or the answer was withheld, nothing of
it is kept. Both bodies are on disk before the record says so, and before the answer completes.
"""

import json
from collections.abc import Iterator
from functools import lru_cache

from alos.domain.fault import VaultDown
from alos.domain.ids import BodyReference
from alos.domain.record import Fact, Outcome
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import StandingWorkflow
from alos.domain.vault import ANSWER, HELD, REQUEST, TOKENS, Shelf, get_label
from alos.pipeline.progress import Ending, Progress
from alos.ports.clock import to_datetime
from alos.ports.vault import Vault

VAULT_DOWN = "vault_down"
NOT_KEPT = "not_kept"
TOO_LARGE = "too_large"
LARGEST_ANSWER_BYTES = 32 << 20
"""A stream that grows past this is answered, but its answer is not kept."""
_NANOSECONDS_A_DAY = 86_400_000_000_000
_GONE_FOR_EVER = frozenset({"redact"})
_REPLACED = frozenset({"redact", "tokenise"})
_DATA_CLASS = {"pii": "pii", "secret": "credentials"}
_WHOLE = frozenset({Outcome.ANSWERED, Outcome.CLIENT_GONE, Outcome.CUT})
"""Endings whose answer is the checked one; a provider's own error is passed on unread."""


class Keep:
    """Stores the bodies of calls by the rule of their workflow."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def check(self, workflow: StandingWorkflow) -> Refusal | None:
        """Refuse before anything is sent, where bodies are required and can't be kept."""
        rule = workflow.bodies
        if rule.is_required and rule.is_kept and self._vault.is_down:
            return Refusal(code=ReasonCode.VAULT_DOWN)
        return None

    async def __call__(self, progress: Progress, ending: Ending) -> bool:
        """Store what there is and note where; returns whether the call may be answered."""
        workflow = progress.workflow
        if workflow is None or progress.sent is None:
            return True
        rule = workflow.bodies
        if not rule.is_kept:
            progress.facts[Fact.BODIES] = NOT_KEPT
            return True
        try:
            await self._vault.sync(self._put(progress, ending, workflow))
        except VaultDown:
            for name in (Fact.REQUEST_BODY, Fact.ANSWER_BODY, Fact.TOKENS):
                progress.facts.pop(name, None)
            progress.facts[Fact.BODIES] = VAULT_DOWN
            return not rule.is_required
        return True

    async def hold(self, progress: Progress, body: bytes) -> BodyReference | None:
        """Store a redacted request that a person is to see; ``None`` where it can't be kept."""
        workflow = progress.workflow
        if workflow is None or not workflow.bodies.is_kept:
            return None
        retention_class = workflow.bodies.get_class(_list_classes(progress, workflow))
        shelf = Shelf(workflow.workspace, retention_class, get_day(progress.call.received_unix_ns))
        try:
            label = get_label(progress.call.id, HELD)
            reference = self._vault.put(body, shelf=shelf, label=label, held=_is_held(progress))
            await self._vault.sync([reference])
        except VaultDown:
            return None
        return reference

    def _put(
        self, progress: Progress, ending: Ending, workflow: StandingWorkflow
    ) -> list[BodyReference]:
        """Put what is not put yet: a caller who hangs up in the middle makes finish run twice."""
        call, candidate, facts = progress.call, progress.sent, progress.facts
        assert candidate is not None, "something was sent"
        if Fact.REQUEST_BODY in facts:
            names = (Fact.REQUEST_BODY, Fact.ANSWER_BODY, Fact.TOKENS)
            return [BodyReference(facts[name]) for name in names if name in facts]
        retention_class = workflow.bodies.get_class(_list_classes(progress, workflow))
        shelf = Shelf(workflow.workspace, retention_class, get_day(call.received_unix_ns))
        put, held = self._vault.put, _is_held(progress)
        request = put(candidate.body, shelf=shelf, label=get_label(call.id, REQUEST), held=held)
        facts[Fact.REQUEST_BODY] = request
        kept = [request, *self._put_tokens(progress, workflow)]
        if ending.answer is None:
            facts[Fact.BODIES] = TOO_LARGE
        elif ending.answer and ending.outcome in _WHOLE and Fact.CACHED_FROM not in facts:
            text = b"".join(ending.answer)
            answer = put(text, shelf=shelf, label=get_label(call.id, ANSWER), held=held)
            facts[Fact.ANSWER_BODY] = answer
            kept.append(answer)
        return kept

    def _put_tokens(
        self, progress: Progress, workflow: StandingWorkflow
    ) -> Iterator[BodyReference]:
        """What the request's tokens stand for, on the shelf of the strictest of their classes."""
        tokens = progress.checked.tokens if progress.checked is not None else {}
        if not tokens:
            return
        classes = _list_classes(progress, workflow, but=_GONE_FOR_EVER)
        retention_class = workflow.bodies.get_class(classes)
        call = progress.call
        shelf = Shelf(workflow.workspace, retention_class, get_day(call.received_unix_ns))
        body = json.dumps(dict(tokens), ensure_ascii=False).encode()
        reference = self._vault.put(body, shelf=shelf, label=get_label(call.id, TOKENS))
        progress.facts[Fact.TOKENS] = reference
        yield reference


def _is_held(progress: Progress) -> bool:
    """Whether the call comes under a legal hold, as far as the Standing knew when it began."""
    holds, key, workflow = progress.standing.legal_holds, progress.key, progress.workflow
    if not holds or key is None or workflow is None:
        return False
    scopes = {
        ("person", str(key.principal)),
        ("workflow", str(workflow.id)),
        ("workspace", str(workflow.workspace)),
    }
    return not holds.isdisjoint(scopes)


def get_day(unix_ns: int) -> str:
    """The UTC day of a moment, ``YYYY-MM-DD``."""
    return _get_day(unix_ns // _NANOSECONDS_A_DAY)


@lru_cache(maxsize=8)
def _get_day(days: int) -> str:
    return to_datetime(days * _NANOSECONDS_A_DAY).strftime("%Y-%m-%d")


def _list_classes(
    progress: Progress, workflow: StandingWorkflow, *, but: frozenset[str] = _REPLACED
) -> Iterator[str]:
    """The data classes of what was found and is still in the bodies."""
    classes = workflow.detector_classes
    for note in progress.findings:
        if note.action in but:
            continue
        if note.kind in _DATA_CLASS:
            yield _DATA_CLASS[note.kind]
        yield from classes.get(note.kind, ())
        yield from classes.get(note.type, ())

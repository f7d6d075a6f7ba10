"""Finish: settles the money, hashes, and closes the record. It runs for every call."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict

from alos.domain.call import CheckedCandidate, WholeReply
from alos.domain.fault import VaultDown
from alos.domain.ids import WorkspaceId
from alos.domain.money import Usage
from alos.domain.record import ClosingEntry, Fact, Outcome, Personal
from alos.domain.refusal import ReasonCode
from alos.domain.trace import read_traceparent
from alos.pipeline.keep import Keep
from alos.pipeline.progress import Ending, Progress
from alos.pipeline.sources import match_sources
from alos.ports.clock import Clock
from alos.ports.counters import Counters
from alos.ports.ids import Ids
from alos.ports.journal import Journal

_UNAVAILABLE = 503
_MOST_TOKENS = 1_000_000_000
_CHARACTERS_PER_TOKEN = 3
"""Fewer than any tokenizer of ours averages on prose, so that an estimate is rather high."""

Overbilled = Callable[[WorkspaceId, int], None]
"""Told when a provider billed more than was reserved: (workspace, excess in nano-dollars)."""


OnClosed = Callable[[ClosingEntry], None]
"""Told of each record once it is on disk; must return at once."""


def _tell_nobody(_: ClosingEntry) -> None:
    """Stand in where nobody wants copies."""


class Finish:
    """The last stage."""

    def __init__(
        self,
        *,
        counters: Counters,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        keep: Keep,
        on_overbilled: Overbilled,
        on_closed: OnClosed = _tell_nobody,
    ) -> None:
        self._counters = counters
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._keep = keep
        self.check_keeps = keep.check
        self._on_overbilled = on_overbilled
        self._on_closed = on_closed

    async def __call__(self, progress: Progress, ending: Ending, rules: str) -> int:
        """Make the record durable, then settle; returns the cost in nano-dollars.

        Raises:
            JournalDown: the record is not certain to be on disk, so the answer must not go out.
            CountersDown: the reservation could not be settled; it stays set aside.
            VaultDown: the workflow's bodies have to be kept and were not; the record says that
                the call was refused for it.
        """
        progress.is_closed = True
        try:
            is_kept = await self._keep(progress, ending)
        except asyncio.CancelledError:
            progress.is_closed = False
            raise
        is_withheld = not is_kept and ending.outcome is Outcome.ANSWERED
        if is_withheld:
            ending = _withhold(ending)
        usage, cost, estimated = _get_cost(progress, ending)
        entry = self._write_entry(progress, ending, rules, (usage, cost, estimated))
        is_recorded = False
        try:
            progress.receipt = await self._journal.close(entry)
            is_recorded = True
        except asyncio.CancelledError:
            is_recorded = True  # being cancelled does not undo the append
            raise
        finally:
            await self._settle(progress, cost, is_recorded=is_recorded)
        self._on_closed(entry)
        reserved = _get_reserved(progress)
        if progress.reservation is not None and cost > reserved and progress.key:
            self._on_overbilled(progress.key.workspace, cost - reserved)
        if is_withheld:
            raise VaultDown("the call's bodies have to be kept, and could not be")
        return cost

    async def _settle(self, progress: Progress, cost: int, *, is_recorded: bool) -> None:
        """Only now, so that money is free again only where the record says what is left of it."""
        if progress.reservation is not None:
            settle = self._counters.settle
            await settle(progress.reservation, cost_nanousd=cost, is_recorded=is_recorded)
            for raised in progress.tries.raised:
                await settle(raised, cost_nanousd=0, is_recorded=is_recorded)

    def _write_entry(
        self, progress: Progress, ending: Ending, rules: str, money: tuple[Usage | None, int, bool]
    ) -> ClosingEntry:
        call = progress.call
        key, workflow, admitted = progress.key, progress.workflow, progress.admitted
        tries, request = progress.tries, progress.request
        candidate = progress.sent
        usage, cost, estimated = money
        total_ns = self._clock.monotonic_ns() - call.received_monotonic_ns
        model = candidate.model if candidate is not None else progress.earlier
        request_hash = hashlib.sha256(call.body).hexdigest() if call.body is not None else None
        is_as_asked = candidate is not None and candidate.body is call.body
        return ClosingEntry(
            call_id=call.id,
            opened_at_unix_ns=call.received_unix_ns,
            closed_at_unix_ns=call.received_unix_ns + total_ns,
            outcome=ending.outcome,
            stage=progress.stage,
            reason=ending.reason,
            detail=ending.detail,
            http_status=ending.status,
            wire_format=call.wire_format,
            streamed=progress.streamed,
            key_id=key.id if key else None,
            workspace=key.workspace if key else None,
            workflow=workflow.id if workflow else None,
            tier=workflow.tier if workflow else None,
            surface=key.surface if key else None,
            accountable=workflow.accountable if workflow else None,
            release=workflow.release.digest if workflow else None,
            release_stage=workflow.release.stage if workflow else None,
            approved_by=workflow.release.approved_by if workflow else (),
            policy=progress.standing.policy,
            rules=rules,
            standing_epoch=progress.standing.epoch,
            model_asked=_get_model_asked(progress),
            model=model.name if model else None,
            vendor=model.vendor if model else None,
            upstream_model=model.upstream_name if model else None,
            attempts=tuple(tries.attempts),
            route_reason=admitted.route_reason if admitted else "",
            prompt_version=admitted.prompt.version if admitted else None,
            prompt_evidence=admitted.prompt.evidence if admitted else None,
            request_hash=request_hash,
            sent_hash=request_hash if is_as_asked else _get_sent_hash(candidate),
            output_hash=ending.output_hash,
            request_bytes=len(call.body) if call.body is not None else 0,
            answer_bytes=ending.answer_bytes,
            findings=progress.findings,
            unscanned=progress.unscanned,
            unknown_fields=len(request.unknown_fields) if request else 0,
            tools=progress.tools,
            usage=usage,
            cost_nanousd=cost,
            cost_estimated=estimated,
            reserved_nanousd=_get_reserved(progress),
            price_source=model.price.source if model and model.price else None,
            overhead_us=max(0, total_ns - tries.waited_ns) // 1_000,
            first_byte_ms=(
                progress.first_byte_ns // 1_000_000 if progress.first_byte_ns is not None else None
            ),
            duration_ms=total_ns // 1_000_000,
            personal=self._get_personal(progress),
            facts=tuple(sorted(progress.facts.items())) if progress.facts else (),
        )

    def _get_personal(self, progress: Progress) -> tuple[Personal, ...]:
        """What the caller is or said, each committed to under a salt of its own."""
        salt = self._ids.salt
        personal = []
        if progress.key is not None:
            personal.append(Personal("principal", salt(), progress.key.principal))
        personal.append(Personal("client_address", salt(), progress.call.client_address))
        admitted = progress.admitted
        if admitted is not None:
            if admitted.task is not None:
                personal.append(Personal("task", salt(), admitted.task))
            personal.extend(
                Personal(f"source.{source.evidence}", salt(), source.id)
                for source in match_sources(admitted.sources, _list_sent_texts(progress))
            )
            personal.extend(Personal("tag", salt(), tag) for tag in admitted.tags)
            trace = read_traceparent(progress.call.headers.get(b"traceparent"))
            if trace is not None:
                personal.append(Personal("caller_span", salt(), trace.span_id))
        return tuple(personal)


def _list_sent_texts(progress: Progress) -> Iterator[str]:
    """The texts that a model saw as the caller wrote them; none where some were replaced."""
    request, sent = progress.request, progress.sent
    if request is not None and sent is not None and not sent.redacted:
        yield from (text.text for text in request.texts)


def _withhold(ending: Ending) -> Ending:
    """The ending of a call that was answered, when its answer may not go out."""
    return ending._replace(
        outcome=Outcome.REFUSED,
        status=_UNAVAILABLE,
        reason=ReasonCode.VAULT_DOWN,
        output_hash=None,
        answer_bytes=0,
    )


def _get_model_asked(progress: Progress) -> str | None:
    """What the caller wrote as model, but only where it is a name of ours."""
    request = progress.request
    asked = request.model if request is not None else None
    if asked is None:
        return None
    standing = progress.standing
    if asked in standing.models or asked.removeprefix("workflow/") in standing.workflows:
        return asked
    is_upstream = any(model.upstream_name == asked for model in standing.models.values())
    return asked if is_upstream else "(not one of ours)"


def _get_sent_hash(candidate: CheckedCandidate | None) -> str | None:
    """Hash of what really went upstream: the bytes of the candidate that was answered last."""
    return hashlib.sha256(candidate.body).hexdigest() if candidate is not None else None


def _get_reserved(progress: Progress) -> int:
    if progress.reservation is None:
        return 0
    return progress.reservation.amount_nanousd + progress.tries.reserved_beyond_nanousd


def _get_cost(progress: Progress, ending: Ending) -> tuple[Usage | None, int, bool]:
    """(usage, cost, whether any of it is an estimate); nothing sent costs nothing.

    Tries that went out without an answer may be billed: each is estimated and added.
    """
    tries, answered = progress.tries, progress.candidate
    unanswered = list(tries.unanswered)
    if answered is None and tries.under_way is not None:
        unanswered.append(tries.under_way)
    lost = sum(_estimate(one, 0)[1] for one in unanswered)
    if lost:
        progress.facts[Fact.UNANSWERED_NANOUSD] = str(lost)
    if tries.set_aside is not None:
        aside = _get_cost_set_aside(tries.set_aside)
        progress.facts[Fact.SET_ASIDE_NANOUSD] = str(aside)
        lost += aside
    usage, cost = _believe(ending), 0
    is_estimate = bool(unanswered)
    if answered is not None and usage is not None:
        cost = answered.model.price.get_cost_nanousd(usage) if answered.model.price else 0
        return usage, cost + lost, is_estimate
    if answered is not None and ending.outcome is not Outcome.UPSTREAM_ERROR:
        usage, cost = _estimate(answered, ending.text_characters)
        is_estimate = True
    elif unanswered:
        usage, _ = _estimate(unanswered[-1], 0)
    return usage, min(cost + lost, _get_reserved(progress)), is_estimate


def _believe(ending: Ending) -> Usage | None:
    """The provider's usage within reason: words that cost no token at all are estimated instead.

    A figure beyond :data:`_MOST_TOKENS` is one that no record could hold; what is left of it is
    far above any reservation, so the workspace is closed for it all the same.
    """
    usage = ending.usage
    if usage is None or (usage.total_tokens == 0 and ending.text_characters):
        return None
    return _bound(usage)


def _bound(usage: Usage) -> Usage:
    if usage.total_tokens <= _MOST_TOKENS:
        return usage
    return Usage(**{name: min(tokens, _MOST_TOKENS) for name, tokens in asdict(usage).items()})


def _get_cost_set_aside(reply: WholeReply) -> int:
    candidate, view = reply.candidate, reply.view
    if view is not None and view.usage is not None and candidate.model.price is not None:
        return candidate.model.price.get_cost_nanousd(_bound(view.usage))
    return _estimate(candidate, len(reply.body))[1]


def _estimate(candidate: CheckedCandidate, text_characters: int) -> tuple[Usage, int]:
    usage = Usage(
        input_tokens=-(-len(candidate.body) // _CHARACTERS_PER_TOKEN),
        output_tokens=-(-text_characters // _CHARACTERS_PER_TOKEN),
    )
    price = candidate.model.price
    return usage, price.get_cost_nanousd(usage) if price is not None else 0

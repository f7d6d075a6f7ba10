"""One governed call: the only file that knows the order of the stages.

``identify → admit → (open the record) → budget → check → dispatch → examine → finish``. A "no"
of any stage and any fault end the call as a refusal, and every call of a known key is closed
exactly once.
"""

import asyncio
import hashlib
import logging
import traceback
from collections.abc import AsyncGenerator, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field

from alos.domain.call import (
    AdmittedCall,
    Call,
    CheckedCall,
    CheckedReply,
    Denied,
    FundedCall,
    StreamReply,
)
from alos.domain.fault import (
    ClockBehind,
    CountersDown,
    Fault,
    JournalDown,
    ScannerFault,
    StandingStale,
    VaultDown,
)
from alos.domain.ids import KeyId
from alos.domain.money import Usage
from alos.domain.outcome import Answered, Listed, Refused, Streaming
from alos.domain.outcome import Outcome as DoorOutcome
from alos.domain.record import Fact, Outcome, Stage
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.running import RunningStream
from alos.domain.workflow import EscalationRule
from alos.pipeline.admit import Admit
from alos.pipeline.again import (
    Again,
    check_earlier,
    fund_nothing,
    split_stream,
    write_earlier_ending,
)
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.answer_headers import (
    write_answer_headers,
    write_fallback_headers,
    write_ids,
    write_refusal_headers,
    write_spent_headers,
)
from alos.pipeline.budget import Budget, write_opening
from alos.pipeline.check import Check
from alos.pipeline.current import Current
from alos.pipeline.drill import get_current
from alos.pipeline.escalation import Dispatched
from alos.pipeline.examine import Examine
from alos.pipeline.fallback import Fallback
from alos.pipeline.finish import Finish
from alos.pipeline.identify import Identify
from alos.pipeline.progress import Ending, Progress, to_running
from alos.pipeline.relay import Relay
from alos.pipeline.still import Still
from alos.pipeline.tally import Tally
from alos.ports.answers import EarlierAnswer
from alos.ports.clock import Clock
from alos.ports.ids import Ids
from alos.ports.journal import Journal
from alos.ports.standing import StandingSource
from alos.ports.tasks import Tasks

_logger = logging.getLogger(__name__)

MODELS = "models"
"""The door's name for a listing, which needs a key and leaves a record, but no model."""

_FAULT_CODES: dict[type[Fault], ReasonCode] = {
    JournalDown: ReasonCode.JOURNAL_DOWN,
    CountersDown: ReasonCode.COUNTERS_DOWN,
    ScannerFault: ReasonCode.SCANNER_DOWN,
    VaultDown: ReasonCode.VAULT_DOWN,
    StandingStale: ReasonCode.STANDING_STALE,
    ClockBehind: ReasonCode.CLOCK_BEHIND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The stages, built once per process."""

    current: Current
    admit: Admit
    again: Again
    budget: Budget
    check: Check
    still: Still
    dispatch: Dispatched
    fallback: Fallback
    examine: Examine
    finish: Finish
    identify: Identify = field(default_factory=Identify)


class Pipeline:
    """Runs calls; one per event loop, any number of calls at a time.

    Args:
        status_of: the door's table from reason code to HTTP status, for the record.
        uses: where the time (in seconds) of each key's last use goes.
    """

    def __init__(  # noqa: PLR0913 (each by its name)
        self,
        stages: Stages,
        *,
        standing: StandingSource,
        journal: Journal,
        anonymous: Anonymous,
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        status_of: Callable[[ReasonCode], int],
        uses: MutableMapping[KeyId, int] | None = None,
    ) -> None:
        self._stages = stages
        self._uses = {} if uses is None else uses
        self._standing = standing
        self._journal = journal
        self._anonymous = anonymous
        self._clock = clock
        self._ids = ids
        self._tasks = tasks
        self._status_of = status_of
        self._relays: dict[str, Relay] = {}
        self.tally = Tally()

    def standing_swapped(self) -> None:
        """Cut every running stream that the new Standing no longer allows, at once.

        Closing the upstream wakes a stream that waits for its provider; it then asks the gate.
        """
        for call_id, relay in tuple(self._relays.items()):
            if self._check_still(relay.progress) is not None:
                self._tasks.spawn(relay.close(), name=f"cut {call_id}")

    def list_streams(self) -> tuple[RunningStream, ...]:
        """The streams that flow now."""
        return tuple(to_running(relay.progress) for relay in self._relays.values())

    async def knows(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request brings a key that is good now, before its body is worth reading."""
        now_unix = self._clock.unix_ns() // 1_000_000_000
        known = await self._stages.identify(headers, self._standing.current, now_unix=now_unix)
        return not isinstance(known, Refusal)

    async def run(self, call: Call) -> DoorOutcome:
        """Take one call to its end, or to the first piece of its stream.

        Cancelling closes what is open upstream; the record is closed all the same.
        """
        standing = get_current(self._standing, call) or self._standing.current
        progress = Progress(call=call, standing=standing, rules=self._stages.check.rules)
        try:
            return await self._run(progress)
        except asyncio.CancelledError:
            self._finish_later(progress, Ending(outcome=Outcome.CLIENT_GONE, status=0))
            raise
        except Fault as fault:
            return await self._fail(progress, fault)
        except Exception as error:  # noqa: BLE001 - fail closed: whatever broke, the call is refused
            return await self._fail(progress, error)

    async def _run(self, progress: Progress) -> DoorOutcome:
        call, stages = progress.call, self._stages
        now_unix = call.received_unix_ns // 1_000_000_000
        key = await stages.identify(call.headers, progress.standing, now_unix=now_unix)
        if isinstance(key, Refusal):
            return await self._refuse_anonymous(progress, call.door_refusal or key)
        progress.know(key)
        self._uses[key.id] = now_unix
        if call.door_refusal is not None:
            progress.stage = Stage.DOOR
            return await self._refuse(progress, call.door_refusal)
        if call.wire_format == MODELS:
            return await self._list(progress)
        admitted = stages.admit(call, progress.standing, key)
        if isinstance(admitted, Denied):
            return await self._deny(progress, admitted)
        progress.workflow, progress.request = admitted.workflow, admitted.request
        progress.facts.update(admitted.trial)
        progress.stage = Stage.CHECK
        if (no := self._check_before_opening(admitted)) is not None:
            return await self._deny(progress, no)
        progress.admitted = admitted
        progress.facts.update(admitted.facts)
        if (unkept := stages.finish.check_keeps(admitted.workflow)) is not None:
            return await self._deny(progress, Denied(refusal=unkept))
        stopped = admitted.stopped is not None  # its answers of before are stopped too
        earlier = None if stopped else await stages.again.claim(progress, admitted)
        if isinstance(earlier, Refusal):
            return await self._deny(progress, Denied(refusal=earlier))
        if earlier is not None:
            return await self._repeat(progress, admitted, earlier)
        self._journal.open(write_opening(admitted, self._ids.salt()))
        progress.stage = Stage.BUDGET
        funded = await stages.budget(admitted)
        if isinstance(funded, Denied):
            return await self._deny(progress, funded)
        progress.reservation = funded.reservation
        return await self._run_funded(progress, funded)

    def _check_before_opening(self, admitted: AdmittedCall) -> Denied | None:
        """Whether it can be decided now at all, and whether its labels may be recorded."""
        old = self._stages.current(admitted.workflow.tier, admitted.call.received_unix_ns)
        if old is not None:
            return Denied(refusal=old)
        return self._stages.check.check_labels(admitted)

    async def _run_funded(self, progress: Progress, funded: FundedCall) -> DoorOutcome:
        stages = self._stages
        progress.stage = Stage.CHECK
        checked = stages.check(funded)
        if isinstance(checked, Denied):
            return await self._deny(progress, checked)
        progress.take(checked)
        stopped = funded.admitted.stopped or self._check_still(progress)
        if stopped is not None:
            return await self._fall_back(progress, checked, stopped)
        progress.stage = Stage.DISPATCH
        earlier = await stages.again.look_up(progress, checked, progress.rules)
        if earlier is not None and (body := await stages.again.read(earlier)) is not None:
            return await self._give_again(progress, funded, earlier, body)
        reply = await stages.dispatch(checked, progress.tries)
        if isinstance(reply, Denied):
            stopped = self._check_still(progress)
            return await self._fall_back(progress, checked, stopped or reply.refusal)
        progress.candidate = reply.candidate
        if progress.tries.set_aside is not None:
            progress.facts[Fact.ESCALATED] = EscalationRule.INVALID_OUTPUT
        elif progress.tries.replaced_other(reply.candidate.model):
            progress.facts[Fact.FALLBACK] = reply.candidate.model.name
        progress.stage = Stage.EXAMINE
        stopped = self._check_still(progress)
        if isinstance(reply, StreamReply):
            if stopped is not None:
                await reply.close()
                return await self._deny(progress, Denied(refusal=stopped))
            progress.streamed = True
            progress.first_byte_ns = reply.first_byte_ns
            examiner = stages.examine.open_stream(
                funded.admitted.request, progress.call.wire_format
            )
            relay = Relay(progress, reply, examiner, self._check_still, self._clock)
            chunks = self._stream(progress, relay)
            await anext(chunks)  # now its record is closed whatever happens to it
            headers = write_answer_headers(progress, funded)
            return Streaming(status=200, headers=headers, chunks=chunks)
        usage = reply.view.usage if reply.view is not None else None
        text = sum(map(len, reply.view.texts)) if reply.view is not None else 0
        examined = Denied(refusal=stopped) if stopped is not None else stages.examine(reply)
        if isinstance(examined, Denied):
            progress.findings = (*progress.findings, *examined.findings)
            return await self._refuse(
                progress, examined.refusal, usage=usage, text_characters=text
            )
        return await self._answer(progress, funded, examined, text)

    async def _answer(
        self, progress: Progress, funded: FundedCall, examined: CheckedReply, text: int
    ) -> DoorOutcome:
        reply = examined.reply
        progress.findings = (*progress.findings, *examined.findings)
        progress.tools = examined.tools
        is_answer = reply.view is not None
        progress.stage = Stage.FINISH
        ending = Ending(
            outcome=Outcome.ANSWERED if is_answer else Outcome.UPSTREAM_ERROR,
            status=reply.status,
            usage=reply.view.usage if reply.view is not None else None,
            text_characters=text,
            output_hash=hashlib.sha256(reply.body).hexdigest(),
            answer_bytes=len(reply.body) if is_answer else 0,
            answer=(reply.body,),
        )
        cost = await self._close(progress, ending)
        headers = write_answer_headers(progress, funded)
        headers += write_spent_headers(progress, cost, self._clock.monotonic_ns())
        return Answered(status=reply.status, headers=headers, body=reply.body)

    async def _fall_back(
        self, progress: Progress, checked: CheckedCall, refusal: Refusal
    ) -> DoorOutcome:
        """Answer in the place of the route where the workflow can; else refuse."""
        given = await self._stages.fallback(progress, checked, refusal)
        if given is None:
            return await self._deny(progress, Denied(refusal=refusal))
        progress.stage = Stage.FINISH
        progress.streamed = checked.funded.admitted.request.stream
        progress.facts[Fact.FALLBACK] = given.kind
        ending = Ending(
            outcome=Outcome.ANSWERED,
            status=given.status,
            reason=refusal.code,
            detail=refusal.detail,
            output_hash=hashlib.sha256(given.body).hexdigest(),
            answer_bytes=len(given.body),
            answer=(given.body,),
        )
        cost = await self._close(progress, ending)
        headers = write_fallback_headers(progress, checked.funded, refusal)
        headers += write_spent_headers(progress, cost, self._clock.monotonic_ns())
        return Answered(status=given.status, headers=headers, body=given.body)

    # --- earlier answers ------------------------------------------------------------------

    async def _repeat(
        self, progress: Progress, admitted: AdmittedCall, earlier: EarlierAnswer
    ) -> DoorOutcome:
        """The same Idempotency-Key: the same bytes, if what applies now lets them through.

        It counts under no rate and no budget, since nothing is called.
        """
        progress.facts[Fact.REPLAYED_FROM] = earlier.call_id
        funded = fund_nothing(admitted)
        checked = self._stages.check(funded)
        if isinstance(checked, Denied):
            return await self._deny(progress, checked)
        progress.findings, progress.unscanned = checked.findings, checked.unscanned
        progress.stage = Stage.DISPATCH
        refusal = check_earlier(progress.standing, earlier, now_unix=self._now_unix())
        body = await self._stages.again.read(earlier) if refusal is None else None
        if body is None:
            gone = Refusal(code=ReasonCode.IDEMPOTENCY_NOT_KEPT)
            return await self._deny(progress, Denied(refusal=refusal or gone))
        return await self._give_again(progress, funded, earlier, body)

    async def _give_again(
        self, progress: Progress, funded: FundedCall, earlier: EarlierAnswer, body: bytes
    ) -> DoorOutcome:
        if Fact.REPLAYED_FROM not in progress.facts:
            progress.facts[Fact.CACHED_FROM] = earlier.call_id
        progress.earlier = progress.standing.models.get(earlier.model)
        if (stopped := self._check_still(progress)) is not None:
            return await self._deny(progress, Denied(refusal=stopped))
        progress.stage = Stage.FINISH
        progress.streamed = earlier.streamed
        if earlier.streamed:
            chunks = self._stream_again(progress, earlier, body)
            await anext(chunks)  # now its record is closed whatever happens to it
            headers = write_answer_headers(progress, funded)
            return Streaming(status=200, headers=headers, chunks=chunks)
        cost = await self._close(progress, write_earlier_ending(earlier, body))
        headers = write_answer_headers(progress, funded)
        headers += write_spent_headers(progress, cost, self._clock.monotonic_ns())
        return Answered(status=200, headers=headers, body=body)

    async def _stream_again(
        self, progress: Progress, earlier: EarlierAnswer, body: bytes
    ) -> AsyncGenerator[bytes, None]:
        """Events as they were; the end mark waits for the durable record, as in any stream."""
        pieces, end = split_stream(body)
        ending = write_earlier_ending(earlier, body)
        refusal: Refusal | None = None
        try:
            yield b""
            for piece in pieces:
                if (refusal := self._check_still(progress)) is not None:
                    break
                yield piece
        except (asyncio.CancelledError, GeneratorExit):
            self._finish_later(progress, ending._replace(outcome=Outcome.CLIENT_GONE))
            raise
        if refusal is not None:
            ending = ending._replace(
                outcome=Outcome.CUT, reason=refusal.code, detail=refusal.detail
            )
        work = self._close(progress, ending)
        try:
            await asyncio.shield(self._tasks.complete(work, name=f"finish {progress.call.id}"))
        except Fault as fault:
            refusal = self._explain(progress, fault)
        yield self._stages.again.write_last(progress, end, refusal)

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000

    # --- streams --------------------------------------------------------------------------

    async def _stream(self, progress: Progress, relay: Relay) -> AsyncGenerator[bytes, None]:
        """Let a stream through; its end mark waits for the durable record.

        The first piece is empty: whoever takes it has started the generator, so that closing
        it closes the record too.
        """
        call_id = progress.call.id
        refusal: Refusal | None = None
        try:
            self._relays[call_id] = relay
            yield b""
            while (piece := await relay.next()) is not None:
                if piece:
                    yield piece
            refusal = relay.refusal
        except (asyncio.CancelledError, GeneratorExit):
            self._relays.pop(call_id, None)
            self._finish_later(progress, relay.end(Outcome.CLIENT_GONE))
            self._tasks.spawn(relay.close(), name="close upstream")
            raise
        except Exception as error:  # noqa: BLE001 - fail closed: whatever broke, the stream is cut
            refusal = self._explain(progress, error)
        yield await self._close_stream(progress, relay, refusal)

    async def _close_stream(
        self, progress: Progress, relay: Relay, refusal: Refusal | None
    ) -> bytes:
        """Close upstream and the record; return the stream's last bytes."""
        call_id = progress.call.id
        self._relays.pop(call_id, None)
        self._tasks.spawn(relay.close(), name="close upstream")
        outcome = Outcome.ANSWERED if refusal is None else Outcome.CUT
        if refusal is None:
            progress.stage = Stage.FINISH
        work = self._close(progress, relay.end(outcome, refusal))
        try:
            cost = await asyncio.shield(self._tasks.complete(work, name=f"finish {call_id}"))
        except Fault as fault:
            return relay.write_cut(self._explain(progress, fault))
        return relay.write_end(cost) if refusal is None else relay.write_cut(refusal)

    # --- endings --------------------------------------------------------------------------

    async def _close(self, progress: Progress, ending: Ending) -> int:
        """Close the record; then remember the answer, or free its Idempotency-Key."""
        try:
            cost = await self._stages.finish(progress, ending, progress.rules)
        except BaseException:
            await self._stages.again.let_go(progress)
            raise
        self.tally.note(progress, ending)
        await self._stages.again.settle(progress, ending)
        return cost

    def _check_still(self, progress: Progress) -> Refusal | None:
        """Ask the gate again where the Standing has changed since the call was admitted."""
        admitted = progress.admitted
        current = get_current(self._standing, progress.call)
        if admitted is None or current is admitted.standing:
            return None  # asked at every chunk of every stream
        candidate = progress.candidate
        still = self._stages.still
        refusal = still(admitted, candidate.model if candidate is not None else None)
        return refusal or still.check_tools(progress.called)

    async def _list(self, progress: Progress) -> DoorOutcome:
        key = progress.key
        workflows = progress.standing.workflows
        mine = [workflows[slug] for slug in key.workflows if slug in workflows] if key else []
        mine.sort(key=lambda one: (key is not None and one.id != key.default_workflow, one.id))
        models = dict.fromkeys(name for one in mine for name in one.route)
        ending = Ending(outcome=Outcome.ANSWERED, status=200)
        await self._close(progress, ending)
        return Listed(
            call_id=progress.call.id,
            headers=write_ids(progress),
            workflows=tuple((one.id, one.title) for one in mine),
            models=tuple(models),
        )

    async def _refuse_anonymous(self, progress: Progress, refusal: Refusal) -> DoorOutcome:
        call = progress.call
        if self._anonymous.is_recorded(call.client_address, now_unix_ns=call.received_unix_ns):
            return await self._refuse(progress, refusal)
        return Refused(
            refusal=refusal, call_id=call.id, headers=write_refusal_headers(progress, refusal)
        )

    async def _deny(self, progress: Progress, denied: Denied) -> DoorOutcome:
        progress.deny(denied)
        return await self._refuse(progress, denied.refusal)

    async def _refuse(
        self,
        progress: Progress,
        refusal: Refusal,
        *,
        usage: Usage | None = None,
        text_characters: int = 0,
    ) -> DoorOutcome:
        """Record a "no" (with what it cost, when an answer is withheld) for the door."""
        ending = Ending(
            outcome=Outcome.REFUSED,
            status=self._status_of(refusal.code),
            reason=refusal.code,
            detail=refusal.detail,
            usage=usage,
            text_characters=text_characters,
        )
        await self._close(progress, ending)
        return Refused(
            refusal=refusal,
            call_id=progress.call.id,
            headers=write_refusal_headers(progress, refusal),
        )

    async def _fail(self, progress: Progress, error: Exception) -> DoorOutcome:
        """Refuse because a part of ours broke; record that too, if the journal still can.

        A journal that took no opening may still take a refusal: it keeps a reserve for those.
        """
        refusal = self._explain(progress, error)
        if not progress.is_closed:
            try:
                return await self._refuse(progress, refusal)
            except Fault as second:
                if refusal.code is not ReasonCode.JOURNAL_DOWN:
                    refusal = self._explain(progress, second)
        return Refused(
            refusal=refusal,
            call_id=progress.call.id,
            headers=write_refusal_headers(progress, refusal),
        )

    def _explain(self, progress: Progress, error: Exception) -> Refusal:
        """Log where it broke, without the error's own words: they may quote the caller."""
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
        cause = str(error) if isinstance(error, Fault) else type(error).__name__
        _logger.error(
            "call %s failed at %s: %s (%s)", progress.call.id, progress.stage, cause, where
        )
        code = _FAULT_CODES.get(type(error)) if isinstance(error, Fault) else None
        return Refusal(code=code or ReasonCode.FAULT)

    def _finish_later(self, progress: Progress, ending: Ending) -> None:
        """Close the record of a caller who is gone, in a task that nobody can cancel."""
        if not progress.is_closed and progress.key is not None:
            progress.is_closed = True
            work = self._close(progress, ending)
            self._tasks.complete(work, name=f"finish {progress.call.id}")

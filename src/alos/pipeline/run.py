"""One governed call: the only file that knows the order of the stages.

``identify → admit → (open the record) → budget → check → dispatch → examine → finish``. A "no"
of any stage and any fault end the call as a refusal, and every call of a known key is closed
exactly once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, MutableMapping
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
    Fault,
)
from alos.domain.ids import KeyId
from alos.domain.outcome import Answered, Listed, Streaming
from alos.domain.outcome import Outcome as DoorOutcome
from alos.domain.record import Fact, Outcome, Stage
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.running import RunningStream
from alos.domain.workflow import EscalationRule
from alos.pipeline.admit import Admit
from alos.pipeline.again import (
    Again,
)
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.answer_headers import (
    write_answer_headers,
    write_fallback_headers,
    write_ids,
    write_spent_headers,
)
from alos.pipeline.budget import Budget, write_opening
from alos.pipeline.check import Check
from alos.pipeline.current import Current
from alos.pipeline.drill import get_current
from alos.pipeline.earlier import Earlier
from alos.pipeline.endings import Endings
from alos.pipeline.escalation import Dispatched
from alos.pipeline.examine import Examine
from alos.pipeline.fallback import Fallback
from alos.pipeline.finish import Finish
from alos.pipeline.identify import Identify
from alos.pipeline.progress import Ending, Progress
from alos.pipeline.relay import Relay
from alos.pipeline.still import Still
from alos.pipeline.streams import Streams
from alos.ports.clock import Clock
from alos.ports.ids import Ids
from alos.ports.journal import Journal
from alos.ports.standing import StandingSource
from alos.ports.tasks import Tasks

MODELS = "models"
"""The door's name for a listing, which needs a key and leaves a record, but no model."""


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
        self._clock = clock
        self._ids = ids
        self._endings = Endings(
            stages.finish, stages.again, anonymous=anonymous, tasks=tasks, status_of=status_of
        )
        self._streams = Streams(self._endings, self._check_still, tasks)
        self._earlier = Earlier(
            stages.again, stages.check, self._endings, check_still=self._check_still, clock=clock
        )
        self.tally = self._endings.tally

    def standing_swapped(self) -> None:
        """Cut every running stream that the new Standing no longer allows, at once."""
        self._streams.cut_forbidden()

    def list_streams(self) -> tuple[RunningStream, ...]:
        """The streams that flow now."""
        return self._streams.list()

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
            self._endings.finish_later(progress, Ending(outcome=Outcome.CLIENT_GONE, status=0))
            raise
        except Fault as fault:
            return await self._endings.fail(progress, fault)
        except Exception as error:  # noqa: BLE001 - fail closed: whatever broke, the call is refused
            return await self._endings.fail(progress, error)

    async def _run(self, progress: Progress) -> DoorOutcome:
        call, stages = progress.call, self._stages
        now_unix = call.received_unix_ns // 1_000_000_000
        key = await stages.identify(call.headers, progress.standing, now_unix=now_unix)
        if isinstance(key, Refusal):
            return await self._endings.refuse_anonymous(progress, call.door_refusal or key)
        progress.know(key)
        self._uses[key.id] = now_unix
        if call.door_refusal is not None:
            progress.stage = Stage.DOOR
            return await self._endings.refuse(progress, call.door_refusal)
        if call.wire_format == MODELS:
            return await self._list(progress)
        admitted = stages.admit(call, progress.standing, key)
        if isinstance(admitted, Denied):
            return await self._endings.deny(progress, admitted)
        progress.workflow, progress.request = admitted.workflow, admitted.request
        progress.facts.update(admitted.trial)
        progress.stage = Stage.CHECK
        if (no := self._check_before_opening(admitted)) is not None:
            return await self._endings.deny(progress, no)
        progress.admitted = admitted
        progress.facts.update(admitted.facts)
        if (unkept := stages.finish.check_keeps(admitted.workflow)) is not None:
            return await self._endings.deny(progress, Denied(refusal=unkept))
        stopped = admitted.stopped is not None  # its answers of before are stopped too
        earlier = None if stopped else await stages.again.claim(progress, admitted)
        if isinstance(earlier, Refusal):
            return await self._endings.deny(progress, Denied(refusal=earlier))
        if earlier is not None:
            return await self._earlier.repeat(progress, admitted, earlier)
        self._journal.open(write_opening(admitted, self._ids.salt()))
        progress.stage = Stage.BUDGET
        funded = await stages.budget(admitted)
        if isinstance(funded, Denied):
            return await self._endings.deny(progress, funded)
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
            return await self._endings.deny(progress, checked)
        progress.take(checked)
        stopped = funded.admitted.stopped or self._check_still(progress)
        if stopped is not None:
            return await self._fall_back(progress, checked, stopped)
        progress.stage = Stage.DISPATCH
        earlier = await stages.again.look_up(progress, checked, progress.rules)
        if earlier is not None and (body := await stages.again.read(earlier)) is not None:
            return await self._earlier.give(progress, funded, earlier, body)
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
                return await self._endings.deny(progress, Denied(refusal=stopped))
            progress.streamed = True
            progress.first_byte_ns = reply.first_byte_ns
            examiner = stages.examine.open_stream(
                funded.admitted.request, progress.call.wire_format
            )
            relay = Relay(progress, reply, examiner, self._check_still, self._clock)
            chunks = self._streams.run(progress, relay)
            await anext(chunks)  # now its record is closed whatever happens to it
            headers = write_answer_headers(progress, funded)
            return Streaming(status=200, headers=headers, chunks=chunks)
        usage = reply.view.usage if reply.view is not None else None
        text = sum(map(len, reply.view.texts)) if reply.view is not None else 0
        examined = Denied(refusal=stopped) if stopped is not None else stages.examine(reply)
        if isinstance(examined, Denied):
            progress.findings = (*progress.findings, *examined.findings)
            return await self._endings.refuse(
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
        cost = await self._endings.close(progress, ending)
        headers = write_answer_headers(progress, funded)
        headers += write_spent_headers(progress, cost, self._clock.monotonic_ns())
        return Answered(status=reply.status, headers=headers, body=reply.body)

    async def _fall_back(
        self, progress: Progress, checked: CheckedCall, refusal: Refusal
    ) -> DoorOutcome:
        """Answer in the place of the route where the workflow can; else refuse."""
        given = await self._stages.fallback(progress, checked, refusal)
        if given is None:
            return await self._endings.deny(progress, Denied(refusal=refusal))
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
        cost = await self._endings.close(progress, ending)
        headers = write_fallback_headers(progress, checked.funded, refusal)
        headers += write_spent_headers(progress, cost, self._clock.monotonic_ns())
        return Answered(status=given.status, headers=headers, body=given.body)

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
        await self._endings.close(progress, ending)
        return Listed(
            call_id=progress.call.id,
            headers=write_ids(progress),
            workflows=tuple((one.id, one.title) for one in mine),
            models=tuple(models),
        )

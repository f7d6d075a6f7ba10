"""Gives an earlier answer again: to the same Idempotency-Key, or from the exact cache."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from alos.domain.call import AdmittedCall, Denied, FundedCall
from alos.domain.fault import Fault
from alos.domain.outcome import Answered, Streaming
from alos.domain.outcome import Outcome as DoorOutcome
from alos.domain.record import Fact, Outcome, Stage
from alos.domain.refusal import ReasonCode, Refusal
from alos.pipeline.again import (
    Again,
    check_earlier,
    fund_nothing,
    split_stream,
    write_earlier_ending,
)
from alos.pipeline.answer_headers import write_answer_headers, write_spent_headers
from alos.pipeline.check import Check
from alos.pipeline.endings import Endings
from alos.pipeline.progress import Progress
from alos.ports.answers import EarlierAnswer
from alos.ports.clock import Clock


class Earlier:
    """Answers in the place of the route, where the very answer is still kept.

    Args:
        check_still: asks the gate again where the Standing has changed.
    """

    def __init__(
        self,
        again: Again,
        check: Check,
        endings: Endings,
        *,
        check_still: Callable[[Progress], Refusal | None],
        clock: Clock,
    ) -> None:
        self._again = again
        self._check = check
        self._endings = endings
        self._check_still = check_still
        self._clock = clock

    async def repeat(
        self, progress: Progress, admitted: AdmittedCall, earlier: EarlierAnswer
    ) -> DoorOutcome:
        """The same Idempotency-Key: the same bytes, if what applies now lets them through.

        It counts under no rate and no budget, since nothing is called.
        """
        progress.facts[Fact.REPLAYED_FROM] = earlier.call_id
        funded = fund_nothing(admitted)
        checked = self._check(funded)
        if isinstance(checked, Denied):
            return await self._endings.deny(progress, checked)
        progress.findings, progress.unscanned = checked.findings, checked.unscanned
        progress.stage = Stage.DISPATCH
        now_unix = self._clock.unix_ns() // 1_000_000_000
        refusal = check_earlier(progress.standing, earlier, now_unix=now_unix)
        body = await self._again.read(earlier) if refusal is None else None
        if body is None:
            gone = Refusal(code=ReasonCode.IDEMPOTENCY_NOT_KEPT)
            return await self._endings.deny(progress, Denied(refusal=refusal or gone))
        return await self.give(progress, funded, earlier, body)

    async def give(
        self, progress: Progress, funded: FundedCall, earlier: EarlierAnswer, body: bytes
    ) -> DoorOutcome:
        """The kept bytes, as an answer or a stream of its own call."""
        if Fact.REPLAYED_FROM not in progress.facts:
            progress.facts[Fact.CACHED_FROM] = earlier.call_id
        progress.earlier = progress.standing.models.get(earlier.model)
        if (stopped := self._check_still(progress)) is not None:
            return await self._endings.deny(progress, Denied(refusal=stopped))
        progress.stage = Stage.FINISH
        progress.streamed = earlier.streamed
        if earlier.streamed:
            chunks = self._stream(progress, earlier, body)
            await anext(chunks)  # now its record is closed whatever happens to it
            headers = write_answer_headers(progress, funded)
            return Streaming(status=200, headers=headers, chunks=chunks)
        cost = await self._endings.close(progress, write_earlier_ending(earlier, body))
        headers = write_answer_headers(progress, funded)
        headers += write_spent_headers(progress, cost, self._clock.monotonic_ns())
        return Answered(status=200, headers=headers, body=body)

    async def _stream(
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
            self._endings.finish_later(progress, ending._replace(outcome=Outcome.CLIENT_GONE))
            raise
        if refusal is not None:
            ending = ending._replace(
                outcome=Outcome.CUT, reason=refusal.code, detail=refusal.detail
            )
        try:
            await self._endings.close_for_good(progress, ending)
        except Fault as fault:
            refusal = self._endings.explain(progress, fault)
        yield self._again.write_last(progress, end, refusal)

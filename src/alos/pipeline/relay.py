"""One running stream: what came is examined, hashed and let go, piece by piece."""

import hashlib
from collections.abc import Callable

from alos.domain.call import StreamReply
from alos.domain.money import to_usd_text
from alos.domain.record import Outcome
from alos.domain.refusal import ReasonCode, Refusal
from alos.pipeline.examine import StreamExaminer
from alos.pipeline.keep import LARGEST_ANSWER_BYTES
from alos.pipeline.progress import Ending, Progress
from alos.ports.clock import Clock
from alos.ports.provider import Broken, ProviderBroke


class Relay:
    """Holds one stream's examiner, its hash and its upstream; belongs to one task.

    Args:
        check_still: asks the gate again where the Standing has changed; called at each chunk.

    Attributes:
        refusal: set once the stream has to be cut.
    """

    def __init__(
        self,
        progress: Progress,
        reply: StreamReply,
        examiner: StreamExaminer,
        check_still: Callable[[Progress], Refusal | None],
        clock: Clock,
    ) -> None:
        self.progress = progress
        self.refusal: Refusal | None = None
        self._reply = reply
        self._examiner = examiner
        progress.called = examiner.called
        self._check_still = check_still
        self._clock = clock
        self._sent = hashlib.sha256()
        self._sent_bytes = 0
        self._pieces: list[bytes] = []

    async def next(self) -> bytes | None:
        """What may go to the caller now (possibly nothing yet); ``None`` when it is over.

        Raises:
            ScannerFault: a detector failed.
        """
        examiner = self._examiner
        if examiner.end is not None:
            return None
        waiting_ns = self._clock.monotonic_ns()
        try:
            data = await anext(self._reply.chunks, None)
        except ProviderBroke as error:
            self.refusal = self._check_still(self.progress) or _explain(error)
            return None
        self.progress.tries.waited_ns += self._clock.monotonic_ns() - waiting_ns
        self.refusal = self._check_still(self.progress)
        if self.refusal is not None:
            return None
        if data is None:
            self.refusal = Refusal(
                code=ReasonCode.UPSTREAM_FAILED, detail="ended without its end mark"
            )
            return None
        try:
            released = examiner.take(data)
        except ValueError:
            self.refusal = Refusal(
                code=ReasonCode.UPSTREAM_FAILED, detail="no stream of this format"
            )
            return None
        self.refusal = examiner.refusal
        if self.refusal is not None:
            return None
        self._sent.update(released)
        self._keep(released)
        return released

    def _keep(self, sent: bytes) -> None:
        self._sent_bytes += len(sent)
        self._pieces.append(sent)
        if self._sent_bytes > LARGEST_ANSWER_BYTES:
            self._pieces.clear()

    async def close(self) -> None:
        """Abort what still runs upstream; a stream that waits for it wakes up."""
        await self._reply.close()

    def end(self, outcome: Outcome, refusal: Refusal | None = None) -> Ending:
        """The ending for the record; a whole stream's end mark counts as sent."""
        examiner, progress = self._examiner, self.progress
        progress.findings = (*progress.findings, *examiner.findings)
        progress.tools = examiner.tools
        if outcome is Outcome.ANSWERED and examiner.end is not None:
            self._sent.update(examiner.end.raw)
            self._keep(examiner.end.raw)
            if examiner.failed:
                outcome = Outcome.UPSTREAM_ERROR
        return Ending(
            outcome=outcome,
            status=200,
            reason=refusal.code if refusal else None,
            detail=refusal.detail if refusal else "",
            usage=examiner.usage,
            text_characters=examiner.text_characters,
            output_hash=self._sent.hexdigest(),
            answer_bytes=self._sent_bytes,
            answer=self._pieces if self._sent_bytes <= LARGEST_ANSWER_BYTES else None,
        )

    def write_end(self, cost_nanousd: int) -> bytes:
        """The end mark, and before it what is known only now."""
        call_id = self.progress.call.id
        facts = f'"call":"{call_id}","cost_usd":"{to_usd_text(cost_nanousd)}"'
        if self.progress.receipt is not None:
            facts += f',"receipt":"{self.progress.receipt}"'
        end = self._examiner.end
        return self._examiner.reader.write_comment(f"alos {{{facts}}}") + (
            end.raw if end is not None else b""
        )

    def write_cut(self, refusal: Refusal) -> bytes:
        """A proper last event that says why."""
        return self._examiner.reader.write_cut(refusal, self.progress.call.id)


def _explain(error: ProviderBroke) -> Refusal:
    is_timeout = error.failure.why is Broken.TIMEOUT
    return Refusal(
        code=ReasonCode.UPSTREAM_TIMEOUT if is_timeout else ReasonCode.UPSTREAM_FAILED,
        detail="in the middle of the stream",
    )

"""Dispatch: the candidates left in the checked call, in order, until one answers.

The only stage that reaches a provider, and what it sends is what ``check`` wrote. A candidate
that fails (no connection, no answer in time, 5xx, busy, nonsense) makes way for the next one;
a provider's own "your request is wrong" is passed on as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from alos.domain.call import CheckedCall, CheckedCandidate, Denied, Reply, StreamReply, WholeReply
from alos.domain.record import AttemptNote
from alos.domain.refusal import ReasonCode, Refusal
from alos.ports.clock import Clock
from alos.ports.provider import Broken, Provider, ProviderAnswer, ProviderBroke, ProviderFailure
from alos.ports.wire import WireFormat

_OURS_TO_MEND = frozenset({401, 403, 404, 405, 407})
"""A provider's 4xx that speaks of our credential or configuration, not of the request."""
_BUSY = frozenset({408, 425, 429})
_DEFAULT_RETRY_SECONDS = 5
_MAX_RETRY_SECONDS = 300
_PIECE_BYTES = 8_192


@dataclass(slots=True)
class _Tries:
    """What was tried so far of one call."""

    attempts: list[AttemptNote]
    waited_ns: int = 0
    retry_after_seconds: int = 0
    sent: CheckedCandidate | None = None

    def add(self, candidate: CheckedCandidate, result: str, waited_ns: int) -> None:
        model = candidate.model
        if result != Broken.CONNECT:
            self.sent = candidate
        self.waited_ns += waited_ns
        self.attempts.append(AttemptNote(model.name, model.vendor, result, waited_ns // 1_000_000))


class Dispatch:
    """The fourth stage."""

    def __init__(
        self, provider: Provider, formats: Mapping[str, WireFormat], clock: Clock
    ) -> None:
        self._provider = provider
        self._formats = formats
        self._clock = clock

    async def __call__(self, checked: CheckedCall) -> Reply | Denied:
        """Try each candidate once; cancellation closes what is open upstream."""
        skipped = checked.funded.admitted.skipped
        tries = _Tries(
            [AttemptNote(model.name, model.vendor, f"skipped_{why}", 0) for model, why in skipped]
        )
        for candidate in checked.candidates:
            reply = await self._try(checked, candidate, tries)
            if reply is not None:
                return reply
        return Denied(refusal=_explain(tries), attempts=tuple(tries.attempts), sent=tries.sent)

    async def _try(
        self, checked: CheckedCall, candidate: CheckedCandidate, tries: _Tries
    ) -> Reply | None:
        started = self._clock.monotonic_ns()
        answer = await self._provider.send(checked, candidate)
        if isinstance(answer, ProviderFailure):
            tries.add(candidate, answer.why, self._clock.monotonic_ns() - started)
            return None
        handed_on = False
        try:
            if checked.funded.admitted.request.stream and answer.status == 200:  # noqa: PLR2004
                reply: Reply | None = await self._open(checked, candidate, answer, tries, started)
                handed_on = reply is not None
            else:
                reply = await self._read(checked, candidate, answer, tries, started)
            return reply
        finally:
            if not handed_on:
                await answer.close()

    async def _read(
        self,
        checked: CheckedCall,
        candidate: CheckedCandidate,
        answer: ProviderAnswer,
        tries: _Tries,
        started: int,
    ) -> WholeReply | None:
        status = answer.status
        body = await answer.read()
        waited = self._clock.monotonic_ns() - started
        if isinstance(body, ProviderFailure):
            tries.add(candidate, body.why, waited)
            return None
        view = None
        if status == 200:  # noqa: PLR2004 - the one success these APIs know
            wire = self._formats[checked.funded.admitted.call.wire_format]
            try:
                view = wire.read_answer(body)
            except ValueError:
                tries.add(candidate, "garbage", waited)
                return None
        elif status in _BUSY:
            tries.retry_after_seconds = max(tries.retry_after_seconds, _get_retry(answer))
        tries.add(candidate, "answered" if view is not None else f"http_{status}", waited)
        if view is None and not _is_callers_to_mend(status):
            return None
        return WholeReply(
            checked=checked,
            candidate=candidate,
            status=status,
            body=body,
            view=view,
            attempts=tuple(tries.attempts),
            waited_ns=tries.waited_ns,
        )

    async def _open(
        self,
        checked: CheckedCall,
        candidate: CheckedCandidate,
        answer: ProviderAnswer,
        tries: _Tries,
        started: int,
    ) -> StreamReply | None:
        """Wait for the first piece, so that a stream that never starts can still fall back."""
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            tries.add(candidate, "no_stream", self._clock.monotonic_ns() - started)
            return None
        chunks = answer.chunks()
        try:
            first = await anext(chunks, None)
        except ProviderBroke as error:
            tries.add(candidate, error.failure.why, self._clock.monotonic_ns() - started)
            return None
        waited = self._clock.monotonic_ns() - started
        if first is None:
            tries.add(candidate, "empty", waited)
            return None
        tries.add(candidate, "answered", waited)
        return StreamReply(
            checked=checked,
            candidate=candidate,
            chunks=_chain(first, chunks),
            close=answer.close,
            attempts=tuple(tries.attempts),
            waited_ns=tries.waited_ns,
            first_byte_ns=waited,
        )


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Join them, in pieces small enough that a stream that gushes lets the others have a turn."""
    chunk: bytes | None = first
    while chunk is not None:
        if len(chunk) <= _PIECE_BYTES:
            yield chunk
        else:
            for start in range(0, len(chunk), _PIECE_BYTES):
                yield chunk[start : start + _PIECE_BYTES]
                await asyncio.sleep(0)
        chunk = await anext(rest, None)


def _is_callers_to_mend(status: int) -> bool:
    return 400 <= status < 500 and status not in _OURS_TO_MEND and status not in _BUSY  # noqa: PLR2004


def _get_retry(answer: ProviderAnswer) -> int:
    """Whole seconds of Retry-After, bounded; a date or nonsense gives the default."""
    value = answer.headers.get("retry-after", "")
    if not value.isascii() or not value.isdigit() or len(value) > 6:  # noqa: PLR2004
        return _DEFAULT_RETRY_SECONDS
    return min(max(int(value), 1), _MAX_RETRY_SECONDS)


def _explain(tries: _Tries) -> Refusal:
    """One reason for the whole route: busy, too slow, or failed."""
    results = [note.result for note in tries.attempts if not note.result.startswith("skipped")]
    if tries.retry_after_seconds and all(result.startswith("http_4") for result in results):
        return Refusal(
            code=ReasonCode.UPSTREAM_BUSY, retry_after_seconds=tries.retry_after_seconds
        )
    timed_out = bool(results) and all(result == Broken.TIMEOUT for result in results)
    code = ReasonCode.UPSTREAM_TIMEOUT if timed_out else ReasonCode.UPSTREAM_FAILED
    return Refusal(code=code, detail=f"{len(results)} tried: {', '.join(results)}")

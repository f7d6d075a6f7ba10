"""One try at one candidate: send, read what comes, and say how it went."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple

from alos.domain.call import CheckedCall, CheckedCandidate, Reply, StreamReply, WholeReply
from alos.pipeline.hints import (
    OK,
    get_hint_seconds,
    is_busy,
    is_callers_to_mend,
    may_be_billed,
    may_try_again,
)
from alos.ports.clock import Clock
from alos.ports.provider import Broken, Provider, ProviderAnswer, ProviderBroke, ProviderFailure
from alos.ports.wire import WireFormat

_PIECE_BYTES = 8_192
_NOT_SENT = frozenset({Broken.CONNECT, Broken.FULL})

OnBroken = Callable[[str], None]
"""Told when a stream that had begun breaks off: (result)."""


class Tried(NamedTuple):
    """How a try ended.

    Attributes:
        result: the word for the record.
        reply: the call's answer, where it is one.
        may_retry: the same request to the same model can end better.
        hint_seconds: the provider's word for how long to wait; ``None`` without one.
    """

    result: str
    waited_ns: int
    reply: Reply | None = None
    was_sent: bool = True
    may_be_billed: bool = False
    may_retry: bool = False
    is_busy: bool = False
    hint_seconds: float | None = None


class Attempts:
    """Makes tries; holds no state of a call."""

    def __init__(
        self, provider: Provider, formats: Mapping[str, WireFormat], clock: Clock
    ) -> None:
        self._provider = provider
        self._formats = formats
        self._clock = clock

    async def __call__(
        self,
        checked: CheckedCall,
        candidate: CheckedCandidate,
        *,
        within_seconds: float,
        on_broken: OnBroken,
    ) -> Tried:
        """Try once; cancellation closes what is open upstream."""
        started = self._clock.monotonic_ns()
        if candidate.model.is_down:
            return self._to_failed(Broken.CONNECT, started)
        answer = await self._provider.send(checked, candidate, within_seconds=within_seconds)
        if isinstance(answer, ProviderFailure):
            return self._to_failed(answer.why, started)
        handed_on = False
        try:
            if checked.funded.admitted.request.stream and answer.status == OK:
                tried = await self._open(checked, candidate, answer, started, on_broken)
                handed_on = tried.reply is not None
                return tried
            return await self._read(checked, candidate, answer, started)
        finally:
            if not handed_on:
                await answer.close()

    def _to_failed(self, why: str, started: int) -> Tried:
        was_sent = why not in _NOT_SENT
        waited_ns = self._clock.monotonic_ns() - started
        return Tried(why, waited_ns, was_sent=was_sent, may_be_billed=was_sent, may_retry=True)

    async def _read(
        self,
        checked: CheckedCall,
        candidate: CheckedCandidate,
        answer: ProviderAnswer,
        started: int,
    ) -> Tried:
        status, headers = answer.status, answer.headers
        body = await answer.read()
        if isinstance(body, ProviderFailure):
            return self._to_failed(body.why, started)
        waited_ns = self._clock.monotonic_ns() - started
        view = None
        if status == OK:
            wire = self._formats[checked.funded.admitted.call.wire_format]
            try:
                view = wire.read_answer(body)
            except ValueError:
                return Tried("garbage", waited_ns, may_be_billed=True, may_retry=True)
        elif not is_callers_to_mend(status, headers):
            now_unix = self._clock.unix_ns() / 1e9
            return Tried(
                f"http_{status}",
                waited_ns,
                may_be_billed=may_be_billed(status),
                may_retry=may_try_again(status, headers),
                is_busy=is_busy(status),
                hint_seconds=get_hint_seconds(headers, now_unix=now_unix),
            )
        reply = WholeReply(
            checked=checked, candidate=candidate, status=status, body=body, view=view
        )
        return Tried("answered" if view is not None else f"http_{status}", waited_ns, reply)

    async def _open(
        self,
        checked: CheckedCall,
        candidate: CheckedCandidate,
        answer: ProviderAnswer,
        started: int,
        on_broken: OnBroken,
    ) -> Tried:
        """Wait for the first piece, so that a stream that never starts can still fall back."""
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            waited_ns = self._clock.monotonic_ns() - started
            return Tried("no_stream", waited_ns, may_be_billed=True, may_retry=True)
        chunks = answer.chunks()
        try:
            first = await anext(chunks, None)
        except ProviderBroke as error:
            return self._to_failed(error.failure.why, started)
        waited_ns = self._clock.monotonic_ns() - started
        if first is None:
            return Tried("empty", waited_ns, may_be_billed=True, may_retry=True)
        reply = StreamReply(
            checked=checked,
            candidate=candidate,
            chunks=_chain(first, chunks, on_broken),
            close=answer.close,
            first_byte_ns=waited_ns,
        )
        return Tried("answered", waited_ns, reply)


async def _chain(
    first: bytes, rest: AsyncIterator[bytes], on_broken: OnBroken
) -> AsyncIterator[bytes]:
    """Join them, in pieces small enough that a stream that gushes lets the others have a turn."""
    chunk: bytes | None = first
    while chunk is not None:
        if len(chunk) <= _PIECE_BYTES:
            yield chunk
        else:
            for start in range(0, len(chunk), _PIECE_BYTES):
                yield chunk[start : start + _PIECE_BYTES]
                await asyncio.sleep(0)
        try:
            chunk = await anext(rest, None)
        except ProviderBroke as error:
            if error.failure.why is not Broken.CLOSED:
                on_broken(error.failure.why)
            raise

"""Dispatch: the candidates left in the checked call, in order, until one answers.

The only stage that reaches a provider, and what it sends is what ``check`` wrote. A candidate
that fails (no connection, no answer in time, 5xx, busy, nonsense) makes way for the next one;
a provider's own "your request is wrong" is passed on as it is. When all of them have failed,
those that may be asked again are, after the pause that they ask for, within the call's deadline
and for as long as the gate still says yes. A try that may be billed beside an earlier one that
may be billed too is made only where as much more could be set aside.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from zlib import crc32

from alos.domain.call import AdmittedCall, CheckedCall, CheckedCandidate, Denied, Reply
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import StandingModel
from alos.pipeline.attempt import Attempts, Tried
from alos.pipeline.breaker import Breakers
from alos.pipeline.tries import BREAKER_OPEN, SKIPPED, Tries
from alos.ports.clock import Clock
from alos.ports.provider import Broken

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 20.0
"""Told to wait longer, the gateway passes that on instead of holding the caller."""
_LEAST_SECONDS = 0.05
_DEFAULT_RETRY_SECONDS = 5

RaiseReservation = Callable[[AdmittedCall, Tries], Awaitable[bool]]
"""Sets the call's ceiling aside once more; false where it does not fit under every cap."""
StillAllowed = Callable[[AdmittedCall, StandingModel | None], Refusal | None]
Sleep = Callable[[float], Awaitable[None]]


class _Again(NamedTuple):
    """A candidate that may be asked again once a moment has come."""

    candidate: CheckedCandidate
    due_ns: int


class _Ended(NamedTuple):
    """No further try is made."""

    refusal: Refusal | None = None


class Dispatch:
    """The fourth stage."""

    def __init__(
        self,
        attempts: Attempts,
        breakers: Breakers,
        *,
        still: StillAllowed,
        raise_reservation: RaiseReservation,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._attempts = attempts
        self._breakers = breakers
        self._still = still
        self._raise_reservation = raise_reservation
        self._clock = clock
        self._sleep = sleep

    async def __call__(self, checked: CheckedCall, tries: Tries) -> Reply | Denied:
        """Try the candidates; what was tried stands in ``tries`` whatever happens."""
        admitted = checked.funded.admitted
        for model, why in admitted.skipped:
            tries.note(model, f"{SKIPPED}{why}")
        run = _Run(admitted)
        pending = list(checked.candidates)
        while pending:
            for candidate in pending:
                ended = await self._try(checked, candidate, run, tries)
                if isinstance(ended, _Ended):
                    return Denied(refusal=ended.refusal or _explain(run, tries))
                if ended is not None:
                    return ended
            pending = await self._wait(run, tries)
        return Denied(refusal=_explain(run, tries))

    async def _try(
        self, checked: CheckedCall, candidate: CheckedCandidate, run: "_Run", tries: Tries
    ) -> Reply | _Ended | None:
        admitted, model = run.admitted, candidate.model
        left_seconds = (run.deadline_ns - self._clock.monotonic_ns()) / 1e9
        if left_seconds < _LEAST_SECONDS:
            run.is_late = True
            return _Ended()
        if tries.attempts and (refusal := self._still(admitted, model)) is not None:
            if self._still(admitted, None) is not None:
                return _Ended(refusal)
            tries.note(model, f"{SKIPPED}{refusal.code.removeprefix('alos_')}")
            return None
        if tries.unanswered and not await self._raise_reservation(admitted, tries):
            tries.note(model, f"{SKIPPED}reservation")
            return _Ended()
        if (wait_seconds := self._breakers.get_wait_seconds(model)) > 0:
            tries.note(model, BREAKER_OPEN)
            run.soonest(wait_seconds)
            return None
        return await self._ask(checked, candidate, run, tries, left_seconds)

    async def _ask(
        self,
        checked: CheckedCall,
        candidate: CheckedCandidate,
        run: "_Run",
        tries: Tries,
        left_seconds: float,
    ) -> Reply | None:
        model, breakers = candidate.model, self._breakers
        tries.begin(candidate)
        try:
            tried = await self._attempts(
                checked,
                candidate,
                within_seconds=left_seconds,
                on_broken=lambda why: breakers.note_failure(model, why),
            )
        except BaseException:
            breakers.note_nothing(model)
            raise
        tries.end(was_sent=tried.was_sent, may_be_billed=tried.may_be_billed)
        tries.note(model, tried.result, tried.waited_ns)
        if tried.reply is not None:
            breakers.note_success(model)
            return tried.reply
        if tried.result in {Broken.FULL, Broken.CLOSED}:
            breakers.note_nothing(model)
        else:
            hint_seconds = tried.hint_seconds or 0.0
            breakers.note_failure(model, tried.result, hint_seconds=hint_seconds)
        run.add(candidate, tried, self._clock.monotonic_ns())
        return None

    async def _wait(self, run: "_Run", tries: Tries) -> list[CheckedCandidate]:
        """Wait for the first candidate that may be asked again; those that are due by then."""
        again, run.again = run.again, []
        if not again:
            return []
        now_ns = self._clock.monotonic_ns()
        due_ns = min(one.due_ns for one in again)
        if due_ns >= run.deadline_ns:
            return []
        wait_ns = max(0, due_ns - now_ns)
        await self._sleep(wait_ns / 1e9)
        tries.waited_ns += wait_ns
        run.again = [one for one in again if one.due_ns > due_ns]
        return [one.candidate for one in again if one.due_ns <= due_ns]


class _Run:
    """The state of one call's tries that nobody else needs."""

    __slots__ = (
        "admitted",
        "again",
        "asked",
        "busy",
        "deadline_ns",
        "hint_seconds",
        "is_late",
        "tried",
    )

    def __init__(self, admitted: AdmittedCall) -> None:
        call = admitted.call
        self.admitted = admitted
        deadline_ns = int(admitted.workflow.deadline_seconds * 1e9)
        self.deadline_ns = call.received_monotonic_ns + deadline_ns
        self.again: list[_Again] = []
        self.asked: dict[str, int] = {}
        self.hint_seconds: float | None = None
        self.busy = self.tried = 0
        self.is_late = False

    def soonest(self, seconds: float) -> None:
        """Keep the shortest wait that anybody named, for the refusal."""
        known = self.hint_seconds
        self.hint_seconds = seconds if known is None else min(known, seconds)

    def add(self, candidate: CheckedCandidate, tried: Tried, now_ns: int) -> None:
        """Count a failed try; ask the candidate again where that can help."""
        model = candidate.model
        self.tried += 1
        self.busy += tried.is_busy
        if tried.hint_seconds is not None:
            self.soonest(tried.hint_seconds)
        times = self.asked[model.name] = self.asked.get(model.name, 0) + 1
        if not tried.may_retry or times > model.retries:
            return
        pause = tried.hint_seconds
        if pause is None:
            spread = crc32(self.admitted.call.id.encode()) % 256 / 512  # not all at one moment
            pause = _FIRST_PAUSE_SECONDS * 2 ** (times - 1) * (1 + spread)
        if pause <= _LONGEST_PAUSE_SECONDS:
            self.again.append(_Again(candidate, now_ns + int(pause * 1e9)))


def _explain(run: _Run, tries: Tries) -> Refusal:
    """One reason for the whole route: left alone, no connection free, busy, too slow, failed."""
    results = [one.result for one in tries.attempts if not one.result.startswith(SKIPPED)]
    hint = run.hint_seconds
    retry_after = max(1, -int(-hint // 1)) if hint is not None else None
    told = f"{len(results)} tried: {', '.join(results)}"
    if not results and tries.attempts and hint is not None:
        return Refusal(code=ReasonCode.UPSTREAM_PAUSED, retry_after_seconds=retry_after)
    if results and all(result == Broken.FULL for result in results):
        return Refusal(code=ReasonCode.UPSTREAM_FULL, retry_after_seconds=1)
    if run.tried and run.busy == run.tried:
        retry_after = retry_after or _DEFAULT_RETRY_SECONDS
        return Refusal(code=ReasonCode.UPSTREAM_BUSY, retry_after_seconds=retry_after)
    timed_out = bool(results) and all(result == Broken.TIMEOUT for result in results)
    if timed_out or (run.is_late and not results):
        return Refusal(code=ReasonCode.UPSTREAM_TIMEOUT, detail=told)
    return Refusal(code=ReasonCode.UPSTREAM_FAILED, detail=told)

"""Makes the calls of a run: so many at a time, again where waiting helps, never past the cap.

How a call is made is an argument, so the runner knows no socket. The gateway refuses a call
before the run's cap could be exceeded; the runner then lets those under way come back, tries
once more alone, and stops where even that is refused.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import NamedTuple

ANSWERED = 200
OVER_BUDGET = 402
AGAIN = frozenset({0, 408, 429, 502, 503, 504})
"""Statuses after which the same call may fare better; 0 stands for no answer at all."""
MOST_TRIES = 4
LONGEST_WAIT_SECONDS = 30.0
PATIENCE_SECONDS = 30.0
"""So long waiting goes on with no call coming through; then each is made once, until one does."""
_FIRST_WAIT_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class CallToMake:
    """One call of the plan.

    Attributes:
        number: which of the case's repeats, from 0.
    """

    case: str
    number: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    Attributes:
        status: HTTP's; 0 where there was no answer.
        call_id: the record's id, where the gateway said it.
        retry_after_seconds: the hint that came with it.
    """

    status: int
    call_id: str = ""
    body: bytes = b""
    retry_after_seconds: float | None = None


Send = Callable[[CallToMake], Reply]


class Kept(NamedTuple):
    """An answer worth handing in."""

    call: CallToMake
    reply: Reply


@dataclass(slots=True)
class Ran:
    """How it went.

    Attributes:
        answers: bodies by call id, the order of the calls left open.
        refused: calls the gateway refused for what they are (a check, the boundary).
        failed: calls without an answer after all tries.
        over_cap: the run's spend cap stopped it.
        unreachable: no call got any answer at all.
    """

    answers: dict[str, bytes] = field(default_factory=dict)
    refused: int = 0
    failed: int = 0
    over_cap: bool = False
    unreachable: bool = False


class Runner:
    """Runs calls with a pool of threads.

    Args:
        send: makes one call, returns whatever came back, raises nothing.
        concurrency: calls under way at a time.
        sleep: waits; an argument so that tests need not.
        on_done: told after each call that is over, in the thread that asked for the run.
    """

    def __init__(
        self,
        send: Send,
        *,
        concurrency: int,
        sleep: Callable[[float], None],
        on_done: Callable[[Kept], None] = lambda _kept: None,
    ) -> None:
        self._send = send
        self._concurrency = concurrency
        self._sleep = sleep
        self._on_done = on_done
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._waited_seconds = 0.0

    def run(self, calls: Iterable[CallToMake]) -> Ran:
        """Make the calls; an interrupt ends it between two of them."""
        ran = Ran()
        late: list[CallToMake] = []
        heard = False
        for kept in self._pool(calls):
            heard = heard or kept.reply.status != 0
            self._note(ran, kept, late)
        for call in late:  # one at a time: nothing else has money set aside now
            kept = Kept(call, self._try(call))
            if kept.reply.status == OVER_BUDGET:
                ran.over_cap = True
                break
            self._note(ran, kept, [])
        ran.unreachable = not heard and ran.failed > 0
        return ran

    def _note(self, ran: Ran, kept: Kept, late: list[CallToMake]) -> None:
        status = kept.reply.status
        if status == OVER_BUDGET:
            late.append(kept.call)
            return
        if status == ANSWERED:
            ran.answers[kept.reply.call_id] = kept.reply.body
        elif status in AGAIN:
            ran.failed += 1
        else:
            ran.refused += 1
        self._on_done(kept)

    def _pool(self, calls: Iterable[CallToMake]) -> Iterable[Kept]:
        waiting = iter(calls)
        running: set[Future[Kept]] = set()
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="eval") as pool:
            try:
                while True:
                    while len(running) < self._concurrency:
                        call = next(waiting, None)
                        if call is None:
                            break
                        running.add(pool.submit(self._take, call))
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for one in done:
                        yield one.result()
            except KeyboardInterrupt:
                self._stop.set()
                for one in wait(running).done:  # answered and paid for, so not to be lost
                    self._on_done(one.result())
                raise
            finally:
                self._stop.set()  # before the pool waits for those under way

    def _take(self, call: CallToMake) -> Kept:
        return Kept(call, self._try(call))

    def _try(self, call: CallToMake) -> Reply:
        pause = _FIRST_WAIT_SECONDS
        reply = self._send(call)
        for _ in range(MOST_TRIES - 1):
            if reply.status not in AGAIN:
                break
            hint = reply.retry_after_seconds
            seconds = min(LONGEST_WAIT_SECONDS, hint if hint is not None else pause)
            if self._stop.is_set() or not self._is_patient(seconds):
                break
            self._sleep(seconds)
            pause *= 2
            reply = self._send(call)
        if reply.status not in AGAIN:
            with self._lock:
                self._waited_seconds = 0.0
        return reply

    def _is_patient(self, seconds: float) -> bool:
        """Whether to wait once more, with all threads' waits since the last answer added up."""
        with self._lock:
            if self._waited_seconds >= PATIENCE_SECONDS * self._concurrency:
                return False
            self._waited_seconds += seconds
            return True


def list_calls(cases: Sequence[tuple[str, bytes, int]]) -> Iterable[CallToMake]:
    """Every call of a plan of (case, body, repeats): each case once before any comes again."""
    most = max((repeats for _, _, repeats in cases), default=0)
    for number in range(most):
        for case, body, repeats in cases:
            if number < repeats:
                yield CallToMake(case=case, number=number, body=body)

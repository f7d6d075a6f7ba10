"""Counters of one gateway among several: it counts alone, in a share of each cap that it holds.

A share is set aside in the store before a call may use it, so what is spent and held by all
gateways together never passes a cap. While a share lasts, a call asks nobody; where it is used
up, one transaction sets more aside, for all calls that wait. What is held and not needed goes
back within a second or two. With the store down a share that is held can still be used: it is
counted already.

What a call cost is in the store once its record was shipped; until then the share covers it. So
a gateway that dies gives nothing away: its share stays taken until the next process of its data
folder has brought its records in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from alos.counters.memory import Window
from alos.counters.shares import Share, Short, Want, get_window_seconds, share_out, to_key
from alos.domain.call import Reservation
from alos.domain.fault import CountersDown, Fault, StoreDown
from alos.domain.ids import CallId
from alos.domain.standing import Cap, RateLimit
from alos.ports.clock import Clock
from alos.ports.counters import Exceeded, RateState
from alos.ports.shares import NOTHING_TAKEN, Pool, ShareKey, Shares
from alos.ports.tasks import Tasks

_ASK_SECONDS: Final = 5.0
_RENEW_NS: Final = 10 * 1_000_000_000
_T = TypeVar("_T")
Waiting = tuple[Sequence[Want], "asyncio.Future[Short | None]"]


class SharedCounters:
    """The :class:`alos.ports.counters.Counters` of one of several gateways.

    Args:
        ship: brings all records that are durable now into the store.
    """

    def __init__(
        self,
        shares: Shares,
        *,
        ship: Callable[[], Awaitable[object]],
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._source = shares
        self._tasks = tasks
        self._ship = ship
        self._clock = clock
        self._shares: dict[ShareKey, Share] = {}
        self._open: dict[CallId, Reservation] = {}
        self._waiting: list[Waiting] = []
        self._asking: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="shares")
        """One, so that what is put later is later in the store too."""

    async def begin(self) -> None:
        """Take over from the process before; its records have to be in the store by now.

        Raises:
            StoreDown: nothing can be counted.
        """
        held = await asyncio.to_thread(self._source.begin)
        now_ns = self._clock.monotonic_ns()
        for key, requests in held.items():  # as if all of them had come just now
            share = self._get(key)
            share.held, share.put_at_ns = requests, now_ns
            if share.window is not None:
                share.window.add(now_ns, requests)

    # --- on the path of a call ------------------------------------------------------------

    async def take_request(self, limits: Sequence[RateLimit], *, now_ns: int) -> RateState:
        """See the port."""
        wants = [Want(to_key(limit), limit.requests, 1) for limit in limits]
        short = await self._fund(wants, now_ns)
        if short is not None:
            limit = limits[wants.index(short.want)]
            window = self._get(short.want.key).window
            wait_ns = window.get_wait_ns(now_ns) if window is not None else 0
            return RateState(
                allowed=False,
                scope=limit.scope,
                limit=limit.requests,
                remaining=0,
                retry_after_seconds=max(1, -(-wait_ns // 1_000_000_000)),
            )
        tightest = RateState(allowed=True, scope="", limit=0, remaining=0, retry_after_seconds=0)
        for limit, want in zip(limits, wants, strict=True):
            share = self._get(want.key)
            remaining = max(0, limit.requests - share.pool.taken - share.held + share.free)
            if not tightest.scope or remaining < tightest.remaining:
                tightest = RateState(
                    allowed=True,
                    scope=limit.scope,
                    limit=limit.requests,
                    remaining=remaining,
                    retry_after_seconds=0,
                )
        return tightest

    async def reserve(
        self, call_id: CallId, caps: Sequence[Cap], *, month: str, amount_nanousd: int
    ) -> Reservation | Exceeded:
        """See the port."""
        if not self._take_money(caps, month, amount_nanousd):
            wants = [
                Want(ShareKey(month, cap.scope), cap.limit_nanousd, amount_nanousd) for cap in caps
            ]
            short = await self._fund(wants, self._clock.monotonic_ns())
            if short is not None:
                return Exceeded(caps[wants.index(short.want)], short.used)
        reservation = Reservation(
            id=call_id, caps=tuple(caps), month=month, amount_nanousd=amount_nanousd
        )
        self._open[call_id] = reservation
        return reservation

    def _take_money(self, caps: Sequence[Cap], month: str, amount_nanousd: int) -> bool:
        """Take it where every share has enough; nearly every call does."""
        shares = self._shares
        mine = []
        for cap in caps:
            share = shares.get((month, cap.scope))  # type: ignore[call-overload] # equal, cheaper
            if share is None or amount_nanousd > share.held - share.used:
                return False
            share.limit = cap.limit_nanousd
            if amount_nanousd > share.largest:  # noqa: PLR1730 - `max` costs more
                share.largest = amount_nanousd
            mine.append(share)
        for share in mine:
            share.used += amount_nanousd
        return True

    async def settle(
        self, reservation: Reservation, *, cost_nanousd: int, is_recorded: bool = True
    ) -> None:
        """See the port.

        Without a record the next start counts the call at what was set aside, so that stays.
        """
        if self._open.pop(reservation.id, None) is None:
            return
        if not is_recorded:
            cost_nanousd = max(cost_nanousd, reservation.amount_nanousd)
        month, change = reservation.month, cost_nanousd - reservation.amount_nanousd
        for cap in reservation.caps:
            share = self._get(ShareKey(month, cap.scope))
            share.used += change
            if is_recorded:
                share.settled += cost_nanousd

    async def get_used_nanousd(self, scope: str, *, month: str) -> int:
        """See the port."""
        key = ShareKey(month, scope)
        pool = (await self._do(self._source.read, [key])).get(key, NOTHING_TAKEN)
        return pool.taken + self._get(key).held

    async def _fund(self, wants: Sequence[Want], now_ns: int) -> Short | None:
        """Take everything at once, or say what does not fit.

        Raises:
            CountersDown: more would have to be set aside, and can't be.
        """
        fits = [self._fits(want, now_ns) for want in wants]
        if all(fits):
            self._take(wants, now_ns)
            return None
        waits: asyncio.Future[Short | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wants, waits))
        if self._asking is None:
            self._asking = self._tasks.spawn(self._ask_for_all(), name="set shares aside")
        try:
            return await waits
        except asyncio.CancelledError:
            if waits.done() and not waits.cancelled() and waits.exception() is None:
                self._let_go(wants if waits.result() is None else ())
            raise

    def _take(self, wants: Sequence[Want], now_ns: int) -> None:
        for want in wants:
            share = self._get(want.key)
            if share.window is not None:
                share.window.add(now_ns, want.amount)
            else:
                share.used += want.amount

    def _let_go(self, wants: Sequence[Want]) -> None:
        """Give back what was taken for a caller who is gone; a request counts all the same."""
        for want in wants:
            share = self._get(want.key)
            if share.window is None:
                share.used -= want.amount

    def _fits(self, want: Want, now_ns: int) -> bool:
        share = self._get(want.key)
        share.limit = want.limit
        share.largest = max(share.largest, want.amount)
        if share.window is not None:
            share.window.drop_until(now_ns)
        return want.amount <= share.free

    async def _ask_for_all(self) -> None:
        """Set more aside for every call that waits, until none does."""
        try:
            while self._waiting:
                async with self._turn:
                    asked, self._waiting = self._waiting, []
                    try:
                        answers = await self._grow([wants for wants, _ in asked])
                    except asyncio.CancelledError:
                        self._waiting[:0] = asked
                        raise
                    except Fault as fault:
                        for _, waits in asked:
                            if not waits.done():
                                waits.set_exception(CountersDown(str(fault)))
                    else:
                        self._waiting[:0] = self._answer(asked, answers)
        finally:
            self._asking = None
            for _, waits in self._waiting:  # none, but where this is cancelled
                waits.cancel()

    def _answer(self, asked: Sequence[Waiting], answers: Sequence[Short | None]) -> list[Waiting]:
        """Take for each call what it waited for; those for which quicker ones left too little."""
        now_ns = self._clock.monotonic_ns()
        late = []
        for (wants, waits), short in zip(asked, answers, strict=True):
            if waits.done():
                continue
            fits = [self._fits(want, now_ns) for want in wants]
            if short is None and not all(fits):
                late.append((wants, waits))
                continue
            if short is None:
                self._take(wants, now_ns)
            waits.set_result(short)
        return late

    async def _grow(self, asked: Sequence[Sequence[Want]]) -> Sequence[Short | None]:
        now_ns = self._clock.monotonic_ns()
        keys = {want.key for wants in asked for want in wants}
        mine = {key: self._get(key) for key in keys}
        before = {key: (share.held, share.free) for key, share in mine.items()}
        ahead = {key: share.ahead for key, share in mine.items()}
        answers: list[Short | None] = []
        known: Mapping[ShareKey, Pool] = {}
        held: Mapping[ShareKey, int] = {}

        def decide(pools: Mapping[ShareKey, Pool]) -> Mapping[ShareKey, int]:
            nonlocal known, held
            known = pools
            held = share_out(asked, before, ahead, pools, answers)
            return held

        for share in mine.values():
            share.unsure = True
        await self._do(self._source.grow, keys, decide)
        for key, share in mine.items():
            if held[key] > before[key][0]:
                share.times, share.grown_at_ns = share.times * 2, now_ns
            share.held, share.unsure = held[key], False
            share.pool, share.put_at_ns = known.get(key, NOTHING_TAKEN), now_ns
        return answers

    # --- beside the calls -----------------------------------------------------------------

    async def renew(self, *, keep: bool = True) -> None:
        """Give back what is spent and in the store, and what is not needed; a job calls it.

        Args:
            keep: leave something set aside ahead of need.

        Raises:
            StoreDown, CountersDown: what was to be given back stays taken until the next time.
        """
        now_ns = self._clock.monotonic_ns()
        done = [(share, share.settled_before) for share in self._shares.values()]
        for share, _ in done:
            share.settled_before, share.settled = share.settled, 0
        try:
            await self._ship()
            pools = await self._do(self._source.read, list(self._shares))
        except BaseException:
            for share, amount in done:
                share.settled_before += amount
            raise
        async with self._turn:
            for share, amount in done:
                share.used -= amount
                share.held -= amount
                share.unsure |= amount != 0
            await self._put(pools, now_ns, keep=keep)

    async def close(self) -> None:
        """Give everything back that is not spent by calls without a record; after the last one.

        Raises:
            StoreDown, CountersDown: the next process of this gateway does it.
        """
        for _ in range(2):
            await self.renew(keep=False)
        self._thread.shutdown(wait=False)

    async def _put(self, pools: Mapping[ShareKey, Pool], now_ns: int, *, keep: bool) -> None:
        changed: dict[ShareKey, int] = {}
        for key, share in self._shares.items():
            share.pool = pools.get(key, NOTHING_TAKEN)
            if share.window is not None:
                share.window.drop_until(now_ns)
            spare = share.free - (share.kept if keep else 0)
            if spare > 0 or share.free < 0:  # below 0 where a provider billed above its bound
                share.held -= max(spare, 0) + min(share.free, 0)
                share.unsure = True
            is_old = share.window is not None and now_ns - share.put_at_ns > _RENEW_NS
            if share.unsure or (is_old and share.held):
                changed[key] = share.held
            share.calm(now_ns)
        if not changed:
            return
        await self._do(self._source.put, changed)
        for key in changed:
            share = self._shares[key]
            share.unsure, share.put_at_ns = False, now_ns
            if not (share.held or share.used or share.settled or share.settled_before):
                del self._shares[key]

    # --- within ---------------------------------------------------------------------------

    def _get(self, key: ShareKey) -> Share:
        share = self._shares.get(key)
        if share is None:
            seconds = get_window_seconds(key)
            window = None if seconds is None else Window(seconds)
            share = self._shares[key] = Share(window)
        return share

    async def _do(self, work: Callable[..., _T], *arguments: Any) -> _T:
        """Do it in the thread; who stops waiting does not stop it, and it may be done later."""
        doing = asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments))
        doing.add_done_callback(_look_at)
        try:
            return await asyncio.wait_for(asyncio.shield(doing), _ASK_SECONDS)
        except (StoreDown, TimeoutError) as error:
            raise CountersDown(f"no share can be set aside: {error}") from error


def _look_at(doing: "asyncio.Future[Any]") -> None:
    """Whatever becomes of work that nobody waits for any more was foreseen."""
    if not doing.cancelled():
        doing.exception()

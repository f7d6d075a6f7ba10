"""Counters in this process's memory: exact for one process, rebuilt from the store at start."""

from collections import deque
from collections.abc import Sequence

from alos.domain.call import Reservation
from alos.domain.ids import CallId
from alos.domain.standing import Cap, RateLimit
from alos.ports.counters import Exceeded, RateState

_NO_LIMIT = RateState(allowed=True, scope="", limit=0, remaining=0, retry_after_seconds=0)


class MemoryCounters:
    """Plain dicts on one event loop: no step awaits, so none can be interleaved.

    A rate window slides: it holds the times of the requests it counted (at most ``requests``
    numbers per limit), so a burst over the boundary of two minutes is not let through.
    """

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], int] = {}
        self._open: dict[CallId, Reservation] = {}
        self._windows: dict[str, deque[int]] = {}

    async def take_request(self, limits: Sequence[RateLimit], *, now_ns: int) -> RateState:
        """See the port."""
        tightest = _NO_LIMIT
        windows: list[deque[int]] = []
        for limit in limits:
            window = self._windows.get(limit.scope)
            if window is None:
                window = self._windows[limit.scope] = deque()
            length_ns = limit.window_seconds * 1_000_000_000
            while window and window[0] <= now_ns - length_ns:
                window.popleft()
            remaining = limit.requests - len(window)
            if remaining <= 0:
                wait_ns = window[-limit.requests] + length_ns - now_ns if window else length_ns
                return RateState(
                    allowed=False,
                    scope=limit.scope,
                    limit=limit.requests,
                    remaining=0,
                    retry_after_seconds=max(1, -(-wait_ns // 1_000_000_000)),
                )
            if tightest is _NO_LIMIT or remaining - 1 < tightest.remaining:
                tightest = RateState(
                    allowed=True,
                    scope=limit.scope,
                    limit=limit.requests,
                    remaining=remaining - 1,
                    retry_after_seconds=0,
                )
            windows.append(window)
        for window in windows:
            window.append(now_ns)
        return tightest

    async def reserve(
        self, call_id: CallId, caps: Sequence[Cap], *, month: str, amount_nanousd: int
    ) -> Reservation | Exceeded:
        """See the port."""
        used = self._used
        for cap in caps:
            so_far = used.get((cap.scope, month), 0)
            if so_far + amount_nanousd > cap.limit_nanousd:
                return Exceeded(cap, so_far)
        for cap in caps:
            key = (cap.scope, month)
            used[key] = used.get(key, 0) + amount_nanousd
        reservation = Reservation(
            id=call_id, caps=tuple(caps), month=month, amount_nanousd=amount_nanousd
        )
        self._open[call_id] = reservation
        return reservation

    async def settle(self, reservation: Reservation, *, cost_nanousd: int) -> None:
        """See the port."""
        if self._open.pop(reservation.id, None) is None:
            return
        change = cost_nanousd - reservation.amount_nanousd
        if change:
            for cap in reservation.caps:
                self._used[cap.scope, reservation.month] += change

    async def add_spent(self, scope: str, *, month: str, cost_nanousd: int) -> None:
        """See the port."""
        key = (scope, month)
        self._used[key] = self._used.get(key, 0) + cost_nanousd

    async def get_used_nanousd(self, scope: str, *, month: str) -> int:
        """See the port."""
        return self._used.get((scope, month), 0)

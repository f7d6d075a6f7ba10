"""Counters in this process's memory: exact for one process, rebuilt from the store at start."""

from collections import deque
from collections.abc import Sequence

from alos.domain.call import Reservation
from alos.domain.ids import CallId
from alos.domain.standing import Cap, RateLimit
from alos.ports.counters import Exceeded, RateState

_NO_LIMIT = RateState(allowed=True, scope="", limit=0, remaining=0, retry_after_seconds=0)


_SLICES = 600
"""A window is counted in so many slices, so its memory is bounded whatever its limit."""


class Window:
    """Requests of one scope in a sliding window, never fewer than there were.

    A slice leaves the window only when its last moment has left it, so no window of the true
    length ever holds more than the limit; a request may wait a 600th of the window longer.
    """

    __slots__ = ("_slice_ns", "slices", "total")

    def __init__(self, seconds: int) -> None:
        self._slice_ns = seconds * 1_000_000_000 // _SLICES
        self.slices: deque[list[int]] = deque()
        self.total = 0

    def drop_until(self, now_ns: int) -> None:
        """Forget what has left the window by now."""
        slices = self.slices
        oldest = now_ns // self._slice_ns - _SLICES - 1
        while slices and slices[0][0] <= oldest:
            self.total -= slices.popleft()[1]

    def add(self, now_ns: int, requests: int = 1) -> None:
        """Count requests that came now."""
        slices, number = self.slices, now_ns // self._slice_ns
        if slices and slices[-1][0] == number:
            slices[-1][1] += requests
        else:
            slices.append([number, requests])
        self.total += requests

    def get_wait_ns(self, now_ns: int) -> int:
        """How long until the first of them leaves, to within a slice; 0 where there is none."""
        if not self.slices:
            return 0
        return (self.slices[0][0] + _SLICES) * self._slice_ns - now_ns


class MemoryCounters:
    """Plain dicts on one event loop: no step awaits, so none can be interleaved."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], int] = {}
        self._open: dict[CallId, Reservation] = {}
        self._windows: dict[tuple[str, int], Window] = {}

    async def take_request(self, limits: Sequence[RateLimit], *, now_ns: int) -> RateState:
        """See the port."""
        tightest = _NO_LIMIT
        taken: list[Window] = []
        for limit in limits:
            key = (limit.scope, limit.window_seconds)
            window = self._windows.get(key)
            if window is None:
                window = self._windows[key] = Window(limit.window_seconds)
            window.drop_until(now_ns)
            remaining = limit.requests - window.total
            if remaining <= 0:
                return RateState(
                    allowed=False,
                    scope=limit.scope,
                    limit=limit.requests,
                    remaining=0,
                    retry_after_seconds=max(1, -(-window.get_wait_ns(now_ns) // 1_000_000_000)),
                )
            if tightest is _NO_LIMIT or remaining - 1 < tightest.remaining:
                tightest = RateState(
                    allowed=True,
                    scope=limit.scope,
                    limit=limit.requests,
                    remaining=remaining - 1,
                    retry_after_seconds=0,
                )
            taken.append(window)
        for window in taken:
            window.add(now_ns)
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

    async def settle(
        self, reservation: Reservation, *, cost_nanousd: int, is_recorded: bool = True
    ) -> None:
        """See the port."""
        del is_recorded  # it counts either way, until this process ends
        if self._open.pop(reservation.id, None) is None:
            return
        change = cost_nanousd - reservation.amount_nanousd
        if change:
            for cap in reservation.caps:
                self._used[cap.scope, reservation.month] += change

    async def add_spent(self, scope: str, *, month: str, cost_nanousd: int) -> None:
        """Count what was spent before this process (rebuilding after a start)."""
        key = (scope, month)
        self._used[key] = self._used.get(key, 0) + cost_nanousd

    async def get_used_nanousd(self, scope: str, *, month: str) -> int:
        """See the port."""
        return self._used.get((scope, month), 0)

"""How many calls may be with one vendor at a time, and how many may wait for a turn."""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLimits:
    """Bounds for one vendor and process.

    Attributes:
        most: calls with the vendor at a time.
        queue: calls that may wait for a turn; beyond it a call is turned away at once.
        queue_seconds: longest wait for a turn.
    """

    most: int = 1024
    queue: int = 256
    queue_seconds: float = 5.0


class Slots:
    """Turns at one vendor, first come, first served; belongs to one event loop.

    Attributes:
        in_use, turned_away: now, and since the process started.
    """

    def __init__(self, limits: SlotLimits) -> None:
        self.limits = limits
        self.in_use = 0
        self.turned_away = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """Calls that wait for a turn."""
        return len(self._waiting)

    def take_now(self) -> bool:
        """Take a turn if one is free and nobody waits."""
        if self.in_use >= self.limits.most or self._waiting:
            return False
        self.in_use += 1
        return True

    async def take(self, *, within_seconds: float) -> bool:
        """Wait for a turn; false where the queue is full or the wait was too long."""
        if self.take_now():
            return True
        if len(self._waiting) >= self.limits.queue:
            self.turned_away += 1
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(min(within_seconds, self.limits.queue_seconds)):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled():
                self.give()  # it came in the very moment the wait ended
            if isinstance(error, asyncio.CancelledError):
                raise
            self.turned_away += 1
            return False
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)
        return True

    def give(self) -> None:
        """Hand the turn to whoever waits longest, or free it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.in_use -= 1

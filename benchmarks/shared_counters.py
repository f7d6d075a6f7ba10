"""What counting in shares costs a call, beside counting in memory, and what an asking takes.

    PYTHONPATH=src python -m benchmarks.shared_counters --calls 20000 --rounds 5

Each call counts under a rate and five caps, and is settled at a tenth of what was set aside. The
two are measured in turn in one process; the shares are in a real PostgreSQL (without fsync, as the
tests start it), renewed twice a second as in a gateway.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median

from alos.counters.memory import MemoryCounters
from alos.counters.shared import SharedCounters
from alos.domain.call import Reservation
from alos.domain.ids import CallId
from alos.domain.standing import Cap, RateLimit
from alos.ports.clock import SystemClock
from alos.ports.counters import Counters
from alos.ports.shares import Decide, ShareKey
from alos.ports.tasks import Tasks
from alos.store.engine import Store
from alos.store.shares import StoredShares
from tests.store.databases import running_postgresql

MONTH = "2026-11"
SCOPES = ("organisation", "vendor:a", "workspace:a", "workflow:a", "key:a")
CAPS = tuple(Cap(scope=scope, limit_nanousd=10**15) for scope in SCOPES)
RATE = (RateLimit(scope="workflow:a", requests=10_000_000, window_seconds=60),)
CEILING = 10_000_000


class TimedShares(StoredShares):
    """Remembers how long each asking for more took."""

    def __init__(self, store: Store, gateway: str) -> None:
        super().__init__(store, gateway)
        self.seconds: list[float] = []

    def grow(self, keys: "frozenset[ShareKey] | list[ShareKey]", decide: Decide) -> None:  # type: ignore[override]
        """As it is, timed."""
        started = time.perf_counter()
        super().grow(keys, decide)
        self.seconds.append(time.perf_counter() - started)


async def count(counters: Counters, calls: int, at_once: int) -> float:
    """CPU-µs of the whole process for each call."""
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await counters.take_request(RATE, now_ns=time.monotonic_ns())
            taken = await counters.reserve(
                CallId(str(number)), CAPS, month=MONTH, amount_nanousd=CEILING
            )
            assert isinstance(taken, Reservation), taken
            await asyncio.sleep(0)
            await counters.settle(taken, cost_nanousd=CEILING // 10)

    started = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return (time.process_time() - started) / calls * 1e6


async def ship() -> None:
    """The calls of this benchmark have no records."""


async def renew_on(renew: Callable[[], Awaitable[None]]) -> None:
    """As the job of a gateway does."""
    while True:
        await renew()
        await asyncio.sleep(0.5)


async def measure(store: Store, calls: int, rounds: int) -> None:
    """Print both, alternating."""
    clock = SystemClock()
    shares = TimedShares(store, "first")
    tasks = Tasks()
    shared = SharedCounters(shares, ship=ship, clock=clock, tasks=tasks)
    tasks.spawn(renew_on(shared.renew), name="renew")
    memory = MemoryCounters()
    found: dict[str, list[float]] = {"memory": [], "shares": []}
    for _ in range(rounds):
        found["memory"].append(await count(memory, calls, 64))
        found["shares"].append(await count(shared, calls, 64))
    await tasks.close()
    for name, figures in found.items():
        print(f"{name}: median {median(figures):.1f} CPU-µs a call, {min(figures):.1f} at best")
    asked = sorted(shares.seconds)
    print(
        f"set more aside {len(asked)} times for {calls * rounds} calls:"
        f" median {median(asked) * 1e3:.1f} ms, worst {asked[-1] * 1e3:.1f} ms"
    )


def main() -> None:
    """Start a server and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with running_postgresql() as server:
        store = Store(server.make_empty())
        store.ensure()
        asyncio.run(measure(store, given.calls, given.rounds))
        store.close()


if __name__ == "__main__":
    main()

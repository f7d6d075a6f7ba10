"""Counters are exact, and what was taken is given back once."""

from hypothesis import given
from hypothesis import strategies as st

from alos.counters.memory import MemoryCounters
from alos.domain.call import Reservation
from alos.domain.ids import CallId
from alos.domain.standing import Cap, RateLimit
from alos.ports.counters import Exceeded

MONTH = "2026-11"
SECOND = 1_000_000_000


async def test_an_amount_fits_under_every_cap_or_is_counted_under_none() -> None:
    counters = MemoryCounters()
    wide = Cap(scope="organisation", limit_nanousd=100)
    narrow = Cap(scope="key:a", limit_nanousd=5)
    refused = await counters.reserve(CallId("1"), (wide, narrow), month=MONTH, amount_nanousd=6)
    assert refused == Exceeded(narrow, 0)
    assert await counters.get_used_nanousd("organisation", month=MONTH) == 0


async def test_settling_twice_counts_once() -> None:
    counters = MemoryCounters()
    cap = Cap(scope="workspace:a", limit_nanousd=100)
    held = await counters.reserve(CallId("1"), (cap,), month=MONTH, amount_nanousd=60)
    assert isinstance(held, Reservation)
    await counters.settle(held, cost_nanousd=10)
    await counters.settle(held, cost_nanousd=10)
    assert await counters.get_used_nanousd("workspace:a", month=MONTH) == 10


async def test_months_do_not_mix() -> None:
    counters = MemoryCounters()
    await counters.add_spent("organisation", month="2026-10", cost_nanousd=7)
    assert await counters.get_used_nanousd("organisation", month=MONTH) == 0


@given(
    amounts=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=40),
    limit=st.integers(0, 200),
)
async def test_reserved_and_settled_never_pass_the_cap_while_bills_keep_to_it(
    amounts: list[tuple[int, int]], limit: int
) -> None:
    counters = MemoryCounters()
    cap = Cap(scope="workspace:a", limit_nanousd=limit)
    for number, (amount, cost) in enumerate(amounts):
        held = await counters.reserve(
            CallId(str(number)), (cap,), month=MONTH, amount_nanousd=amount
        )
        if isinstance(held, Reservation) and number % 2:
            await counters.settle(held, cost_nanousd=min(cost, amount))
        assert await counters.get_used_nanousd("workspace:a", month=MONTH) <= limit


@given(times=st.lists(st.integers(0, 300), max_size=80), requests=st.integers(1, 6))
async def test_no_window_ever_holds_more_than_its_limit(times: list[int], requests: int) -> None:
    counters = MemoryCounters()
    limit = RateLimit(scope="key:a", requests=requests, window_seconds=60)
    allowed: list[int] = []
    for second in sorted(times):
        state = await counters.take_request((limit,), now_ns=second * SECOND)
        if state.allowed:
            allowed.append(second)
        else:
            assert state.retry_after_seconds >= 1
            again = second + state.retry_after_seconds + 1
            assert sum(1 for one in allowed if again - 60 < one <= again) < requests
    for second in allowed:
        assert sum(1 for one in allowed if second - 60 < one <= second) <= requests


async def test_one_used_up_limit_counts_the_request_under_no_other() -> None:
    counters = MemoryCounters()
    tight = RateLimit(scope="key:a", requests=1, window_seconds=60)
    wide = RateLimit(scope="workflow:a", requests=5, window_seconds=60)
    for _ in range(3):
        await counters.take_request((wide, tight), now_ns=0)
    state = await counters.take_request((wide,), now_ns=0)
    assert state.remaining == 3

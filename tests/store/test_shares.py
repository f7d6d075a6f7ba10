"""Shares of budgets and rates are kept for each gateway, on each engine."""

import threading
from collections.abc import Mapping

import pytest
from sqlalchemy import update

from alos.ports.shares import NOTHING_TAKEN, Pool, ShareKey
from alos.store.engine import Store
from alos.store.share_tables import shares
from alos.store.shares import StoredShares
from alos.store.tables import scope_days
from tests.store.databases import MakeStore

MONEY = ShareKey("2026-11", "workspace:support")
OLDER = ShareKey("2026-10", "workspace:support")
REQUESTS = ShareKey("60s", "workflow:triage")
NOVEMBER, DECEMBER = 1_793_491_200, 1_796_083_200


@pytest.fixture
def first(store: Store) -> StoredShares:
    return StoredShares(store, "first")


@pytest.fixture
def second(store: Store) -> StoredShares:
    return StoredShares(store, "second")


def test_what_others_hold_and_what_is_spent_is_taken(
    store: Store, first: StoredShares, second: StoredShares
) -> None:
    first.put({MONEY: 70, OLDER: 5, REQUESTS: 3})
    second.put({MONEY: 1})
    rows = [
        {"day_unix": day, "scope": MONEY.scope, "calls": 1, "cost_nanousd": cost}
        for day, cost in (
            (NOVEMBER - 86_400, 1_000), (NOVEMBER, 20), (DECEMBER - 86_400, 3), (DECEMBER, 5_000),
        )
    ]  # fmt: skip
    with store.write() as connection:
        connection.execute(scope_days.insert(), rows)
    assert second.read([MONEY, OLDER, REQUESTS]) == {
        MONEY: Pool(93, 1),
        OLDER: Pool(1_005, 1),
        REQUESTS: Pool(3, 1),
    }
    assert first.read([MONEY])[MONEY] == Pool(24, 1)
    assert first.read([REQUESTS]) == {REQUESTS: NOTHING_TAKEN}
    assert first.read([]) == {}


def test_nothing_is_held_of_what_was_given_back(first: StoredShares, second: StoredShares) -> None:
    first.put({MONEY: 70, REQUESTS: 2})
    first.put({MONEY: 0, REQUESTS: 1})
    assert second.read([MONEY, REQUESTS]) == {MONEY: NOTHING_TAKEN, REQUESTS: Pool(1, 1)}


def test_a_new_process_has_no_money_and_its_requests_count_on(
    first: StoredShares, second: StoredShares
) -> None:
    first.put({MONEY: 70, REQUESTS: 2})
    second.put({MONEY: 4})
    assert first.begin() == {REQUESTS: 2}
    assert second.read([MONEY, REQUESTS]) == {MONEY: NOTHING_TAKEN, REQUESTS: Pool(2, 1)}
    assert first.read([MONEY])[MONEY] == Pool(4, 1)


def test_requests_of_a_gateway_that_is_gone_come_back_and_its_money_does_not(
    store: Store, first: StoredShares, second: StoredShares
) -> None:
    first.put({MONEY: 70, REQUESTS: 2})
    for seconds, requests in ((120, 2), (20, 0)):
        with store.write() as connection:
            connection.execute(update(shares).values(put_at_unix=shares.c.put_at_unix - seconds))
        pools = second.read([MONEY, REQUESTS])
        assert pools[REQUESTS].taken == requests
        assert pools[MONEY] == Pool(70, 1)


def test_two_that_grow_at_a_time_see_each_other(make_store: MakeStore) -> None:
    """Each takes all that is left of ten; in the end it is ten."""
    ones = [StoredShares(make_store(), str(number)) for number in range(4)]
    barrier = threading.Barrier(len(ones))
    held = dict.fromkeys(range(len(ones)), 0)

    def grow(number: int) -> None:
        def decide(pools: Mapping[ShareKey, Pool]) -> Mapping[ShareKey, int]:
            held[number] = min(held[number] + 3, 10 - pools[MONEY].taken)
            return {MONEY: held[number]}

        barrier.wait()
        for _ in range(5):
            ones[number].grow([MONEY], decide)

    threads = [threading.Thread(target=grow, args=(number,)) for number in held]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(held.values()) == 10
    assert ones[0].read([MONEY])[MONEY].taken == 10 - held[0]

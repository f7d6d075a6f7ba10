"""Every place where Idempotency-Keys are kept has the same contract."""

import asyncio
from pathlib import Path

import pytest

from alos.counters.memory_answers import MemoryClaims
from alos.domain.fault import CountersDown
from alos.domain.ids import BodyReference, CallId, ModelName
from alos.ports.answers import Claims, EarlierAnswer, NotYours
from alos.ports.tasks import Tasks
from alos.store.claims import StoredClaims
from alos.store.engine import Store

DAY_NS = 24 * 3600 * 1_000_000_000
KEY, OTHER = b"k" * 32, b"o" * 32
PRINT, PRINT_2 = b"1" * 32, b"2" * 32
ANSWER = EarlierAnswer(
    call_id=CallId("call_1"),
    reference=BodyReference("vault/1"),
    streamed=True,
    model=ModelName("small"),
    output_hash="ab" * 32,
)


@pytest.fixture(params=["memory", "stored"])
def claims(request: pytest.FixtureRequest, store: Store) -> Claims:
    return MemoryClaims() if request.param == "memory" else StoredClaims(store)


async def test_a_key_belongs_to_the_first_call_until_it_ends(claims: Claims) -> None:
    assert await claims.claim(KEY, PRINT, now_unix_ns=1) is None
    assert await claims.claim(KEY, PRINT, now_unix_ns=2) is NotYours.RUNNING
    assert await claims.claim(KEY, PRINT_2, now_unix_ns=2) is NotYours.OTHER_REQUEST
    assert await claims.claim(OTHER, PRINT, now_unix_ns=2) is None
    await claims.keep(KEY, ANSWER, now_unix_ns=3)
    assert await claims.claim(KEY, PRINT, now_unix_ns=4) == ANSWER
    assert await claims.claim(KEY, PRINT_2, now_unix_ns=4) is NotYours.OTHER_REQUEST


async def test_a_call_without_an_answer_frees_its_key(claims: Claims) -> None:
    await claims.claim(KEY, PRINT, now_unix_ns=1)
    await claims.let_go(KEY)
    assert await claims.claim(KEY, PRINT_2, now_unix_ns=2) is None


async def test_what_was_answered_is_not_freed_again(claims: Claims) -> None:
    await claims.claim(KEY, PRINT, now_unix_ns=1)
    await claims.keep(KEY, None, now_unix_ns=2)
    await claims.let_go(KEY)
    assert await claims.claim(KEY, PRINT, now_unix_ns=3) is NotYours.NOT_KEPT


async def test_after_a_day_a_key_is_free(claims: Claims) -> None:
    await claims.claim(KEY, PRINT, now_unix_ns=0)
    await claims.keep(KEY, ANSWER, now_unix_ns=0)
    assert await claims.claim(KEY, PRINT_2, now_unix_ns=DAY_NS - 1) is NotYours.OTHER_REQUEST
    assert await claims.claim(KEY, PRINT_2, now_unix_ns=DAY_NS) is None


async def test_of_many_calls_at_a_time_one_gets_the_key(claims: Claims) -> None:
    async with asyncio.TaskGroup() as group:
        works = [group.create_task(claims.claim(KEY, PRINT, now_unix_ns=1)) for _ in range(20)]
    found = [work.result() for work in works]
    assert found.count(None) == 1
    assert found.count(NotYours.RUNNING) == 19


async def test_a_restart_knows_what_was_answered(store: Store) -> None:
    before = StoredClaims(store)
    await before.claim(KEY, PRINT, now_unix_ns=1)
    await before.keep(KEY, ANSWER, now_unix_ns=2)
    await before.claim(OTHER, PRINT, now_unix_ns=2)
    after = StoredClaims(store)
    after.end_running()
    assert await after.claim(KEY, PRINT, now_unix_ns=3) == ANSWER
    assert await after.claim(OTHER, PRINT, now_unix_ns=3) is NotYours.NOT_KEPT


async def test_a_key_that_nobody_ended_does_not_run_for_ever(store: Store) -> None:
    claims = StoredClaims(store)
    await claims.claim(KEY, PRINT, now_unix_ns=1)
    hour_ns = 3600 * 1_000_000_000
    assert await claims.claim(KEY, PRINT, now_unix_ns=hour_ns) is NotYours.RUNNING
    assert await claims.claim(KEY, PRINT, now_unix_ns=hour_ns + 1) is NotYours.NOT_KEPT


async def test_a_caller_who_hangs_up_while_the_key_is_granted_does_not_keep_it(
    store: Store,
) -> None:
    claims = StoredClaims(store)
    with store.write():  # the claim has to wait for this writer
        waiting = Tasks().spawn(claims.claim(KEY, PRINT, now_unix_ns=1), name="claim")
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await claims.claim(KEY, PRINT_2, now_unix_ns=2) is None


async def test_where_the_store_is_down_no_key_is_granted(tmp_path: Path) -> None:
    (tmp_path / "alos.db").mkdir()
    claims = StoredClaims(Store(tmp_path / "alos.db"))
    for work in (
        claims.claim(KEY, PRINT, now_unix_ns=1),
        claims.keep(KEY, ANSWER, now_unix_ns=1),
        claims.let_go(KEY),
    ):
        with pytest.raises(CountersDown):
            await work


async def test_a_start_ends_no_call_of_another_gateway(store: Store) -> None:
    first, second = (StoredClaims(store, gateway=name) for name in ("first", "second"))
    await first.claim(KEY, PRINT, now_unix_ns=1)
    await second.claim(OTHER, PRINT, now_unix_ns=1)
    second.end_running()
    assert await second.claim(KEY, PRINT, now_unix_ns=2) is NotYours.RUNNING
    assert await first.claim(OTHER, PRINT, now_unix_ns=2) is NotYours.NOT_KEPT

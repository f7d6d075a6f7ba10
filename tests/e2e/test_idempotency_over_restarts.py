"""A call that was promised to happen once happens once, whatever becomes of the process."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, exchange, say, write_request
from tests.e2e.organisation import QUESTIONS

ONCE = {"idempotency-key": "order-17"}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


def count_calls(gateway: Gateway) -> int:
    return len(gateway.upstream.bodies)


async def test_a_restart_gives_the_same_bytes_and_makes_no_call(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS)
    first = await ask(gateway.port, say(), key=key, headers=ONCE)
    assert first.status == 200, first.body
    calls = count_calls(gateway)
    gateway.stop()
    gateway.start()
    again = await ask(gateway.port, say(), key=key, headers=ONCE)
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["x-alos-replayed-from"] == first.call
    other = await ask(gateway.port, say("another"), key=key, headers=ONCE)
    assert other.code == "alos_idempotency_other_request"
    assert count_calls(gateway) == calls


async def test_what_ran_when_the_process_was_killed_is_not_made_again(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS)
    calls = count_calls(gateway)
    async with asyncio.TaskGroup() as group:
        request = write_request(say("[[endless]]", stream=True), key=key, headers=ONCE)
        group.create_task(exchange(gateway.port, request))
        async with asyncio.timeout(20):
            while count_calls(gateway) == calls:  # noqa: ASYNC110 - it is another process's
                await asyncio.sleep(0.02)
        gateway.kill()
    gateway.start()
    again = await ask(gateway.port, say("[[endless]]", stream=True), key=key, headers=ONCE)
    assert (again.status, again.code) == (422, "alos_idempotency_not_kept")
    assert count_calls(gateway) == calls + 1

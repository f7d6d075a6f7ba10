"""Turns at a vendor: bounded, first come first served, none lost."""

import asyncio

from alos.ports.provider import Broken, ProviderFailure
from alos.ports.tasks import Tasks
from alos.providers.credentials import open_credentials
from alos.providers.http import HttpProvider
from alos.providers.slots import SlotLimits, Slots
from alos.providers.vendors import VendorProviders
from tests.providers.peer import answering, candidate, checked, model, serve

LIMITS = SlotLimits(most=1, queue=1, queue_seconds=0.2)


async def test_a_full_vendor_lets_so_many_wait_and_turns_the_rest_away() -> None:
    slots, tasks = Slots(LIMITS), Tasks()
    assert slots.take_now()
    waiting = tasks.spawn(slots.take(within_seconds=5), name="waits")
    await asyncio.sleep(0)
    assert slots.waiting == 1
    assert not await slots.take(within_seconds=5)  # no room in the queue
    slots.give()
    assert await waiting
    assert (slots.in_use, slots.waiting, slots.turned_away) == (1, 0, 1)


async def test_a_wait_ends_with_the_queues_time_or_with_the_calls() -> None:
    slots = Slots(LIMITS)
    assert slots.take_now()
    started = asyncio.get_running_loop().time()
    assert not await slots.take(within_seconds=0.05)
    assert asyncio.get_running_loop().time() - started < 0.15
    assert not await slots.take(within_seconds=60)
    assert slots.waiting == 0


async def test_a_caller_who_leaves_while_waiting_leaves_no_turn_behind() -> None:
    slots, tasks = Slots(LIMITS), Tasks()
    assert slots.take_now()
    waiting = tasks.spawn(slots.take(within_seconds=5), name="waits")
    await asyncio.sleep(0)
    slots.give()  # the turn is his in the very moment he leaves
    waiting.cancel()
    await asyncio.wait({waiting})
    assert slots.in_use == 0
    assert slots.take_now()


async def test_a_turn_is_held_until_the_answer_is_closed_and_freed_whatever_happens() -> None:
    async with serve(answering(b"{}")) as peer:
        http = HttpProvider({"openai-chat": "/v1/x"}, open_credentials({"KEY": "k"}))
        vendors = VendorProviders(http, {}, {"v": LIMITS})
        one = candidate(model(f"http://127.0.0.1:{peer.port}"))
        first = await vendors.send(checked(), one, within_seconds=5)
        assert not isinstance(first, ProviderFailure)
        second = await vendors.send(checked(), one, within_seconds=0.01)
        assert isinstance(second, ProviderFailure)
        assert second.why is Broken.FULL
        await first.read()
        await first.close()
        await first.close()
        for _ in range(3):  # a failure frees it too
            refused = candidate(model("http://127.0.0.1:1"))
            assert isinstance(
                await vendors.send(checked(), refused, within_seconds=5), ProviderFailure
            )
        (view,) = vendors.list_views()
        assert (view.in_use, view.waiting, view.turned_away) == (0, 0, 1)
        await vendors.close()

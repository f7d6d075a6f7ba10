"""Somebody goes on with a key that was revoked, has expired, or was never whole."""

import asyncio
import time

import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS


async def test_revoking_cuts_the_keys_running_stream_and_refuses_what_follows(
    gateway: Gateway,
) -> None:
    made = gateway.manage("POST", "/api/v1/keys", {"workflows": [QUESTIONS]})[1]
    stream = asyncio.ensure_future(
        ask(gateway.port, say("[[endless]]", stream=True), key=made["key"])
    )
    await asyncio.sleep(0.3)
    started = time.monotonic()
    assert gateway.manage("POST", f"/api/v1/keys/{made['id']}/revoke")[0] == 204
    cut = await stream
    assert time.monotonic() - started < 1
    assert b"alos_key_revoked" in cut.body
    refused = await ask(gateway.port, say(), key=made["key"])
    assert (refused.status, refused.code) == (401, "alos_key_revoked")
    record = gateway.wait_until_shipped(cut.call)["record"]
    assert (record["outcome"], record["reason"]) == ("cut", "alos_key_revoked")


async def test_an_expired_key_is_refused(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS, expires_at_unix=1_000_000_000)
    answer = await ask(gateway.port, say(), key=key)
    assert (answer.status, answer.code) == (401, "alos_key_expired")


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        str.upper,
        lambda key: key[:13] + "A" * (len(key) - 13),
        lambda key: key.replace("_", "-"),
        lambda key: f"{key},{key}",
        lambda key: f"Bearer {key}",
    ],
)
async def test_a_key_that_is_almost_right_opens_nothing(
    gateway: Gateway, key: str, change: object
) -> None:
    assert callable(change)
    answer = await ask(gateway.port, say(), key=change(key))
    assert (answer.status, answer.code) == (401, "alos_key_unknown")


async def test_a_key_in_the_address_or_the_body_opens_nothing(gateway: Gateway, key: str) -> None:
    path = f"/v1/chat/completions?key={key}&api_key={key}"
    answer = await ask(gateway.port, say(api_key=key), path=path)
    assert (answer.status, answer.code) == (401, "alos_key_missing")

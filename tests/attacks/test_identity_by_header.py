"""A caller says in headers and fields who they are, what they may and where they come from."""

import asyncio
from collections import Counter

from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS

CLAIMS = {
    "x-alos-key": "key_0000000000000000",
    "x-alos-person": "ana",
    "x-alos-principal": "ana",
    "x-alos-workspace": "support",
    "x-alos-tier": "0",
    "x-alos-budget": "1000000",
    "x-alos-call": "call_00000000000000000000000000",
    "x-request-id": "call_00000000000000000000000000",
    "x-forwarded-for": "10.1.2.3",
    "x-forwarded-user": "ana",
    "x-real-ip": "10.1.2.3",
    "forwarded": "for=10.1.2.3;by=10.1.2.4",
    "x-user-id": "ana",
    "x-litellm-user": "ana",
    "x-ms-client-principal-name": "ana@example.com",
    "cookie": "session=ana",
}


async def test_the_record_knows_the_keys_holder_and_the_real_address(
    gateway: Gateway, key: str
) -> None:
    body = say(user="ana", metadata={"workspace": "support", "user_id": "ana", "tier": "0"})
    answer = await ask(gateway.port, body, key=key, headers=CLAIMS)
    assert answer.status == 200
    assert answer.call not in CLAIMS.values()
    details = gateway.wait_until_shipped(answer.call)
    said = {(one["name"], one["value"]) for one in details["personal"]}
    assert {one for one in said if one[0] != "tag"} == {
        ("principal", "ben"),
        ("client_address", "127.0.0.1"),
    }
    assert ("tag", "user_id=ana") in said
    record = details["record"]
    assert (record["workspace"], record["tier"]) == ("engineering", 1)
    assert record["workflow"] == QUESTIONS


async def test_no_claim_goes_on_to_the_model(gateway: Gateway, key: str) -> None:
    await ask(gateway.port, say(), key=key, headers=CLAIMS)
    head = gateway.upstream.heads[-1].lower()
    assert not [name for name in CLAIMS if name.encode() in head]
    assert key.encode() not in head


async def test_two_keys_in_one_request_are_never_mixed(gateway: Gateway, key: str) -> None:
    """The first header of its kind decides alone; a second one can't lend its rights."""
    headers = {"x-api-key": key, "api-key": key}
    answer = await ask(gateway.port, say(), key="nonsense", headers=headers)
    assert (answer.status, answer.code) == (401, "alos_key_unknown")


async def test_a_made_up_origin_does_not_get_a_stranger_around_the_rate(gateway: Gateway) -> None:
    """Ten are recorded one by one in a minute, from wherever they say they come."""
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(
                ask(gateway.port, say(), headers={"x-forwarded-for": f"10.0.0.{number}"})
            )
            for number in range(40)
        ]
    last = (await ask(gateway.port, method="GET", path="/v1/models", key="nonsense")).status
    assert last == 401
    await asyncio.sleep(0.5)
    rows = [gateway.index.get_call(task.result().call) for task in asked]
    assert Counter(row is not None for row in rows)[True] <= 20

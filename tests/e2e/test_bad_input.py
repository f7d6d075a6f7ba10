"""What parses as HTTP and is no proper call gets a clear 4xx in the client's own shape."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from alos.domain.ids import CallId
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import (
    CHAT,
    abandon,
    ask,
    exchange,
    read_answer,
    say,
    write_request,
)

_HUGE = 50_000_000
_MEGABYTE = 1_000_000

MALFORMED: dict[str, Any] = {
    "nothing": b"",
    "no JSON": b"{'messages': []}",
    "half an object": b'{"messages": [',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "no messages": {},
    "messages as a number": {"messages": 1},
    "messages as an object": {"messages": {"role": "user"}},
    "a message as a string": {"messages": ["hi"]},
    "a role that is none": {"messages": [{"role": "root", "content": "hi"}]},
    "a role as a list": {"messages": [{"role": ["user"], "content": "hi"}]},
    "content as a number": {"messages": [{"role": "user", "content": 7}]},
    "stream as a word": say(stream="yes"),
    "n as a fraction": say(n=1.5),
    "n as true": say(n=True),
    "max_tokens below one": say(max_tokens=-1),
    "temperature as a word": say(temperature="hot"),
    "model as a list": say(model=["a"]),
    "tools as a word": say(tools="all"),
    "our own field misspelt": say(alos={"promt": "x"}),
    "a prompt that is none": say(alos={"prompt": "nope"}),
    "a field twice": b'{"messages": [], "n": 1, "n": 2, "messages": []}',
    "NaN": b'{"messages": [{"role": "user", "content": "hi"}], "temperature": NaN}',
    "a number beyond all bounds": b'{"messages": [{"role":"user","content":"x"}], "seed": 1e999}',
    "bytes that are no UTF-8": b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}',
    "UTF-16": json.dumps(say()).encode("utf-16"),
    "half a surrogate pair": b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
    "lists a hundred thousand deep": b"[" * 100_000,
    "objects ten thousand deep": b'{"messages":' * 10_000,
    "nesting in a field": b'{"messages": [], "metadata": %b}' % (b"[" * 900 + b"]" * 900),
}


@pytest.fixture(scope="module")
def recorded() -> dict[str, int]:
    """What must stand in the records in the end: call → status."""
    return {}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_body_is_422_and_recorded(
    gateway: Gateway, key: str, recorded: dict[str, int], body: object
) -> None:
    before = gateway.upstream.bytes_received
    answer = await ask(gateway.port, body, key=key)
    assert (answer.status, answer.code) == (422, "alos_body_malformed"), answer.body
    assert answer.headers["x-should-retry"] == "false"
    assert gateway.upstream.bytes_received == before
    recorded[answer.call] = 422


async def test_a_compressed_body_is_refused_with_the_reason(
    gateway: Gateway, key: str, recorded: dict[str, int]
) -> None:
    body = gzip.compress(json.dumps(say()).encode())
    answer = await ask(gateway.port, body, key=key, headers={"content-encoding": "gzip"})
    assert (answer.status, answer.code) == (422, "alos_body_malformed")
    assert "content-encoding" in answer.message
    recorded[answer.call] = 422


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_wrong_method_is_405_and_names_the_right_one(
    gateway: Gateway, key: str, recorded: dict[str, int], method: str
) -> None:
    answer = await ask(gateway.port, say(), key=key, method=method)
    assert (answer.status, answer.code) == (405, "alos_method_not_allowed")
    assert answer.headers["allow"] == "POST"
    recorded[answer.call] = 405


async def test_head_gets_the_same_answer_without_a_body(gateway: Gateway, key: str) -> None:
    answer = await ask(gateway.port, key=key, method="HEAD")
    assert (answer.status, answer.body) == (405, b"")


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v1/", f"{CHAT}/", "/v1/chat/completions%2f", "//v1/chat/completions",
     "/V1/models", "/v1/chat/../models",
     "/openai/deployments/x/chat/completions",
     "/" + "a" * 8_000],
)  # fmt: skip
async def test_an_unknown_path_is_404_and_recorded(
    gateway: Gateway, key: str, recorded: dict[str, int], path: str
) -> None:
    answer = await ask(gateway.port, say(), key=key, path=path)
    assert (answer.status, answer.code) == (404, "alos_endpoint_unknown")
    recorded[answer.call] = 404


@pytest.mark.parametrize("path", ["/api/v1/keys", "/api/v1/nothing", "/console/"])
async def test_a_models_key_opens_nothing_of_the_management(
    gateway: Gateway, key: str, path: str
) -> None:
    answer = await ask(gateway.port, say(), key=key, path=path)
    assert answer.status in {401, 404}
    assert "x-alos-call" not in answer.headers


async def test_an_anthropic_client_gets_its_own_error_shape(gateway: Gateway, key: str) -> None:
    answer = await ask(gateway.port, b"{", key=key, path="/v1/messages")
    document = json.loads(answer.body)
    assert answer.status == 422
    assert document["type"] == "error"
    assert document["error"]["type"] == "invalid_request_error"


def write_chunked(size: int, key: str) -> bytes:
    """A request of so many bytes that does not say so beforehand."""
    head = write_request(key=key, headers={"transfer-encoding": "chunked"})
    chunk = b"%x\r\n%b\r\n" % (_MEGABYTE, b"x" * _MEGABYTE)
    return head + chunk * (size // _MEGABYTE) + b"0\r\n\r\n"


@pytest.mark.parametrize("how", ["announced", "chunked", "expecting"])
async def test_a_body_of_fifty_megabytes_is_413_and_costs_no_memory(
    gateway: Gateway, key: str, recorded: dict[str, int], how: str
) -> None:
    if how == "chunked":
        raw = write_chunked(_HUGE, key)
    else:
        headers = {"expect": "100-continue"} if how == "expecting" else {}
        raw = write_request(b"x" * _HUGE, key=key, headers=headers)
    before = gateway.rss_bytes
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(exchange(gateway.port, raw)) for _ in range(4)]
        await asyncio.sleep(0.2)
        during = gateway.rss_bytes
    for task in asked:
        answer = read_answer(task.result())
        assert (answer.status, answer.code) == (413, "alos_body_too_large")
        recorded[answer.call] = 413
    assert max(during, gateway.rss_bytes) - before < 60 * _MEGABYTE


@pytest.mark.parametrize(
    "presented", [None, "alos_unknown1_" + "A" * 43], ids=["no key", "a wrong key"]
)
async def test_a_stranger_with_a_large_body_reads_why_and_nothing_of_it_is_kept(
    gateway: Gateway, presented: str | None
) -> None:
    """Ten megabytes of each of forty strangers would be four hundred."""
    whole = write_request(b"x" * 9_900_000, key=presented)
    answer = read_answer(await exchange(gateway.port, whole))
    assert (answer.status, answer.code[:9]) == (401, "alos_key_")
    before = gateway.rss_bytes
    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(abandon(gateway.port, whole[:-1], after_seconds=1))
        await asyncio.sleep(0.9)
        during = gateway.rss_bytes
    assert during - before < 60 * _MEGABYTE


async def test_a_connection_is_used_again_after_a_refusal(gateway: Gateway, key: str) -> None:
    """Nine refusals and one answer, one after the other on one connection."""
    bad = write_request(b"{", key=key, headers={"connection": "keep-alive"})
    good = write_request(say(), key=key)
    raw = await exchange(gateway.port, bad * 9 + good)
    assert raw.count(b"HTTP/1.1 422 ") == 9
    assert raw.count(b"HTTP/1.1 200 ") == 1


def test_every_refusal_above_is_recorded_with_its_status(
    gateway: Gateway, recorded: dict[str, int]
) -> None:
    gateway.wait_until_shipped(next(reversed(recorded)))
    rows = {call: gateway.index.get_call(CallId(call)) for call in recorded}
    assert {
        call: row.closing.http_status for call, row in rows.items() if row and row.closing
    } == recorded


def test_the_gateway_is_still_up_and_logged_no_fault(gateway: Gateway) -> None:
    assert gateway.get("/healthz") == (200, b"ok\n")
    assert "Traceback" not in gateway.log

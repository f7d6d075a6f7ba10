"""Claude-Code-shaped traffic through the whole gateway, to the real model."""

import json

import pytest

from alos.domain.record import Outcome
from tests.clients.claude_code import COUNT_PATH, HEADERS, PATH, build_count, build_request
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import Answer, ask

pytestmark = pytest.mark.timeout(600)
WORDS = 300
"""Of the system prompt: the model's context is small; the long one is read without it."""


async def post(gateway: Gateway, key: str, path: str, body: object) -> Answer:
    headers = {**HEADERS, "x-api-key": key}
    return await ask(gateway.port, body, path=path, headers=headers, timeout=500)


async def test_it_counts_then_streams_and_leaves_a_record(gateway: Gateway, key: str) -> None:
    counted = await post(gateway, key, COUNT_PATH, build_count(model="small-local", words=WORDS))
    assert counted.status == 200, counted.body
    assert json.loads(counted.body)["input_tokens"] > 300
    body = build_request(model="small-local", words=WORDS, max_tokens=24)
    body["thinking"] = {"type": "disabled"}
    answer = await post(gateway, key, PATH, body)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line[7:] for line in answer.body.decode().splitlines() if line.startswith("event: ")]
    assert events[0] == "message_start"
    assert events[-1] == "message_stop"
    record = gateway.wait_until_shipped(answer.headers["request-id"])
    assert record["record"]["outcome"] == Outcome.ANSWERED
    assert (
        record["record"]["prompt_version"].startswith("observed@") or record["record"]["facts"]
    ), "the client's own prompt is observed"
    tags = [one["value"] for one in record["personal"] if one["name"] == "tag"]
    assert any(tag.startswith("user_id=") for tag in tags)
    offered = {one["name"] for one in record["record"]["tools"]}
    assert {"Bash", "Edit", "mcp__tracker__get_issue"} <= offered


async def test_its_long_prompt_is_checked_and_the_models_own_no_comes_through(
    gateway: Gateway, key: str
) -> None:
    answer = await post(gateway, key, PATH, build_request(model="small-local", words=20_000))
    assert answer.status == 400, answer.body
    assert json.loads(answer.body)["error"]["type"]


async def test_a_credential_deep_in_a_tool_result_is_refused(gateway: Gateway, key: str) -> None:
    body = build_request(model="small-local", words=WORDS)
    body["messages"][2]["content"][0]["content"] = "AWS_SECRET=AKIA" + "Q3EGRWLWXBN7ZP2M"
    answer = await post(gateway, key, PATH, body)
    assert answer.status == 403
    assert "alos_secret_found" in json.loads(answer.body)["error"]["message"]

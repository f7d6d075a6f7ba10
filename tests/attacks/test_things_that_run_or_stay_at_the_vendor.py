"""A caller has the vendor keep their data, run tools, or fetch what no detector sees."""

from typing import Any

import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say

_IMAGE_URL = {"type": "image_url", "image_url": {"url": "https://files.example/secret.png"}}
_FILE = {"type": "file", "file": {"file_id": "file-abc123"}}
_AUDIO = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}

ATTACKS: dict[str, tuple[dict[str, Any], str]] = {
    "stored state": (say(store=True), "alos_part_opaque"),
    "stored state by another truth": (say(store=1), "alos_part_opaque"),
    "a remote image": (
        {"messages": [{"role": "user", "content": [_IMAGE_URL]}]},
        "alos_part_opaque",
    ),
    "a file by reference": (
        {"messages": [{"role": "user", "content": [_FILE]}]},
        "alos_part_opaque",
    ),
    "audio": ({"messages": [{"role": "user", "content": [_AUDIO]}]}, "alos_part_opaque"),
    "stored audio": (
        {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]},
        "alos_part_opaque",
    ),
    "a web search": (say(web_search_options={}), "alos_part_hosted"),
    "a hosted tool": (say(tools=[{"type": "web_search"}]), "alos_part_hosted"),
    "code at the vendor": (
        say(tools=[{"type": "code_interpreter", "container": {"type": "auto"}}]),
        "alos_part_hosted",
    ),
    "a remote tool server": (
        say(tools=[{"type": "mcp", "server_url": "https://tools.example", "server_label": "x"}]),
        "alos_part_hosted",
    ),
}


@pytest.mark.parametrize(("body", "code"), ATTACKS.values(), ids=ATTACKS.keys())
async def test_it_is_refused_with_nothing_sent_and_recorded_as_what_it_is(
    gateway: Gateway, key: str, body: dict[str, Any], code: str
) -> None:
    before = gateway.upstream.bytes_received
    answer = await ask(gateway.port, body, key=key)
    assert (answer.status, answer.code) == (403, code), answer.body
    assert gateway.upstream.bytes_received == before
    assert gateway.wait_until_shipped(answer.call)["record"]["reason"] == code


RESPONSES: dict[str, tuple[dict[str, Any], str]] = {
    "the answer before": (
        {"input": "go on", "previous_response_id": "resp_1"},
        "alos_part_opaque",
    ),
    "a conversation": ({"input": "go on", "conversation": "conv_1"}, "alos_part_opaque"),
    "a stored prompt": ({"input": "go on", "prompt": {"id": "pmpt_1"}}, "alos_part_opaque"),
    "background work": ({"input": "go on", "background": True}, "alos_body_malformed"),
    "a hosted search": ({"input": "x", "tools": [{"type": "web_search"}]}, "alos_part_hosted"),
    "a vendor's computer": (
        {"input": "x", "tools": [{"type": "computer_use_preview"}]},
        "alos_part_hosted",
    ),
}


@pytest.mark.parametrize(("body", "code"), RESPONSES.values(), ids=RESPONSES.keys())
async def test_the_responses_path_is_no_way_around(
    gateway: Gateway, key: str, body: dict[str, Any], code: str
) -> None:
    before = gateway.upstream.bytes_received
    answer = await ask(gateway.port, body, key=key, path="/v1/responses")
    assert answer.code == code, answer.body
    assert answer.status in {403, 422}
    assert gateway.upstream.bytes_received == before
    assert gateway.wait_until_shipped(answer.call)["record"]["reason"] == code

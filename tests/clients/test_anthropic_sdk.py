"""The anthropic SDK with only base URL and key changed, against the real model."""

from typing import Any

import anthropic
import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.samples import make_aws_key_id

pytestmark = pytest.mark.timeout(300)
ASKED: dict[str, Any] = {
    "model": "small-local",
    "max_tokens": 24,
    "extra_body": {"temperature": 0},
    "system": "Answer in one short sentence.",
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
}


@pytest.fixture
def client(gateway: Gateway, key: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=gateway.url, api_key=key, timeout=250, max_retries=0)


def test_a_plain_answer(client: anthropic.Anthropic, gateway: Gateway) -> None:
    raw = client.messages.with_raw_response.create(**ASKED)
    message = raw.parse()
    block = message.content[0]
    assert block.type == "text"
    assert "Paris" in block.text
    assert message.usage.output_tokens > 0
    assert raw.headers["request-id"] == raw.headers["x-alos-call"] == message._request_id
    assert int(raw.headers["anthropic-ratelimit-requests-remaining"]) > 0
    gateway.wait_until_shipped(raw.headers["x-alos-call"])


def test_a_bearer_token_is_as_good_as_the_key_header(gateway: Gateway, key: str) -> None:
    client = anthropic.Anthropic(base_url=gateway.url, auth_token=key, api_key=None, timeout=250)
    assert client.messages.create(**ASKED).content


def test_a_stream(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**ASKED) as events:
        pieces = list(events.text_stream)
        message = events.get_final_message()
    assert "Paris" in "".join(pieces)
    assert len(pieces) > 2
    assert message.stop_reason in {"end_turn", "max_tokens"}
    assert events.request_id is not None


def test_tokens_are_counted_free_of_charge(client: anthropic.Anthropic) -> None:
    counting = {name: ASKED[name] for name in ("model", "system", "messages")}
    raw = client.messages.with_raw_response.count_tokens(**counting)
    assert raw.parse().input_tokens > 10
    assert raw.headers["x-alos-cost-usd"] == "0"


def test_a_refusal_is_the_sdks_own_error(client: anthropic.Anthropic) -> None:
    text = f"Is {make_aws_key_id()} still valid?"
    with pytest.raises(anthropic.PermissionDeniedError, match="alos_secret_found") as raised:
        client.messages.create(**{**ASKED, "messages": [{"role": "user", "content": text}]})
    assert raised.value.request_id is not None

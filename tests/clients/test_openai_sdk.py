"""The openai SDK with only base URL and key changed, against the real model."""

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from alos.domain.record import Outcome
from tests.e2e.gateway import Gateway
from tests.e2e.samples import make_aws_key_id

pytestmark = pytest.mark.timeout(300)
QUESTION: list[Any] = [
    {"role": "system", "content": "Answer in one short sentence."},
    {"role": "user", "content": "What is the capital of France?"},
]


class Verdict(BaseModel):
    """What a structured answer has to be."""

    mood: str


@pytest.fixture
def client(gateway: Gateway, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, timeout=250, max_retries=0)


def test_a_plain_answer_and_its_headers(client: openai.OpenAI, gateway: Gateway) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="smollm2-135m-instruct", messages=QUESTION, max_tokens=24, temperature=0
    )
    answer = raw.parse()
    assert "Paris" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    assert raw.headers["x-request-id"] == raw.headers["x-alos-call"] == answer._request_id
    assert int(raw.headers["x-ratelimit-remaining-requests"]) > 0
    record = gateway.wait_until_shipped(raw.headers["x-alos-call"])["record"]
    assert (record["model"], record["outcome"]) == ("small-local", Outcome.ANSWERED)


def test_a_stream_with_and_without_usage(client: openai.OpenAI) -> None:
    for options, expected in (({}, False), ({"include_usage": True}, True)):
        stream = client.chat.completions.create(
            model="workflow/internal-doc-qa",
            messages=QUESTION,
            max_tokens=24,
            temperature=0,
            stream=True,
            **({"stream_options": options} if options else {}),
        )
        chunks = list(stream)
        text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
        assert "Paris" in text
        assert len(chunks) > 3
        assert any(one.usage is not None for one in chunks) == expected


def test_structured_output(client: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"mood": {"type": "string", "enum": ["happy", "sad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    answer = client.chat.completions.create(
        model="small-local",
        messages=[{"role": "user", "content": "I won a prize! What is my mood?"}],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "verdict", "schema": schema, "strict": True},
        },
        max_tokens=24,
        temperature=0,
    )
    assert json.loads(answer.choices[0].message.content or "")["mood"] in {"happy", "sad"}
    parsed = client.chat.completions.parse(
        model="small-local",
        messages=[{"role": "user", "content": "I won a prize! My mood in one word?"}],
        response_format=Verdict,
        max_tokens=40,
        temperature=0,
    )
    assert isinstance(parsed.choices[0].message.parsed, Verdict)


def test_responses_whole_and_streamed(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {
        "model": "small-local",
        "instructions": "Answer in one short sentence.",
        "input": "What is the capital of France?",
        "max_output_tokens": 24,
        "temperature": 0,
    }
    assert "Paris" in client.responses.create(**asked).output_text
    events = list(client.responses.create(**asked, stream=True))
    pieces = [one.delta for one in events if one.type == "response.output_text.delta"]
    assert "Paris" in "".join(pieces)
    assert events[-1].type == "response.completed"


def test_what_the_key_may_use_is_listed(client: openai.OpenAI) -> None:
    assert [one.id for one in client.models.list()] == ["workflow/internal-doc-qa", "small-local"]


def test_a_refusal_is_the_sdks_own_error(client: openai.OpenAI, gateway: Gateway) -> None:
    with pytest.raises(openai.PermissionDeniedError) as raised:
        client.chat.completions.create(
            model="small-local",
            messages=[{"role": "user", "content": f"Is {make_aws_key_id()} still valid?"}],
        )
    assert raised.value.code == "alos_secret_found"
    assert raised.value.request_id is not None
    record = gateway.wait_until_shipped(raised.value.request_id)["record"]
    assert (record["outcome"], record["sent_hash"]) == (Outcome.REFUSED, None)


def test_the_models_own_error_comes_through(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model="small-local", messages=[{"role": "user", "content": "go on " * 9_000}]
        )


def test_a_repeat_under_an_idempotency_key_costs_nothing(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {
        "model": "small-local",
        "messages": QUESTION,
        "max_tokens": 8,
        "extra_headers": {"Idempotency-Key": "ask-once"},
    }
    one = client.chat.completions.with_raw_response.create(**asked)
    two = client.chat.completions.with_raw_response.create(**asked)
    assert one.content == two.content
    assert two.headers["x-alos-replayed-from"] == one.headers["x-alos-call"]
    assert float(one.headers["x-alos-cost-usd"]) > 0 == float(two.headers["x-alos-cost-usd"])

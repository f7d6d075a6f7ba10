"""The door as the vendors' own clients see it."""

from typing import Any

import anthropic
import msgspec
import openai
import pytest

from alos.domain.refusal import ReasonCode, Refusal
from alos.gateway.wire.formats import FORMATS
from alos.server.http_guard import build_protocol
from tests.gateway.scripted import Scripted, answer, say_no, serve, stream
from tests.gateway.test_door import listing
from tests.gateway.wire.golden import load, load_request

ASK: dict[str, Any] = {
    "model": "workflow/code",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "hi"}],
}
RESPOND: dict[str, Any] = {"model": "workflow/help", "input": "hi"}


def open_anthropic(url: str, retries: int = 0) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=url, api_key="alos_k", max_retries=retries)


def open_openai(url: str, retries: int = 0) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="alos_k", max_retries=retries)


async def test_anthropic_reads_an_answer() -> None:
    pipeline = Scripted(answer(load("anthropic-messages", "answer.json")))
    async with serve(pipeline, http=build_protocol()) as url, open_anthropic(url) as client:
        message = await client.messages.create(**ASK)
    assert message.content[1].text == "It prints hi."  # type: ignore[union-attr]
    headers = pipeline.calls[0].headers
    assert b"alos_k" in headers.get(b"x-api-key", b"") + headers.get(b"authorization", b"")
    assert pipeline.calls[0].wire_format == "anthropic-messages"


async def test_anthropic_reads_a_stream_with_our_comment_in_it() -> None:
    events = load("anthropic-messages", "stream.sse").split(b"\n\n")
    pieces = [event + b"\n\n" for event in events if event]
    pieces.insert(-1, b': alos {"cost_usd":"0.1"}\n\n')
    async with (
        serve(Scripted(stream(*pieces))) as url,
        open_anthropic(url) as client,
        client.messages.stream(**ASK) as events_of,
    ):
        text = "".join([one async for one in events_of.text_stream])
        message = await events_of.get_final_message()
    assert text == "It prints hi."
    assert message.usage.output_tokens == 60
    assert message.content[2].input == {"command": "python main.py"}  # type: ignore[union-attr]


async def test_anthropic_counts_tokens_and_lists_models() -> None:
    pipeline = Scripted(answer(b'{"input_tokens":7}'))
    counting = {key: value for key, value in ASK.items() if key != "max_tokens"}
    async with serve(pipeline) as url, open_anthropic(url) as client:
        assert (await client.messages.count_tokens(**counting)).input_tokens == 7
        assert pipeline.calls[0].wire_format == "anthropic-count-tokens"
        pipeline.script = listing
        assert [one.id async for one in client.models.list()] == ["workflow/help", "small"]


@pytest.mark.parametrize(
    ("code", "error", "tries"),
    [
        (ReasonCode.KEY_EXPIRED, anthropic.AuthenticationError, 1),
        (ReasonCode.PII_FOUND, anthropic.PermissionDeniedError, 1),
        (ReasonCode.BUDGET_EXCEEDED, anthropic.APIStatusError, 1),
        (ReasonCode.BODY_TOO_LARGE, anthropic.APIStatusError, 1),
        (ReasonCode.BODY_MALFORMED, anthropic.UnprocessableEntityError, 1),
        (ReasonCode.RATE_LIMITED, anthropic.RateLimitError, 2),
        (ReasonCode.JOURNAL_DOWN, anthropic.InternalServerError, 2),
    ],
)
async def test_anthropic_raises_its_own_errors_and_repeats_no_policy_refusal(
    code: ReasonCode, error: type[anthropic.APIStatusError], tries: int
) -> None:
    pipeline = Scripted(say_no(code))
    async with serve(pipeline) as url, open_anthropic(url, retries=1) as client:
        with pytest.raises(error) as raised:
            await client.messages.create(**ASK)
    assert code.value in raised.value.message
    assert raised.value.request_id == pipeline.calls[-1].id
    assert len(pipeline.calls) == tries


@pytest.mark.parametrize("name", ["anthropic-messages", "openai-responses"])
async def test_a_cut_stream_is_an_error(name: str) -> None:
    reader = FORMATS[name].open_stream(load_request(name))
    cut = reader.write_cut(Refusal(code=ReasonCode.WORKFLOW_STOPPED), "call_1")
    first = load(name, "stream.sse").split(b"\n\n")[0] + b"\n\n"
    async with serve(Scripted(stream(first, cut))) as url:
        if name == "anthropic-messages":
            async with open_anthropic(url) as client:
                events = await client.messages.create(**ASK, stream=True)
                with pytest.raises(anthropic.APIError, match="alos_workflow_stopped"):
                    [event async for event in events]
        else:
            async with open_openai(url) as other:
                pieces = await other.responses.create(**RESPOND, stream=True)
                with pytest.raises(openai.APIError, match="kill switch") as raised:
                    [piece async for piece in pieces]
            assert raised.value.code == "alos_workflow_stopped"


async def test_openai_reads_responses_whole_and_streamed() -> None:
    whole = Scripted(answer(load("openai-responses", "answer.json")))
    async with serve(whole) as url, open_openai(url) as client:
        assert (await client.responses.create(**RESPOND)).output_text == "It is on its way."
    pieces = [
        one + b"\n\n" for one in load("openai-responses", "stream.sse").split(b"\n\n") if one
    ]
    pieces.insert(-1, b": alos {}\n\n")
    async with (
        serve(Scripted(stream(*pieces))) as url,
        open_openai(url) as client,
        client.responses.stream(**RESPOND) as events,
    ):
        final = await events.get_final_response()
    assert final.output_text == "It is on its way."
    assert final.usage is not None
    assert final.usage.total_tokens == 380


async def test_openai_reads_embeddings_and_tool_calls() -> None:
    vectors = Scripted(answer(load("openai-embeddings", "answer.json")))
    async with serve(vectors) as url, open_openai(url) as client:
        given = await client.embeddings.create(
            model="m", input=["a", "b"], encoding_format="float"
        )
    assert given.data[1].embedding == [0.1, 0.2, 0.3]
    calling = Scripted(answer(load("openai-chat", "answer.json")))
    async with serve(calling) as url, open_openai(url) as client:
        whole = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        )
    calls = whole.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.name == "find_order"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic-messages"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_our_own_static_answers_are_read_by_the_clients(
    name: str, *, streamed: bool
) -> None:
    wire = FORMATS[name]
    document = dict(load_request(name).document) | {"stream": streamed}
    request = wire.read(msgspec.json.encode(document))
    assert not isinstance(request, Refusal)
    body = wire.write_static(request, "We are closed.", "call_1")
    script = stream(body) if streamed else answer(body)
    async with serve(Scripted(script)) as url:
        assert await _ask(name, url, streamed=streamed) == "We are closed."


async def _ask(name: str, url: str, *, streamed: bool) -> str:
    if name == "anthropic-messages":
        async with open_anthropic(url) as client:
            if not streamed:
                message = await client.messages.create(**ASK)
                return message.content[0].text  # type: ignore[union-attr]
            async with client.messages.stream(**ASK) as events:
                return await events.get_final_text()
    async with open_openai(url) as other:
        if name == "openai-responses":
            if not streamed:
                return (await other.responses.create(**RESPOND)).output_text
            async with other.responses.stream(**RESPOND) as pieces:
                return (await pieces.get_final_response()).output_text
        chat: dict[str, Any] = {"model": "m", "messages": ASK["messages"]}
        if not streamed:
            whole = await other.chat.completions.create(**chat)
            return whole.choices[0].message.content or ""
        chunks = await other.chat.completions.create(**chat, stream=True)
        return "".join([one.choices[0].delta.content or "" async for one in chunks if one.choices])

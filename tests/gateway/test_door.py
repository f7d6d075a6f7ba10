import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import openai
import pytest

from alos.domain.call import Call
from alos.domain.ids import ModelName, WorkflowId
from alos.domain.outcome import Listed, Outcome, Streaming
from alos.domain.refusal import ReasonCode, Refusal
from alos.gateway.body import BodyLimits
from alos.gateway.errors import get_status
from alos.gateway.wire.formats import FORMATS
from alos.server.http_guard import build_protocol
from tests.gateway.scripted import Scripted, answer, say_no, serve, stream

KEY = {"authorization": "Bearer alos_k"}
SMALL = BodyLimits(max_bytes=1_000, timeout_seconds=0.4, drain_bytes=100_000, drain_seconds=0.5)


async def ask(
    base_url: str,
    path: str = "/v1/chat/completions",
    *,
    method: str = "POST",
    body: bytes = b"{}",
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """One request by raw socket: status, headers, body."""
    given = {"host": "x", "connection": "close"} | (KEY if headers is None else headers)
    if body and "transfer-encoding" not in given:
        given.setdefault("content-length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    data = await say(base_url, f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
    head, _, content = data.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    return int(first.split(" ")[1]), dict(line.split(": ", 1) for line in rest), content


async def say(base_url: str, request: bytes) -> bytes:
    """Send on a new connection; return all that comes until it closes."""
    host, port = base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def read_error(content: bytes) -> dict[str, Any]:
    error: dict[str, Any] = msgspec.json.decode(content)["error"]
    return error


async def test_an_answer_goes_out_as_the_pipeline_gave_it() -> None:
    pipeline = Scripted(answer(b'{"id":"x"}'))
    async with serve(pipeline) as url:
        status, headers, body = await ask(url, body=b'{"model":"m"}')
    assert (status, body) == (200, b'{"id":"x"}')
    call = pipeline.calls[0]
    assert call.body == b'{"model":"m"}'
    assert call.wire_format == "openai-chat"
    assert call.client_address == "127.0.0.1"
    assert headers["x-alos-call"] == call.id
    assert headers["content-length"] == "10"
    assert call.headers[b"authorization"] == b"Bearer alos_k"


@pytest.mark.parametrize("code", list(ReasonCode))
async def test_every_reason_becomes_its_status_and_the_formats_error(code: ReasonCode) -> None:
    pipeline = Scripted(say_no(code, retry_after_seconds=7))
    async with serve(pipeline) as url:
        status, headers, body = await ask(url)
    error = read_error(body)
    assert status == get_status(code)
    assert error["code"] == code.value
    assert pipeline.calls[0].id in error["message"]
    assert headers["retry-after"] == "7"
    assert headers["content-type"] == "application/json"
    retries = status in (408, 409, 429) or status >= 500
    assert ("x-should-retry" in headers) is not retries


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("OPTIONS", "/v1/embeddings", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/v1/completions", 404),
        ("POST", "/v1/chat/completions/", 404),
        ("GET", "/v1/%2e%2e/api", 404),
        ("DELETE", "/", 404),
    ],
)
async def test_wrong_paths_and_methods_go_through_the_pipeline_too(
    method: str, path: str, status: int
) -> None:
    pipeline = Scripted(answer(b""))
    async with serve(pipeline) as url:
        got, headers, body = await ask(url, path, method=method)
    assert got == status
    assert read_error(body)["code"].startswith("alos_")
    assert len(pipeline.calls) == 1
    assert ("allow" in headers) is (status == 405)


async def test_a_head_request_is_405_without_a_body() -> None:
    async with serve(Scripted(answer(b""))) as url:
        status, headers, body = await ask(url, method="HEAD", body=b"")
    assert (status, headers["allow"], body) == (405, "POST", b"")


async def test_without_a_key_no_body_is_read() -> None:
    pipeline = Scripted(answer(b""))
    async with serve(pipeline, limits=SMALL) as url:
        headers = {"content-length": "100000000"}
        status, _, body = await ask(url, body=b"{}", headers=headers)
    assert (status, read_error(body)["code"]) == (401, "alos_key_missing")
    assert pipeline.calls[0].body == b""


@pytest.mark.parametrize("declared", ["length", "chunked", "expect"])
async def test_too_large_a_body_is_413_recorded_and_its_sender_gets_to_read_why(
    declared: str,
) -> None:
    pipeline = Scripted(answer(b""))
    body, headers = b"x" * 50_000, dict(KEY)
    if declared == "chunked":
        headers["transfer-encoding"] = "chunked"
        body = b"c350\r\n" + body + b"\r\n0\r\n\r\n"
    if declared == "expect":
        headers |= {"expect": "100-continue", "content-length": "50000"}
        body = b""
    async with serve(pipeline, limits=SMALL) as url:
        status, got, content = await ask(url, body=body, headers=headers)
    assert (status, read_error(content)["code"]) == (413, "alos_body_too_large")
    assert pipeline.calls[0].body is None
    assert got["connection"] == "close"


async def test_a_body_exactly_at_the_bound_is_taken() -> None:
    pipeline = Scripted(answer(b"{}"))
    async with serve(pipeline, limits=SMALL) as url:
        assert (await ask(url, body=b"x" * 1_000))[0] == 200
        assert (await ask(url, body=b"x" * 1_001))[0] == 413


async def test_a_body_that_does_not_come_is_408_and_recorded() -> None:
    pipeline = Scripted(answer(b""))
    async with serve(pipeline, limits=SMALL) as url:
        status, _, body = await ask(url, headers=KEY | {"content-length": "50"})
    assert (status, read_error(body)["code"]) == (408, "alos_body_timeout")
    assert len(pipeline.calls) == 1


async def test_a_caller_who_hangs_up_in_the_middle_of_the_body_is_recorded() -> None:
    pipeline = Scripted(answer(b""))
    async with serve(pipeline) as url:
        host, port = url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n"
            b"content-length: 100\r\n\r\nhalf"
        )
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.sleep(0.1)
    refusal = pipeline.calls[0].door_refusal
    assert refusal is not None
    assert refusal.code is ReasonCode.BODY_MALFORMED


async def test_a_door_that_breaks_refuses_and_says_nothing_about_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_call: Call) -> Outcome:
        raise RuntimeError("the prompt was: my secret")

    async with serve(Scripted(broken)) as url:
        status, _, body = await ask(url)
    assert (status, read_error(body)["code"]) == (503, "alos_fault")
    assert "my secret" not in caplog.text + body.decode()
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_caller_who_hangs_up_cancels_a_plain_call(*, guarded: bool) -> None:
    started = asyncio.Event()

    async def never(_call: Call) -> Outcome:
        started.set()
        await asyncio.sleep(60)
        raise AssertionError

    pipeline = Scripted(never)
    async with serve(pipeline, **_guard(guarded=guarded)) as url:
        task = asyncio.ensure_future(ask(url))
        await started.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.wait_for(pipeline.cancelled.wait(), 2)


def _guard(*, guarded: bool) -> dict[str, Any]:
    return {"http": build_protocol()} if guarded else {}


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_caller_who_hangs_up_closes_the_stream_at_once(*, guarded: bool) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            yield b"data: 1\n\n"
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)  # closing a record takes a while, and is let finish
            closed.set()

    async def script(_call: Call) -> Outcome:
        return Streaming(status=200, headers=[], chunks=endless())

    async with serve(Scripted(script), **_guard(guarded=guarded)) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n"
            b"content-length: 2\r\n\r\n{}"
        )
        await reader.readuntil(b"data: 1\n\n")
        writer.close()
        await asyncio.wait_for(closed.wait(), 2)


async def test_a_stream_arrives_piece_by_piece_and_ends() -> None:
    async with serve(Scripted(stream(b"data: a\n\n", b"data: b\n\n", pause_seconds=0.1))) as url:
        status, headers, body = await ask(url)
    assert status == 200
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert body == b"9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n"


async def test_a_stream_that_breaks_is_cut_off_and_never_looks_complete() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"data: a\n\n"
        raise RuntimeError

    async def script(_call: Call) -> Outcome:
        return Streaming(status=200, headers=[], chunks=broken())

    async with serve(Scripted(script)) as url:
        _, _, body = await ask(url)
    assert body == b"9\r\ndata: a\n\n\r\n"


async def listing(call: Call) -> Outcome:
    assert call.wire_format == "models"
    return Listed(
        call_id=call.id,
        headers=[(b"x-alos-call", call.id.encode())],
        workflows=((WorkflowId("help"), "Help desk"),),
        models=(ModelName("small"),),
    )


async def test_models_are_listed_in_either_shape() -> None:
    async with serve(Scripted(listing)) as url:
        _, _, ours = await ask(url, "/v1/models", method="GET", body=b"")
        headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
        _, _, theirs = await ask(url, "/v1/models", method="GET", body=b"", headers=headers)
    assert [row["id"] for row in msgspec.json.decode(ours)["data"]] == ["workflow/help", "small"]
    assert msgspec.json.decode(theirs)["data"][0]["display_name"] == "Help desk"


CHAT: dict[str, Any] = {"model": "workflow/help", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def chat_answer() -> bytes:
    return msgspec.json.encode(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "hello"},
                    "finish_reason": "stop",
                }
            ],
        }
    )


async def test_the_openai_client_reads_answers_models_and_streams(chat_answer: bytes) -> None:
    chunk = b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    pieces = (
        chunk + b'[{"index":0,"delta":{"content":"hel"}}]}\n\n',
        b": alos {}\n\n",
        chunk + b'[{"index":0,"delta":{"content":"lo"}}]}\n\n',
        b"data: [DONE]\n\n",
    )
    for script in (answer(chat_answer), stream(*pieces), listing):
        async with serve(Scripted(script), http=build_protocol()) as url:
            client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
            if script is listing:
                listed = [one.id async for one in client.models.list()]
                assert listed == ["workflow/help", "small"]
            elif b"choices" in chat_answer and script.__qualname__.startswith("answer"):
                whole = await client.chat.completions.create(**CHAT)
                assert whole.choices[0].message.content == "hello"
            else:
                events = await client.chat.completions.create(**CHAT, stream=True)
                text = [one.choices[0].delta.content async for one in events]
                assert text == ["hel", "lo"]
            await client.close()


@pytest.mark.parametrize(
    ("code", "error", "tries"),
    [
        (ReasonCode.KEY_UNKNOWN, openai.AuthenticationError, 1),
        (ReasonCode.SECRET_FOUND, openai.PermissionDeniedError, 1),
        (ReasonCode.WORKFLOW_STOPPED, openai.PermissionDeniedError, 1),
        (ReasonCode.BUDGET_EXCEEDED, openai.APIStatusError, 1),
        (ReasonCode.BODY_TOO_LARGE, openai.APIStatusError, 1),
        (ReasonCode.ENDPOINT_UNKNOWN, openai.NotFoundError, 1),
        (ReasonCode.BODY_MALFORMED, openai.UnprocessableEntityError, 1),
        (ReasonCode.RATE_LIMITED, openai.RateLimitError, 2),
        (ReasonCode.JOURNAL_DOWN, openai.InternalServerError, 2),
        (ReasonCode.UPSTREAM_FAILED, openai.InternalServerError, 2),
    ],
)
async def test_the_openai_client_raises_its_own_errors_and_repeats_no_policy_refusal(
    code: ReasonCode, error: type[openai.APIStatusError], tries: int
) -> None:
    pipeline = Scripted(say_no(code))
    async with serve(pipeline) as url:
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=1)
        with pytest.raises(error) as raised:
            await client.chat.completions.create(**CHAT)
        await client.close()
    assert raised.value.code == code.value
    assert raised.value.request_id == pipeline.calls[-1].id
    assert len(pipeline.calls) == tries


async def test_a_cut_stream_is_an_error_to_the_openai_client() -> None:

    wire = FORMATS["openai-chat"]
    request = wire.read(msgspec.json.encode({**CHAT, "stream": True}))
    assert not isinstance(request, Refusal)
    reader = wire.open_stream(request)
    cut = reader.write_cut(Refusal(code=ReasonCode.WORKFLOW_STOPPED), "call_1")
    async with serve(Scripted(stream(cut))) as url:
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
        events = await client.chat.completions.create(**CHAT, stream=True)
        with pytest.raises(openai.APIError, match="kill switch") as raised:
            async for _ in events:
                pass
        await client.close()
    assert raised.value.code == "alos_workflow_stopped"

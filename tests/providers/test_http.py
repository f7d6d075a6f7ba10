import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import pytest

from alos.domain.trace import get_span_id, write_traceparent
from alos.ports.provider import Broken, ProviderBroke, ProviderFailure
from alos.providers.credentials import open_credentials
from alos.providers.http import HttpAnswer, HttpLimits, HttpProvider
from tests.providers.peer import Peer, Script, answering, candidate, checked, model, serve

PATHS = {"openai-chat": "/v1/chat/completions", "anthropic-messages": "/v1/messages"}
SECRET = "sk-test-0123456789"


@pytest.fixture
async def provider() -> AsyncIterator[HttpProvider]:
    limits = HttpLimits(max_answer_bytes=100_000, max_stream_bytes=200_000)
    provider = HttpProvider(PATHS, open_credentials({"KEY": SECRET}), limits=limits)
    yield provider
    await provider.close()


async def send(provider: HttpProvider, base_url: str, **changes: float | str) -> HttpAnswer:
    answer = await provider.send(
        checked(), candidate(model(base_url, **changes)), within_seconds=30
    )
    assert isinstance(answer, HttpAnswer), answer
    return answer


async def fail(provider: HttpProvider, base_url: str, **changes: float | str) -> ProviderFailure:
    answer = await provider.send(
        checked(), candidate(model(base_url, **changes)), within_seconds=30
    )
    assert isinstance(answer, ProviderFailure), "an answer came"
    return answer


async def collect(answer: HttpAnswer) -> bytes:
    return b"".join([chunk async for chunk in answer.chunks()])


async def test_a_call_goes_out_with_our_headers_only_and_its_answer_comes_back(
    provider: HttpProvider,
) -> None:
    async with serve(answering(b'{"ok":true}', headers=b"x-request-id: r1\r\n")) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        assert (answer.status, await answer.read()) == (200, b'{"ok":true}')
        assert answer.headers == {"content-type": "application/json", "x-request-id": "r1"}
        await answer.close()
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"model":"m-1"}'
    assert head.split(b"\r\n") == [
        b"POST /v1/chat/completions HTTP/1.1",
        b"host: 127.0.0.1:%d" % peer.port,
        b"content-type: application/json",
        b"accept: application/json, text/event-stream",
        b"user-agent: alos",
        b"authorization: Bearer " + SECRET.encode(),
        b"traceparent: " + write_traceparent(checked().funded.admitted.call.id, None),
        b"content-length: 15",
    ]


async def test_connections_are_used_again(provider: HttpProvider) -> None:
    async with serve(answering(b"{}")) as peer:
        for _ in range(5):
            answer = await send(provider, f"http://127.0.0.1:{peer.port}")
            await answer.read()
            await answer.close()
    assert (peer.connections, len(peer.requests)) == (1, 5)


async def test_a_kept_connection_that_the_server_closes_is_replaced_without_a_failure(
    provider: HttpProvider,
) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        if len(peer.requests) != 2:  # the second request finds the connection closing
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            await peer.read(reader)

    async with serve(script) as peer:
        for _ in range(2):
            answer = await send(provider, f"http://127.0.0.1:{peer.port}")
            assert await answer.read() == b"{}"
            await answer.close()
    assert peer.connections == 2


@pytest.mark.parametrize(
    ("base_path", "path"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/openai/v1/", "/openai/v1/chat/completions"),
        ("/v1beta/openai/", "/v1beta/openai/chat/completions"),
    ],
)
async def test_base_urls_mean_what_they_mean_to_the_vendors_clients(
    provider: HttpProvider, base_path: str, path: str
) -> None:
    async with serve(answering(b"{}")) as peer:
        await (await send(provider, f"http://127.0.0.1:{peer.port}{base_path}")).close()
    assert peer.requests[0].startswith(f"POST {path} HTTP/1.1\r\n".encode())


async def test_anthropic_gets_its_own_key_header_version_and_the_callers_betas(
    provider: HttpProvider,
) -> None:
    async with serve(answering(b"{}")) as peer:
        call = checked(
            "anthropic-messages",
            anthropic_beta="interleaved-thinking-2025-05-14, context-1m-2025-08-07",
            authorization="Bearer alos_callers_key",
            cookie="a=b",
        )
        one = candidate(model(f"http://127.0.0.1:{peer.port}/anthropic"))
        answer = await provider.send(call, one, within_seconds=30)
        assert isinstance(answer, HttpAnswer)
        await answer.close()
    request = peer.requests[0]
    assert request.startswith(b"POST /anthropic/v1/messages HTTP/1.1\r\n")
    assert b"x-api-key: " + SECRET.encode() in request
    assert b"anthropic-version: 2023-06-01\r\n" in request
    assert b"anthropic-beta: interleaved-thinking-2025-05-14\r\n" in request
    assert b"callers_key" not in request
    assert b"cookie" not in request


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a b", "é", "A" * 3000])
async def test_a_callers_header_can_not_smuggle_anything(
    provider: HttpProvider, value: str
) -> None:
    async with serve(answering(b"{}")) as peer:
        call = checked("anthropic-messages", anthropic_beta=value, anthropic_version=value)
        await provider.send(
            call, candidate(model(f"http://127.0.0.1:{peer.port}")), within_seconds=30
        )
    assert b"anthropic-beta" not in peer.requests[0]
    assert b"anthropic-version: 2023-06-01\r\n" in peer.requests[0]


async def test_a_missing_credential_fails_before_anything_is_sent(provider: HttpProvider) -> None:
    failure = await fail(provider, "http://127.0.0.1:9", credential="env:NOT_SET")
    assert failure == ProviderFailure(why=Broken.CONNECT, cause="the credential is not set")


async def test_nobody_listening_is_a_connect_failure_that_names_no_url(
    provider: HttpProvider,
) -> None:
    failure = await fail(provider, "http://127.0.0.1:9")
    assert failure.why is Broken.CONNECT
    assert "127.0.0.1" not in failure.cause


async def test_a_server_that_never_answers_times_out_and_is_hung_up_on(
    provider: HttpProvider,
) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        await peer.wait_until_hung_up(reader)

    async with serve(script) as peer:
        failure = await fail(
            provider, f"http://127.0.0.1:{peer.port}", first_byte_timeout_seconds=0.1
        )
        assert failure.why is Broken.TIMEOUT
        await asyncio.wait_for(peer.hung_up.wait(), 2)


async def test_a_cancelled_call_is_aborted_upstream_even_before_the_answer_has_begun(
    provider: HttpProvider,
) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        await peer.wait_until_hung_up(reader)

    async with serve(script) as peer:
        task = asyncio.ensure_future(send(provider, f"http://127.0.0.1:{peer.port}"))
        await peer.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(peer.hung_up.wait(), 2)


async def test_a_slow_body_meets_the_total_timeout(provider: HttpProvider) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
        for _ in range(50):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serve(script) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}", total_timeout_seconds=0.3)
        read = await answer.read()
        assert isinstance(read, ProviderFailure)
        assert read.why is Broken.TIMEOUT


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000,
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
)
async def test_what_is_no_http_answer_is_a_failure(provider: HttpProvider, answer: bytes) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        writer.write(answer)
        await writer.drain()

    async with serve(script) as peer:
        failure = await fail(provider, f"http://127.0.0.1:{peer.port}")
    assert failure.why in (Broken.BROKEN_OFF, Broken.TOO_LARGE)


async def test_a_half_closed_answer_is_a_failure(provider: HttpProvider) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        writer.write_eof()
        await peer.wait_until_hung_up(reader)

    async with serve(script) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        read = await answer.read()
    assert isinstance(read, ProviderFailure)
    assert read.why is Broken.BROKEN_OFF


async def test_a_body_without_a_length_ends_with_the_connection(provider: HttpProvider) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        writer.write(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}")
        await writer.drain()

    async with serve(script) as peer:
        for _ in range(2):
            answer = await send(provider, f"http://127.0.0.1:{peer.port}")
            assert await answer.read() == b"{}"
            await answer.close()
    assert peer.connections == 2


@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary Redirect"])
async def test_redirects_are_not_followed(provider: HttpProvider, status: str) -> None:
    async with serve(answering(b"", status=status, headers=b"location: /elsewhere\r\n")) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        assert answer.status == int(status[:3])
        await answer.close()
    assert len(peer.requests) == 1


async def test_a_server_error_is_an_answer_with_its_status_and_retry_hint(
    provider: HttpProvider,
) -> None:
    script = answering(b"{}", status="503 Busy", headers=b"Retry-After: 7\r\n")
    async with serve(script) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        assert (answer.status, answer.headers["retry-after"]) == (503, "7")
        await answer.close()


@pytest.mark.parametrize(
    ("encoding", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)]
)
async def test_compressed_answers_are_read(
    provider: HttpProvider, encoding: bytes, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(b'{"text":"hello"}' * 100)
    headers = b"content-encoding: " + encoding + b"\r\n"
    async with serve(answering(packed, headers=headers)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        assert await answer.read() == b'{"text":"hello"}' * 100
        await answer.close()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [(b"br", b"x"), (b"gzip", b"not gzip"), (b"gzip", gzip.compress(b"cut off" * 9)[:-9])],
    ids=["unknown", "no gzip", "cut off"],  # its header holds the time, and workers compare ids
)
async def test_an_encoding_that_can_not_be_read_is_a_failure(
    provider: HttpProvider, encoding: bytes, body: bytes
) -> None:
    headers = b"content-encoding: " + encoding + b"\r\n"
    async with serve(answering(body, headers=headers)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        read = await answer.read()
    assert isinstance(read, ProviderFailure)
    assert read.why is Broken.BROKEN_OFF


@pytest.mark.parametrize("headers", [b"", b"content-encoding: gzip\r\n"])
async def test_an_answer_beyond_the_bound_is_dropped(
    provider: HttpProvider, headers: bytes
) -> None:
    body = gzip.compress(b"\0" * 50_000_000) if headers else b"x" * 300_000
    async with serve(answering(body, headers=headers)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        read = await answer.read()
        await answer.close()
    assert isinstance(read, ProviderFailure)
    assert read.why is Broken.TOO_LARGE


def streaming(*pieces: bytes, pause: float = 0.02, endless: bytes = b"") -> Script:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(pause)
        while endless:
            writer.write(b"%x\r\n%b\r\n" % (len(endless), endless))
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")
        await peer.wait_until_hung_up(reader)

    return script


async def test_a_stream_comes_piece_by_piece(provider: HttpProvider) -> None:
    async with serve(streaming(b"one", b"two", b"three", pause=0.1)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        loop = asyncio.get_running_loop()
        started = loop.time()
        seen = [(chunk, loop.time() - started) async for chunk in answer.chunks()]
        await answer.close()
    assert [chunk for chunk, _ in seen] == [b"one", b"two", b"three"]
    assert seen[0][1] < 0.09
    assert seen[1][1] < 0.19


async def test_a_stream_read_to_its_end_leaves_the_connection_usable(
    provider: HttpProvider,
) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            await peer.read(reader)
            writer.write(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
            )

    async with serve(script) as peer:
        for _ in range(3):
            answer = await send(provider, f"http://127.0.0.1:{peer.port}")
            assert await collect(answer) == b"hi"
            await answer.close()
    assert peer.connections == 1


async def test_a_silent_stream_is_given_up(provider: HttpProvider) -> None:
    async with serve(streaming(b"one", pause=3)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        with pytest.raises(ProviderBroke) as broke:
            await collect(answer)
        assert broke.value.failure.why is Broken.TIMEOUT
        await answer.close()
        await asyncio.wait_for(peer.hung_up.wait(), 4)


async def test_a_stream_that_keeps_trickling_still_meets_its_total_timeout(
    provider: HttpProvider,
) -> None:
    pieces = [b"x"] * 100
    async with serve(streaming(*pieces, pause=0.05)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}", total_timeout_seconds=0.5)
        with pytest.raises(ProviderBroke) as broke:
            await collect(answer)
    assert broke.value.failure.why is Broken.TIMEOUT


async def test_an_endless_stream_meets_its_bound(provider: HttpProvider) -> None:
    async with serve(streaming(endless=b"x" * 1000)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        with pytest.raises(ProviderBroke) as broke:
            await collect(answer)
        assert broke.value.failure.why is Broken.TOO_LARGE
        await answer.close()


async def test_a_stream_that_breaks_off_is_no_end(provider: HttpProvider) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await writer.drain()

    async with serve(script) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        with pytest.raises(ProviderBroke) as broke:
            await collect(answer)
    assert broke.value.failure.why is Broken.BROKEN_OFF


async def test_closing_a_stream_aborts_upstream_and_wakes_who_waits_for_it(
    provider: HttpProvider,
) -> None:
    async with serve(streaming(b"one", pause=30)) as peer:
        answer = await send(provider, f"http://127.0.0.1:{peer.port}")
        chunks = answer.chunks()
        assert await anext(chunks) == b"one"
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0.05)
        await answer.close()
        with pytest.raises(ProviderBroke) as broke:
            await asyncio.wait_for(waiting, 1)
        assert broke.value.failure.why is Broken.CLOSED


async def test_what_comes_after_an_answer_spoils_the_connection(provider: HttpProvider) -> None:
    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            await peer.read(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
            await writer.drain()

    async with serve(script) as peer:
        for _ in range(2):
            answer = await send(provider, f"http://127.0.0.1:{peer.port}")
            assert await answer.read() == b"{}"
            await answer.close()
    assert peer.connections == 2


async def test_the_model_server_sees_our_span_and_none_of_the_callers_context(
    provider: HttpProvider,
) -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    call = checked(
        traceparent=f"00-{trace}-{span}-01", tracestate="vendor=secret", baggage="who=jane"
    )
    async with serve(answering(b"{}")) as peer:
        one = candidate(model(f"http://127.0.0.1:{peer.port}"))
        answer = await provider.send(call, one, within_seconds=30)
        assert isinstance(answer, HttpAnswer)
        await answer.read()
        await answer.close()
    head = peer.requests[0].partition(b"\r\n\r\n")[0].decode()
    ours = get_span_id(call.funded.admitted.call.id)
    assert f"traceparent: 00-{trace}-{ours}-01" in head.split("\r\n")
    assert span not in head
    assert "tracestate" not in head
    assert "baggage" not in head

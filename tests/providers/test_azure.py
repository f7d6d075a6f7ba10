"""Azure OpenAI: its paths, its ways to say who calls, and tokens by client credentials."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from alos.domain.organisation import Azure, AzureLogin
from alos.ports.provider import Broken, ProviderFailure
from alos.providers.credentials import open_credentials
from alos.providers.http import HttpProvider
from tests.providers.peer import Peer, answering, candidate, checked, model, serve

PATHS = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "openai-embeddings": "/v1/embeddings",
}
ENTRA = Azure(
    api_version="2024-10-21",
    login=AzureLogin.ENTRA,
    tenant="contoso.example",
    client_id="app-1",
    scope="https://cognitiveservices.azure.com/.default",
)


def open_provider(**environ: str) -> HttpProvider:
    return HttpProvider(PATHS, open_credentials({"KEY": "secret-1", **environ}))


async def ask(provider: HttpProvider, base_url: str, azure: Azure, **changes: Any) -> Any:
    wire_format = changes.pop("wire_format", "openai-chat")
    one = candidate(model(base_url, azure=azure, **changes))
    answer = await provider.send(checked(wire_format), one, within_seconds=5)
    if not isinstance(answer, ProviderFailure):
        assert isinstance(await answer.read(), bytes)
        await answer.close()
    return answer


@pytest.mark.parametrize("suffix", ["", "/openai", "/openai/v1", "/openai/"])
@pytest.mark.parametrize(
    ("wire_format", "path"),
    [
        ("openai-chat", "/openai/deployments/gpt%204%2Fo/chat/completions"),
        ("openai-embeddings", "/openai/deployments/gpt%204%2Fo/embeddings"),
        ("openai-responses", "/openai/responses"),
    ],
)
async def test_deployments_have_paths_of_their_own(
    suffix: str, wire_format: str, path: str
) -> None:
    async with serve(answering(b"{}")) as peer:
        provider = open_provider()
        base_url = f"http://127.0.0.1:{peer.port}{suffix}".rstrip("/").removesuffix("/v1")
        azure = Azure(api_version="2024-10-21")
        await ask(provider, base_url, azure, upstream_name="gpt 4/o", wire_format=wire_format)
        await provider.close()
    line = peer.requests[0].split(b"\r\n")[0].decode()
    assert line == f"POST {path}?api-version=2024-10-21 HTTP/1.1"
    assert b"\r\napi-key: secret-1\r\n" in peer.requests[0]
    assert b"authorization" not in peer.requests[0].lower()


async def test_without_a_version_it_is_the_v1_api_and_a_token_is_a_bearer() -> None:
    async with serve(answering(b"{}")) as peer:
        provider = open_provider()
        base_url = f"http://127.0.0.1:{peer.port}/openai"
        await ask(provider, base_url, Azure(login=AzureLogin.BEARER))
        await provider.close()
    assert peer.requests[0].startswith(b"POST /openai/chat/completions HTTP/1.1\r\n")
    assert b"\r\nauthorization: Bearer secret-1\r\n" in peer.requests[0]
    assert b"api-key" not in peer.requests[0]


def issuing(*, expires_in: float, status: str = "200 OK") -> Any:
    """An authority that issues numbered tokens."""
    issued: list[bytes] = []

    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.read(reader)
        issued.append(b"x")
        await asyncio.sleep(0.02)
        token = {"access_token": f"token-{len(issued)}", "expires_in": expires_in}
        body = json.dumps({"token_type": "Bearer", **token}).encode()
        head = b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n" % (status.encode(), len(body))
        writer.write(head + body)
        await writer.drain()

    return script


async def test_a_token_is_asked_for_once_and_kept_until_it_nearly_ends() -> None:
    async with serve(answering(b"{}")) as peer, serve(issuing(expires_in=3600)) as authority:
        provider = open_provider()
        azure = replace(ENTRA, authority=f"http://127.0.0.1:{authority.port}")
        base_url = f"http://127.0.0.1:{peer.port}"
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(ask(provider, base_url, azure))
        await provider.close()
    (asked,) = authority.requests
    head, _, form = asked.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /contoso.example/oauth2/v2.0/token HTTP/1.1\r\n")
    assert b"\r\ncontent-type: application/x-www-form-urlencoded\r\n" in head
    assert {name: value[0] for name, value in parse_qs(form.decode()).items()} == {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": "secret-1",
        "scope": ENTRA.scope,
    }
    assert len(peer.requests) == 5
    assert all(b"\r\nauthorization: Bearer token-1\r\n" in one for one in peer.requests)
    assert not any(b"secret-1" in one for one in peer.requests)


@pytest.mark.parametrize("status", ["401 Unauthorized", "307 Temporary Redirect"])
async def test_without_a_token_nothing_is_sent_and_the_authority_is_not_stormed(
    status: str,
) -> None:
    async with (
        serve(answering(b"{}")) as peer,
        serve(issuing(expires_in=3600, status=status)) as authority,
    ):
        provider = open_provider()
        azure = replace(ENTRA, authority=f"http://127.0.0.1:{authority.port}")
        for _ in range(3):
            answer = await ask(provider, f"http://127.0.0.1:{peer.port}", azure)
            assert isinstance(answer, ProviderFailure)
            assert answer.why is Broken.CONNECT
        await provider.close()
    assert not peer.requests
    assert len(authority.requests) == 1

"""A model server in a few lines, which answers each connection as a test scripts it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from alos.domain.call import CheckedCall, CheckedCandidate
from alos.domain.ids import ModelName, VendorName
from alos.domain.standing import StandingModel

Script = Callable[["Peer", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """What the server saw."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """One whole request."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(line[15:])
                for line in head.split(b"\r\n")
                if line.startswith(b"content-length:")
            ),
            0,
        )
        request = head + await reader.readexactly(length)
        self.requests.append(request)
        self.asked.set()
        return request

    async def wait_until_hung_up(self, reader: asyncio.StreamReader) -> None:
        try:
            while await reader.read(1024):
                pass
        except ConnectionError:
            pass
        self.hung_up.set()


@asynccontextmanager
async def serve(script: Script, **options: Any) -> AsyncIterator[Peer]:
    peer = Peer()
    running: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await script(peer, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, **options)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tuple(running):
            task.cancel()
        if running:
            await asyncio.wait(tuple(running))
        await asyncio.sleep(0.01)  # closed sockets close in the loop's next round


def answering(body: bytes, *, status: str = "200 OK", headers: bytes = b"") -> Script:
    """Keep-alive answers with a length, one for each request."""

    async def script(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            await peer.read(reader)
            writer.write(
                b"HTTP/1.1 %b\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n%b"
                % (status.encode(), headers, len(body), body)
            )
            await writer.drain()

    return script


def model(base_url: str, **changes: Any) -> StandingModel:
    given: dict[str, Any] = {
        "name": ModelName("m"),
        "vendor": VendorName("v"),
        "upstream_name": "m-1",
        "base_url": base_url,
        "wire_formats": frozenset({"openai-chat"}),
        "credential": "env:KEY",
        "region": "",
        "size_rank": 1,
        "data_classes": frozenset(),
        "approved_until_unix": None,
        "price": None,
        "max_output_tokens": 100,
        "connect_timeout_seconds": 2.0,
        "first_byte_timeout_seconds": 2.0,
        "total_timeout_seconds": 4.0,
        "idle_timeout_seconds": 0.4,
    }
    return StandingModel(**(given | changes))


def checked(
    wire_format: str = "openai-chat", *, stream: bool = False, **headers: str
) -> CheckedCall:
    """As much of a checked call as a provider looks at."""
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    call = SimpleNamespace(id="call_1", wire_format=wire_format, headers=named)
    admitted = SimpleNamespace(call=call, request=SimpleNamespace(stream=stream))
    return cast("CheckedCall", SimpleNamespace(funded=SimpleNamespace(admitted=admitted)))


def candidate(of: StandingModel, body: bytes = b'{"model":"m-1"}') -> CheckedCandidate:
    return CheckedCandidate(model=of, body=body, redacted=False)

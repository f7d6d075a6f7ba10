"""A pipeline that says what a test scripts, and a real server around the door."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from alos.domain.call import Call
from alos.domain.outcome import Answered, Headers, Outcome, Refused, Streaming
from alos.domain.refusal import ReasonCode, Refusal
from alos.gateway.body import BodyLimits
from alos.gateway.door import ModelDoor
from alos.ports.clock import SystemClock
from alos.ports.ids import RandomIds
from alos.ports.tasks import Tasks

Script = Callable[[Call], Awaitable[Outcome]]
JSON: Headers = [(b"content-type", b"application/json")]


@dataclass
class Scripted:
    """Keeps every call; refuses as the real one does before its script has a say."""

    script: Script
    calls: list[Call] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def knows(self, headers: Mapping[bytes, bytes]) -> bool:
        return not headers.keys().isdisjoint({b"authorization", b"x-api-key", b"api-key"})

    async def run(self, call: Call) -> Outcome:
        self.calls.append(call)
        if not call.headers.keys() & {b"authorization", b"x-api-key", b"api-key"}:
            return refuse(call, Refusal(code=ReasonCode.KEY_MISSING))
        if call.door_refusal is not None:
            return refuse(call, call.door_refusal)
        try:
            return await self.script(call)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


def refuse(call: Call, refusal: Refusal) -> Refused:
    ids = [(b"x-alos-call", call.id.encode()), (b"x-request-id", call.id.encode())]
    return Refused(refusal=refusal, call_id=call.id, headers=ids)


def answer(body: bytes) -> Script:
    async def script(call: Call) -> Outcome:
        headers = [*JSON, (b"x-alos-call", call.id.encode())]
        return Answered(status=200, headers=headers, body=body)

    return script


def say_no(code: ReasonCode, retry_after_seconds: int | None = None) -> Script:
    async def script(call: Call) -> Outcome:
        refusal = Refusal(code=code, detail="a rule", retry_after_seconds=retry_after_seconds)
        return refuse(call, refusal)

    return script


def stream(*pieces: bytes, pause_seconds: float = 0.0) -> Script:
    async def pieces_of() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece
            await asyncio.sleep(pause_seconds)

    async def script(_call: Call) -> Outcome:
        return Streaming(status=200, headers=[], chunks=pieces_of())

    return script


@asynccontextmanager
async def serve(
    pipeline: Scripted, *, limits: BodyLimits | None = None, **options: Any
) -> AsyncIterator[str]:
    """The door behind uvicorn on a free port; gives the base URL."""
    tasks = Tasks()
    door = ModelDoor(pipeline, clock=SystemClock(), ids=RandomIds(), tasks=tasks, limits=limits)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        door,
        lifespan="off",
        log_level="warning",
        ws="none",
        timeout_graceful_shutdown=1,
        **options,
    )
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        await tasks.close()
        listening.close()

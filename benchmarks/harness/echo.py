"""The floor: uvicorn and a raw ASGI application that reads the body and answers from memory."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.harness.conversation import PATHS, answer_events, write_answer
from benchmarks.harness.subject import CHAT_PATH, Launch, Subject

ROOT = Path(__file__).parents[2]
_BODIES = {PATHS[shape]: write_answer(shape) for shape in PATHS}
_EVENTS = answer_events()
_STREAM_HEAD = [(b"content-type", b"text/event-stream")]

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answers every request; streams where the body asks for it."""
    assert scope["type"] == "http"
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    streams = b'"stream":true' in body
    answer = _BODIES.get(scope["path"], b"")
    plain = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(answer)),
    ]
    head = _STREAM_HEAD if streams else plain
    await send({"type": "http.response.start", "status": 200, "headers": head})
    if not streams:
        await send({"type": "http.response.body", "body": answer})
        return
    for event in _EVENTS:
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body"})


def echo() -> Subject:
    """The application above on uvicorn with uvloop and httptools, without a log of accesses."""

    def prepare(_folder: Path, port: int, _upstream: str) -> Launch:
        options = [
            "--app-dir",
            str(ROOT),
            "--port",
            str(port),
            "--loop",
            "uvloop",
            "--http",
            "httptools",
            "--lifespan",
            "off",
        ]
        options += ["--no-access-log", "--no-server-header", "--no-date-header"]
        return Launch(
            command=[sys.executable, "-m", "uvicorn", "benchmarks.harness.echo:app", *options],
            chat_url=f"http://127.0.0.1:{port}{CHAT_PATH}",
            ready_url=f"http://127.0.0.1:{port}/ready",
        )

    return Subject(name="uvicorn echo", prepare=prepare)

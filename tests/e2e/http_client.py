"""A client in a few lines, for what no SDK would send."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

CHAT = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer.

    Attributes:
        is_whole: the body came to its announced end.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool

    @property
    def call(self) -> str:
        """Id of the call's record."""
        return self.headers.get("x-alos-call", "")

    @property
    def code(self) -> str:
        """Our reason code, from the error shape that OpenAI's clients know."""
        return str(json.loads(self.body)["error"]["code"])

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["error"]["message"])


def say(text: str = "What is the capital of France?", **more: Any) -> dict[str, Any]:
    """A chat request."""
    return {"messages": [{"role": "user", "content": text}], **more}


def write_request(
    body: Any = None,
    *,
    key: str | None = None,
    method: str = "POST",
    path: str = CHAT,
    headers: dict[str, str] | None = None,
) -> bytes:
    """The bytes of a request; a body that is not bytes is sent as JSON."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    named = {"host": "gateway", "connection": "close", **(headers or {})}
    if key is not None:
        named["authorization"] = f"Bearer {key}"
    if body is not None:
        named.setdefault("content-length", str(len(body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b"")


async def ask(port: int, body: Any = None, *, timeout: float = 30, **request: Any) -> Answer:  # noqa: ASYNC109
    """Send a request on a connection of its own and read the whole answer."""
    raw = await exchange(port, write_request(body, **request), timeout=timeout)
    return read_answer(raw)


async def exchange(port: int, raw: bytes, *, timeout: float = 30) -> bytes:  # noqa: ASYNC109
    """Send bytes and read until the gateway closes; empty where it says nothing."""
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await _talk(reader, writer, raw)
        finally:
            writer.transport.abort()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> bytes:
    async def send() -> None:
        try:
            writer.write(raw)
            await writer.drain()
        except ConnectionError:
            pass

    sending = asyncio.ensure_future(send())
    received = bytearray()
    try:
        while data := await reader.read(65536):
            received += data
    except ConnectionError:
        pass
    finally:
        sending.cancel()
    return bytes(received)


async def abandon(
    port: int, raw: bytes, *, after_bytes: int = 0, after_seconds: float = 0
) -> bytes:
    """Send bytes, wait for so much of the answer or so long, and hang up; what had come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    try:
        writer.write(raw)
        await writer.drain()
        while len(received) < after_bytes and (data := await reader.read(4096)):
            received += data
        await asyncio.sleep(after_seconds)
    except ConnectionError:
        pass  # the other side hung up first
    finally:
        writer.transport.abort()
    return bytes(received)


def read_answer(raw: bytes) -> Answer:
    """Take an answer apart."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    assert first.startswith("HTTP/1.1 "), f"no answer: {raw[:200]!r}"
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    if headers.get("transfer-encoding") == "chunked":
        body, is_whole = _join_chunks(rest)
    else:
        body, is_whole = rest, len(rest) == int(headers.get("content-length", len(rest)))
    return Answer(int(first.split()[1]), headers, body, is_whole)


def _join_chunks(data: bytes) -> tuple[bytes, bool]:
    body = bytearray()
    while data:
        size, found, data = data.partition(b"\r\n")
        if not found:
            break
        length = int(size, 16)
        if length == 0:
            return bytes(body), True
        body += data[:length]
        data = data[length + 2 :]
    return bytes(body), False

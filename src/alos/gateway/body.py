"""Reading a request's body within bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alos.domain.refusal import ReasonCode, Refusal

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Bounds on one request's body.

    Attributes:
        drain_bytes: of a body that is too large, how much more is taken (and dropped) so that
            the caller gets to read why.
    """

    max_bytes: int = 10_000_000
    timeout_seconds: float = 60.0
    drain_bytes: int = 100_000_000
    drain_seconds: float = 5.0


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], limits: BodyLimits
) -> bytes | Refusal:
    """Read all of it, or say why not; after a "no" the connection is to be closed."""
    if headers.get(b"content-encoding", b"identity") != b"identity":
        await drop_body(receive, headers, limits)
        return Refusal(
            code=ReasonCode.BODY_MALFORMED, detail="content-encoding is not taken, send it plain"
        )
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limits.max_bytes:
        await drop_body(receive, headers, limits)
        return Refusal(code=ReasonCode.BODY_TOO_LARGE, detail=_say(limits))
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body if len(body) <= limits.max_bytes else _refuse_size(limits)
    try:
        async with asyncio.timeout(limits.timeout_seconds):
            return await _read_rest(receive, message, limits)
    except TimeoutError:
        seconds = f"{limits.timeout_seconds:g} seconds"
        return Refusal(code=ReasonCode.BODY_TIMEOUT, detail=f"within {seconds}")


async def drop_body(receive: Receive, headers: Mapping[bytes, bytes], limits: BodyLimits) -> bool:
    """Take a body that nobody will look at, so that its sender gets to read the answer.

    Returns:
        Whether it came to its end, so that the connection can be used again.
    """
    if b"expect" in headers:
        return False  # who asks before sending has not sent anything yet
    return await _drain(receive, limits)


async def _read_rest(receive: Receive, message: Message, limits: BodyLimits) -> bytes | Refusal:
    parts: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limits.max_bytes:
            if message.get("more_body"):
                await _drain(receive, limits)
            return _refuse_size(limits)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    return Refusal(code=ReasonCode.BODY_MALFORMED, detail="the connection closed before its end")


async def _drain(receive: Receive, limits: BodyLimits) -> bool:
    """Take and drop the rest, up to a bound; whether the end came."""
    left = limits.drain_bytes
    try:
        async with asyncio.timeout(limits.drain_seconds):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                is_body: bool = message["type"] == "http.request"
                if not is_body or not message.get("more_body"):
                    return is_body
    except TimeoutError:
        pass
    return False


def _refuse_size(limits: BodyLimits) -> Refusal:
    return Refusal(code=ReasonCode.BODY_TOO_LARGE, detail=_say(limits))


def _say(limits: BodyLimits) -> str:
    return f"at most {limits.max_bytes} bytes"

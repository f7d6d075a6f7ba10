"""What stands between the port and the management API: bounds, headers, cookies. Raw ASGI."""

from collections.abc import Awaitable, Callable
from typing import Any

from alos.api.authentication import LOCAL, SET_COOKIES

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 2_000_000
KNOWN_EXTENSION = "alos.known"
_TOO_LARGE = b'{"error":{"code":"alos_body_too_large","message":"The request body is too large."}}'
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_CONTENT = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""For everything but a page that brings its own policy."""


def mount_api(
    application: Callable[[Any, Any, Any], Awaitable[None]], *, is_local: bool
) -> Application:
    """Wrap the API for one way in.

    Args:
        application: the API.
        is_local: it is the local socket's; the only place where that is said, so that no
            request can claim it.
    """

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        state: dict[str, Any] = {}
        scope = {**scope, LOCAL: is_local, "state": state}
        body = _Body(receive)
        if _declares_too_much(scope):
            await _refuse_size(send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _add_headers(message["headers"], state)}
            await send(message)

        await application(scope, body, send_with_headers)

    return mounted


class _Body:
    """Passes a body on up to the bound; past it, the request looks broken off."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            if self._bytes > MAX_BODY_BYTES:
                return {"type": "http.disconnect"}
        return message


def _declares_too_much(scope: Scope) -> bool:
    length = dict(scope["headers"]).get(b"content-length", b"")
    return length.isdigit() and int(length) > MAX_BODY_BYTES


async def _refuse_size(send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"), *_HEADERS]
    headers.append((b"content-length", b"%d" % len(_TOO_LARGE)))
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _TOO_LARGE})


def _add_headers(headers: Any, state: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    made = [*headers, *_HEADERS]
    if not any(name == b"content-security-policy" for name, _ in made):
        made.append(_NO_CONTENT)
    made += [(b"set-cookie", one.encode("latin-1")) for one in state.get(SET_COOKIES, ())]
    return made

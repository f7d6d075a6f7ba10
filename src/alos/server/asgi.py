"""The one application on the public port: operations paths, and the model door for the rest."""

from collections.abc import Awaitable, Callable
from typing import Any

from alos.server.operations import Operations

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def build_application(door: Application, operations: Operations) -> Application:
    """Route by path; no middleware, since each layer costs every call."""

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if operations.serves(path):
                await operations(path, send)
            else:
                await door(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    return application

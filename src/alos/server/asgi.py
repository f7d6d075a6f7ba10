"""The one application on the public port: operations, management, else the model door."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from alos.server.operations import Operations

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class SideDoor(Protocol):
    """A door for one prefix of paths, beside the models'."""

    def serves(self, path: str) -> bool:
        """Whether a path is this door's."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""


_MANAGEMENT = ("/api/", "/scim/", "/ofrep/", "/console/")


def build_application(
    door: Application,
    operations: Operations,
    management: Application,
    side_doors: Sequence[SideDoor] = (),
) -> Application:
    """Route by path; no middleware, since each layer costs every call."""

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if operations.serves(path):
                await operations(path, send)
            elif path.startswith(_MANAGEMENT):
                beside = next((one for one in side_doors if one.serves(path)), management)
                await beside(scope, receive, send)
            else:
                await door(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    return application

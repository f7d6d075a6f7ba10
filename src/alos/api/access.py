"""Who may call the management API, and how a "no" of it is told and recorded."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from alos.control.plane import ChangeRefused, ControlPlane

LOCAL_OPERATOR = "local-operator"
"""Whoever may open the local socket."""


class ProductionOnly(ChangeRefused):
    """The local socket of a production folder does not take this."""


def require_dev(plane: ControlPlane) -> Callable[[], Awaitable[None]]:
    """A dependency that lets only a dev folder's socket through."""

    async def check() -> None:
        if not plane.is_dev:
            raise ProductionOnly(
                "the local socket of a production folder takes only status, kill and revoke"
            )

    return check


def build_refuser(plane: ControlPlane) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answer a refused change, and write it down."""

    async def refuse(request: Request, error: Exception) -> Response:
        asked = f"{request.method} {request.scope['route'].path}"
        await plane.note_refusal(asked, by=LOCAL_OPERATOR)
        status = 403 if isinstance(error, ProductionOnly) else 409
        return JSONResponse({"error": {"message": str(error)}}, status_code=status)

    return refuse

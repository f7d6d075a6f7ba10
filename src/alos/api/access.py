"""Who may call the management API, and how a "no" of it is told and recorded.

An endpoint says what it does by a dependency: ``Annotated[Caller, Depends(May(Action.STOP))]``.
Where the answer hangs on the object, it says ``May(Action.STOP, of_object=True)`` and then asks
:meth:`Caller.demand` about the object before it touches it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from alos.control.plane import ChangeRefused, ControlPlane
from alos.domain.action import Action
from alos.domain.authorization import INSTALLATION, Target, check_may
from alos.domain.principal import Principal
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.session import Session
from alos.ports.clock import Clock

_NOT_KNOWN = 401
NOBODY = "nobody"
"""Who asked, in the note of a refusal, where nobody was known."""


class AccessRefused(ChangeRefused):
    """A "no" with a reason code."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence, refusal=refusal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who sent a request, and by which session, where there is one."""

    principal: Principal
    session: Session | None = None


class Authenticate(Protocol):
    """Finds out who sent a request."""

    async def __call__(self, request: Request) -> Known | Refusal:
        """Who it is, or why that is not known; never raises for what a client sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks for an action, to an endpoint."""

    principal: Principal
    action: Action
    session: Session | None

    @property
    def id(self) -> str:
        """For ``by`` in records."""
        return self.principal.id

    def demand(self, target: Target) -> None:
        """Go on only if the caller may do the endpoint's action to ``target``.

        Raises:
            AccessRefused: they may not.
        """
        if (refusal := check_may(self.principal, self.action, target)) is not None:
            raise AccessRefused(refusal)

    def may(self, target: Target) -> bool:
        """Whether the caller may do the endpoint's action to ``target``; for lists."""
        return check_may(self.principal, self.action, target) is None


class May:
    """The dependency that lets through who may do an action, and nobody else.

    Args:
        of_object: the endpoint asks :meth:`Caller.demand` itself, about its object.
    """

    def __init__(self, action: Action, *, of_object: bool = False) -> None:
        self.action = action
        self.of_object = of_object

    async def __call__(self, request: Request) -> Caller:
        """Authenticate, then ask the table.

        Raises:
            AccessRefused: nobody is known, or they may not.
        """
        known = await authenticate(request)
        caller = Caller(principal=known.principal, action=self.action, session=known.session)
        if not self.of_object:
            caller.demand(INSTALLATION)
        return caller


async def authenticate(request: Request) -> Known:
    """Who sent the request.

    Raises:
        AccessRefused: nobody is known.
    """
    known: Known | Refusal = await request.app.state.authenticate(request)
    if isinstance(known, Refusal):
        raise AccessRefused(known)
    request.state.by = known.principal.id
    request.state.known = known
    return known


class RefusalNotes(Protocol):
    """Decides which refusals of strangers are written down one by one."""

    def is_recorded(self, address: str, *, now_unix_ns: int) -> bool:
        """Whether this one is; otherwise it has been counted."""


def build_refuser(
    plane: ControlPlane,
    strangers: RefusalNotes,
    *,
    clock: Clock,
    status_of: Callable[[ReasonCode], int],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answer a refused request, and write it down: a stranger's only up to a rate."""

    async def refuse(request: Request, error: Exception) -> Response:
        refusal = error.refusal if isinstance(error, ChangeRefused) else None
        code = refusal.code if refusal is not None else ReasonCode.CHANGE_REFUSED
        asked = f"{request.method} {request.scope['route'].path}"
        by = getattr(request.state, "by", NOBODY)
        address = request.client.host if request.client is not None else ""
        if by != NOBODY or strangers.is_recorded(address, now_unix_ns=clock.unix_ns()):
            await plane.note_refusal(asked, by=by, reason=code.value)
        status = status_of(code)
        headers = {"www-authenticate": "Bearer"} if status == _NOT_KNOWN else {}
        if refusal is not None and refusal.retry_after_seconds is not None:
            headers["retry-after"] = str(refusal.retry_after_seconds)
        said: dict[str, Any] = {"code": code.value, "message": str(error)}
        if refusals := getattr(error, "refusals", ()):
            said["reasons"] = [
                {"code": one.code.value, "message": one.sentence} for one in refusals
            ]
        return JSONResponse({"error": said}, status_code=status, headers=headers)

    return refuse

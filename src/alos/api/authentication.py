"""From a request to who sent it: the local socket, a bearer token, or a session's cookie."""

import hmac
from collections.abc import Callable
from typing import Final

from fastapi import Request

from alos.api.access import Known
from alos.control.callers import build_person, build_workload
from alos.control.plane import ControlPlane
from alos.control.sessions import Sessions
from alos.domain.account import is_personal
from alos.domain.gate import lets_personal_accounts
from alos.domain.ids import PersonId
from alos.domain.principal import Authentication, Method, Principal, build_local_operator
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.session import (
    TOKEN_LENGTH,
    TOKEN_PREFIX,
    Carrier,
    Origin,
    Session,
    get_csrf_token,
)
from alos.domain.sign_on import Site
from alos.ports.clock import Clock, to_datetime
from alos.ports.workloads import Workloads

LOCAL: Final = "alos.local"
"""Set in the scope by the server, for what came in over the local socket."""
PERSONA_HEADER: Final = "x-alos-persona"
CSRF_HEADER: Final = "x-alos-csrf"
SET_COOKIES: Final = "set_cookies"
"""Where in ``request.state`` cookies wait for :mod:`alos.api.mount` to send them."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = {
    Origin.SETUP_TOKEN: Method.SETUP_TOKEN,
    Origin.PERSONA: Method.PERSONA,
}


class Authenticator:
    """Knows callers; never raises for what a client sent.

    Args:
        site: where browsers meet this installation, as configured now.
    """

    def __init__(
        self,
        plane: ControlPlane,
        sessions: Sessions,
        workloads: Workloads,
        *,
        clock: Clock,
        site: Callable[[], Site],
    ) -> None:
        self._plane = plane
        self._sessions = sessions
        self._workloads = workloads
        self._clock = clock
        self._site = site

    async def __call__(self, request: Request) -> Known | Refusal:
        """Who sent it: a bearer token decides alone, then the socket, then the cookie."""
        sent = request.headers.getlist("authorization")
        if len(sent) > 1:
            return Refusal(code=ReasonCode.NOT_SIGNED_IN, detail="two Authorization headers")
        if sent:
            return await self._know_bearer(sent[0])
        if request.scope.get(LOCAL):
            return self._know_local(request.headers.get(PERSONA_HEADER))
        token = request.cookies.get(self._site().cookie)
        if token:
            return await self._know_cookie(request, token)
        return Refusal(code=ReasonCode.NOT_SIGNED_IN)

    async def _know_bearer(self, sent: str) -> Known | Refusal:
        scheme, _, token = sent.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return Refusal(code=ReasonCode.NOT_SIGNED_IN, detail="the scheme is not Bearer")
        if token.startswith("eyJ"):
            return await self._know_workload(token)
        if not _is_session_token(token):
            return Refusal(code=ReasonCode.NOT_SIGNED_IN, detail="no token of a session")
        session = await self._sessions.get(token, Carrier.BEARER)
        if isinstance(session, Refusal):
            return session
        return self._know_session(session, Method.ACCESS_TOKEN)

    async def _know_workload(self, token: str) -> Known | Refusal:
        now = self._clock.unix_ns() // 1_000_000_000
        found = await self._workloads.identify(token.encode("utf-8", "replace"), now_unix=now)
        if isinstance(found, Refusal):
            return found
        principal = build_workload(
            self._plane.configuration, found, dev=self._plane.is_dev, now_unix=now
        )
        return principal if isinstance(principal, Refusal) else Known(principal=principal)

    def _know_local(self, persona: str | None) -> Known | Refusal:
        if persona is None:
            return Known(principal=build_local_operator(dev=self._plane.is_dev))
        if not self._plane.is_dev:
            detail = "only a dev folder has personas"
            return Refusal(code=ReasonCode.NOT_PERMITTED, detail=detail)
        method = Authentication(
            method=Method.PERSONA, auth_time_unix=self._clock.unix_ns() // 1_000_000_000
        )
        principal = self._build_person(PersonId(persona), method)
        return principal if isinstance(principal, Refusal) else Known(principal=principal)

    async def _know_cookie(self, request: Request, token: str) -> Known | Refusal:
        if (refusal := self._check_own_page(request, token)) is not None:
            return refusal
        if not _is_session_token(token):
            return Refusal(code=ReasonCode.SESSION_ENDED)
        session = await self._sessions.get(token, Carrier.COOKIE)
        if isinstance(session, Refusal):
            return session
        known = self._know_session(session, Method.SESSION_COOKIE)
        if isinstance(known, Known) and (new := await self._sessions.rotate(session)) is not None:
            left = session.ends_at_unix - self._clock.unix_ns() // 1_000_000_000
            set_cookie(request, write_cookie(self._site(), new.token, seconds=left))
        return known

    def _check_own_page(self, request: Request, token: str) -> Refusal | None:
        """A browser sends the cookie along whoever asks; only our own pages may ask."""
        site = self._site()
        if not site.is_own_host(request.headers.get("host", "")):
            return Refusal(code=ReasonCode.ORIGIN_FOREIGN, detail="another host's name")
        if request.method in _SAFE:
            return None
        if not site.is_own_origin(request.headers.get("origin", "")):
            return Refusal(code=ReasonCode.ORIGIN_FOREIGN)
        shown = request.headers.get(CSRF_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, get_csrf_token(token).encode()):
            return Refusal(code=ReasonCode.ORIGIN_FOREIGN)
        return None

    def _know_session(self, session: Session, method: Method) -> Known | Refusal:
        authentication = Authentication(
            method=_METHODS.get(session.origin, method),
            issuer=session.issuer,
            subject=session.subject,
            auth_time_unix=session.auth_time_unix,
            session_id=session.id,
        )
        if session.origin is Origin.PERSONA and not self._plane.is_dev:
            return Refusal(code=ReasonCode.SESSION_ENDED)
        principal = self._build_person(session.person, authentication)
        if isinstance(principal, Refusal):
            return principal
        if session.origin is Origin.SIGN_ON and self._is_unwelcome(session.person):
            return Refusal(code=ReasonCode.PERSONAL_ACCOUNT, detail="no waiver lets it in now")
        return Known(principal=principal, session=session)

    def _is_unwelcome(self, person: PersonId) -> bool:
        """A personal account whose waiver has ended since it signed in."""
        found = self._plane.configuration.people.get_active(person)
        if found is None or not is_personal(found):
            return False
        now = self._clock.unix_ns() // 1_000_000_000
        return not lets_personal_accounts(self._plane.standing, now_unix=now)

    def _build_person(
        self, person: PersonId, authentication: Authentication
    ) -> Principal | Refusal:
        return build_person(
            self._plane.configuration,
            person,
            authentication,
            today=to_datetime(self._clock.unix_ns()).date(),
            dev=self._plane.is_dev,
        )


def set_cookie(request: Request, cookie: str) -> None:
    """Have a cookie sent with whatever answers this request."""
    request.scope["state"].setdefault(SET_COOKIES, []).append(cookie)


def write_cookie(site: Site, token: str, *, seconds: int) -> str:
    """The ``Set-Cookie`` of a session; an empty token takes it away.

    Not sent by requests that other sites' pages make (``SameSite=Lax`` lets a followed link
    through, and those change nothing), never readable by a script.
    """
    life = max(0, seconds) if token else 0
    secure = "; Secure" if site.is_secure else ""
    return f"{site.cookie}={token}; Path=/; Max-Age={life}; HttpOnly; SameSite=Lax{secure}"


def _is_session_token(token: str) -> bool:
    return len(token) == TOKEN_LENGTH and token.startswith(TOKEN_PREFIX) and token.isascii()

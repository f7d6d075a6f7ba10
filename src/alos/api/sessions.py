"""Who is signed in, their sessions, the set-up token, and a dev folder's personas."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.authentication import set_cookie, write_cookie
from alos.api.body import Body
from alos.api.parts import Parts
from alos.api.strangers import check_pace
from alos.control.sessions import SignIn
from alos.domain.action import Action
from alos.domain.authorization import Target
from alos.domain.ids import PersonId, PrincipalId
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.session import Carrier, Origin, Session, get_csrf_token

PathId = Annotated[str, Field(max_length=128)]
Anybody = Annotated[Caller, Depends(May(Action.STATUS_READ))]
Oneself = Annotated[Caller, Depends(May(Action.SESSION_OWN))]
Ender = Annotated[Caller, Depends(May(Action.SESSION_END))]
OwnOrEnder = Annotated[Caller, Depends(May(Action.SESSION_OWN, of_object=True))]


class WhoAnswer(Body):
    """Who the caller is to this installation."""

    id: str
    kind: str
    method: str
    issuer: str
    session_id: str
    auth_time_unix: int
    roles: list[str]
    workspaces: list[str]
    dev: bool
    csrf: str | None = Field(description="to be sent as x-alos-csrf by pages with the cookie")


class SessionAnswer(Body):
    """A session; its token can't be read."""

    id: str
    origin: str
    carrier: str
    issuer: str
    created_at_unix: int
    seen_at_unix: int
    ends_at_unix: int


class TokenAnswer(Body):
    """A session at the only moment when its token can be read."""

    token: str
    person: str
    session_id: str
    ends_at_unix: int


class SetupRequest(Body):
    """The one-time token that the first start printed."""

    token: str = Field(max_length=128)


class EndedAnswer(Body):
    """How many sessions were ended."""

    ended: int


class PersonaAnswer(Body):
    """A labelled demo person."""

    id: str
    name: str
    roles: list[str]


def add_sessions(app: FastAPI, parts: Parts) -> None:
    """Add the endpoints of sessions."""
    sessions = parts.sessions

    @app.get("/api/v1/me")
    async def get_me(request: Request, caller: Anybody) -> WhoAnswer:
        """Who the caller is, as of now."""
        who = caller.principal
        cookie = request.cookies.get(parts.site().cookie) if caller.session is not None else None
        return WhoAnswer(
            id=who.id,
            kind=who.kind.value,
            method=who.authentication.method.value,
            issuer=who.authentication.issuer,
            session_id=who.authentication.session_id,
            auth_time_unix=who.authentication.auth_time_unix,
            roles=sorted(role.value for role in who.roles),
            workspaces=sorted(who.workspaces),
            dev=who.dev,
            csrf=get_csrf_token(cookie) if cookie else None,
        )

    @app.get("/api/v1/sessions")
    async def list_sessions(caller: Oneself) -> list[SessionAnswer]:
        """One's own sessions that are good now."""
        mine = await sessions.list_sessions(PersonId(caller.id))
        return [_to_session(one) for one in mine]

    @app.post("/api/v1/sessions/{session_id}/end", status_code=204)
    async def end_session(session_id: PathId, caller: OwnOrEnder) -> Response:
        """End one of one's own sessions."""
        target = Target(kind="session", id=session_id, holders=frozenset({caller.principal.id}))
        caller.demand(target)
        mine = await sessions.list_sessions(PersonId(caller.id))
        if session_id not in {one.id for one in mine}:
            raise AccessRefused(
                Refusal(code=ReasonCode.NOT_PERMITTED, detail="it is no session of yours")
            )
        await sessions.end(session_id, by=caller.id)
        return Response(status_code=204)

    @app.post("/api/v1/logout", status_code=204)
    async def log_out(request: Request, caller: Oneself) -> Response:
        """End the session that this request came with."""
        if caller.session is not None:
            await sessions.end(caller.session.id, by=caller.id)
            if caller.session.carrier is Carrier.COOKIE:
                set_cookie(request, write_cookie(parts.site(), "", seconds=0))
        return Response(status_code=204)

    @app.post("/api/v1/people/{person}/sessions/end")
    async def end_sessions_of(person: PathId, caller: Ender) -> EndedAnswer:
        """End every session of a person, e.g. when a laptop was lost."""
        return EndedAnswer(ended=await sessions.end_sessions(PersonId(person), by=caller.id))

    _add_ways_in(app, parts)


def _add_ways_in(app: FastAPI, parts: Parts) -> None:
    @app.post("/api/v1/setup", status_code=201)
    async def set_up(request: Request, wish: SetupRequest) -> TokenAnswer:
        """Sign in as the founding sponsor with the token that the first start printed."""
        check_pace(request, parts)
        opened = await parts.set_up.use(wish.token)
        if isinstance(opened, Refusal):
            raise AccessRefused(opened)
        return to_token(opened.token, opened.session)

    @app.get("/api/v1/personas")
    async def list_personas(request: Request) -> list[PersonaAnswer]:
        """The demo people of a dev folder."""
        _require_own_dev(request, parts)
        configuration = parts.plane.configuration
        organisation, people = configuration.organisation, configuration.people
        return [
            PersonaAnswer(
                id=person.id,
                name=person.name,
                roles=sorted(
                    role.value
                    for role in organisation.roles
                    if person in organisation.list_holders(role, people)
                ),
            )
            for person in people.persons.values()
            if person.active
        ]

    @app.post("/api/v1/personas/{person}/session", status_code=201)
    async def become_persona(request: Request, person: PathId) -> TokenAnswer:
        """Act as a demo person; in a dev folder only, where nothing is production evidence."""
        _require_own_dev(request, parts)
        check_pace(request, parts)
        known = parts.plane.configuration.people.get_active(PersonId(person))
        if known is None:
            raise AccessRefused(Refusal(code=ReasonCode.PERSON_UNKNOWN))
        opened = await parts.sessions.open(
            SignIn(person=known.id, origin=Origin.PERSONA, carrier=Carrier.BEARER)
        )
        return to_token(opened.token, opened.session)


def _require_own_dev(request: Request, parts: Parts) -> None:
    """Personas are for whoever sits at this machine, not for a web page that they look at."""
    if not parts.plane.is_dev:
        raise AccessRefused(
            Refusal(code=ReasonCode.NOT_PERMITTED, detail="only a dev folder has personas")
        )
    if request.scope.get("alos.local"):
        return
    site = parts.site()
    origin = request.headers.get("origin")
    foreign = origin is not None and not site.is_own_origin(origin)
    if foreign or not site.is_own_host(request.headers.get("host", "")):
        raise AccessRefused(Refusal(code=ReasonCode.ORIGIN_FOREIGN))


def to_token(token: str, session: Session) -> TokenAnswer:
    """The answer that shows a session's token, once."""
    return TokenAnswer(
        token=token,
        person=PrincipalId(session.person),
        session_id=session.id,
        ends_at_unix=session.ends_at_unix,
    )


def _to_session(session: Session) -> SessionAnswer:
    return SessionAnswer(
        id=session.id,
        origin=session.origin.value,
        carrier=session.carrier.value,
        issuer=session.issuer,
        created_at_unix=session.created_at_unix,
        seen_at_unix=session.seen_at_unix,
        ends_at_unix=session.ends_at_unix,
    )

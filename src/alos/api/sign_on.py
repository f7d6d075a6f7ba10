"""Logging in with the organisation's identity provider, for browsers and the command line."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from alos.api.access import AccessRefused
from alos.api.authentication import set_cookie, write_cookie
from alos.api.body import Body
from alos.api.pages import write_page
from alos.api.parts import Parts
from alos.api.sessions import TokenAnswer, to_token
from alos.api.strangers import check_pace
from alos.control.sign_on import CALLBACK, LOGIN_SECONDS, CommandLine, SignedIn
from alos.domain.fault import SignOnDown
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.sign_on import Site

IssuerName = Annotated[str | None, Query(max_length=128)]
Port = Annotated[int | None, Query(ge=0, le=65_535, description="0: show the code instead")]
Challenge = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{43}$")]
CliState = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,128}$")]
BallotId = Annotated[
    str | None, Query(max_length=64, description="the vote that this login is to sign")
]
_NO_CHALLENGE = "A" * 43


class SignOnAnswer(Body):
    """How people sign in here."""

    url: str = Field(description="where browsers reach this installation")
    issuers: list[str]
    dev: bool = Field(description="a dev folder: personas in place of people")


class CodeRequest(Body):
    """A command line's code, and the verifier of the challenge it began with."""

    code: str = Field(max_length=128)
    verifier: str = Field(max_length=128)


def add_sign_on(app: FastAPI, parts: Parts) -> None:
    """Add the endpoints of logging in; none of them needs anybody to be known yet."""
    _add_browsers_way(app, parts)

    @app.get("/api/v1/sign-on")
    async def get_sign_on() -> SignOnAnswer:
        """Which identity providers there are."""
        return SignOnAnswer(
            url=parts.site().origin,
            issuers=sorted(parts.sign_on.issuers),
            dev=parts.plane.is_dev,
        )

    @app.post("/api/v1/login/token", status_code=201)
    async def redeem_code(request: Request, wish: CodeRequest) -> TokenAnswer:
        """Give a command line its session for the code that the login ended with."""
        check_pace(request, parts)
        opened = await parts.sign_on.redeem(wish.code, wish.verifier)
        if isinstance(opened, Refusal):
            raise AccessRefused(opened)
        return to_token(opened.token, opened.session)


def _add_browsers_way(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/v1/login", status_code=302, response_class=RedirectResponse)
    async def begin_login(
        request: Request,
        issuer: IssuerName = None,
        port: Port = None,
        challenge: Challenge = _NO_CHALLENGE,
        state: CliState = "",
        ballot: BallotId = None,
    ) -> Response:
        """Go to the identity provider; with a port or 0, for a command line; or to sign a vote."""
        check_pace(request, parts)
        command_line = None
        if port is not None:
            command_line = CommandLine(port=port, challenge=challenge, state=state)
        begun = await parts.sign_on.begin(issuer, command_line=command_line, ballot_id=ballot)
        if isinstance(begun, Refusal):
            raise AccessRefused(begun)
        set_cookie(request, _write_binding(parts.site(), begun.binding))
        return RedirectResponse(begun.url, status_code=302)

    @app.get(
        CALLBACK,
        response_class=HTMLResponse,
        responses={303: {"description": "back to the command line that began it"}},
    )
    async def finish_login(
        request: Request,
        state: Annotated[str, Query(max_length=512)] = "",
        code: Annotated[str, Query(max_length=4_096)] = "",
        iss: Annotated[str | None, Query(max_length=2_000)] = None,
        error: Annotated[str | None, Query(max_length=512)] = None,
    ) -> Response:
        """Come back from the identity provider."""
        check_pace(request, parts)
        query = {"state": state, "code": code}
        query |= {k: v for k, v in (("iss", iss), ("error", error)) if v is not None}
        if len(request.query_params.multi_items()) != len(request.query_params):
            query = {}
        site = parts.site()
        binding = request.cookies.get(_get_binding_name(site), "")
        set_cookie(request, _write_binding(site, ""))
        try:
            done = await parts.sign_on.finish(query, binding)
        except SignOnDown:
            done = Refusal(code=ReasonCode.SIGN_ON_DOWN)
        if isinstance(done, Refusal):
            status = parts.status_of(done.code)
            return write_page("You are not signed in", (done.sentence,), status=status)
        return _welcome(request, parts, done)


def _welcome(request: Request, parts: Parts, done: SignedIn) -> Response:
    if done.session is not None:
        opened = done.session
        seconds = opened.session.ends_at_unix - opened.session.created_at_unix
        set_cookie(request, write_cookie(parts.site(), opened.token, seconds=seconds))
        person = parts.plane.configuration.people.persons[done.person]
        return write_page("You are signed in", (f"As {person.name}. You can close this page.",))
    assert done.command_line is not None, "a login is a browser's or a command line's"
    if done.command_line.port:
        query = urlencode({"code": done.code, "state": done.command_line.state})
        return RedirectResponse(f"http://127.0.0.1:{done.command_line.port}/?{query}", 303)
    sentences = (
        "Carry this code to the terminal that waits for it, within two minutes.",
        "Did somebody else ask you for it? Then close this page: they would act as you with it.",
    )
    return write_page("Nearly there", sentences, code=done.code)


def _get_binding_name(site: Site) -> str:
    return "__Host-alos_login" if site.is_secure else "alos_login"


def _write_binding(site: Site, binding: str) -> str:
    """``Lax``, since the provider's page sends the browser back to us."""
    life = LOGIN_SECONDS if binding else 0
    secure = "; Secure" if site.is_secure else ""
    name = _get_binding_name(site)
    return f"{name}={binding}; Path=/; Max-Age={life}; HttpOnly; SameSite=Lax{secure}"

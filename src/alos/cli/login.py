"""``alos login``: sign in by the browser, and keep the session for the commands that follow."""

import http.client
import secrets
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import typer

from alos.cli.access_tokens import forget_token, keep_token
from alos.cli.client import EXIT_NO, EXIT_USAGE, call_api
from alos.domain.sign_on import to_challenge

_WAIT_SECONDS = 300
_DONE = (
    b"<!doctype html><meta charset=utf-8><title>ALOS</title><p>That was it. You can close"
    b" this page and go back to your terminal."
)


def login(
    issuer: Annotated[
        str | None, typer.Option(help="Which provider, where there are more.")
    ] = None,
    setup_token: Annotated[
        str | None, typer.Option(help="The one-time token that the first start printed.")
    ] = None,
    persona: Annotated[
        str | None, typer.Option("--as", help="Act as a demo person; in a dev folder only.")
    ] = None,
    *,
    browser: Annotated[
        bool, typer.Option(help="Open a browser here; else carry the code by hand.")
    ] = True,
    out: Annotated[bool, typer.Option("--out", help="End the session instead.")] = False,
) -> None:
    """Sign in with your organisation's account; the session is kept for you alone."""
    if out:
        call_api("POST", "/api/v1/logout")
        forget_token()
        typer.echo("Signed out.")
        return
    if setup_token is not None:
        made = call_api("POST", "/api/v1/setup", {"token": setup_token}, signed_in=False)
    elif persona is not None:
        made = call_api("POST", f"/api/v1/personas/{persona}/session", signed_in=False)
    else:
        made = _sign_on(issuer, browser=browser)
    path = keep_token(made["token"])
    typer.echo(f"Signed in as {made['person']}; the session is kept in {path}.")


def _sign_on(issuer: str | None, *, browser: bool) -> Any:
    wish = log_in(issuer, browser=browser)
    return call_api("POST", "/api/v1/login/token", wish, signed_in=False)


def log_in(issuer: str | None, *, browser: bool, ballot: str | None = None) -> dict[str, str]:
    """Have the person log in, and give the code that it ends with and what makes it ours.

    Args:
        issuer: which provider, where there are more.
        browser: open one here; else the person carries the code.
        ballot: the vote that the login is to sign; then no session comes of it.
    """
    there = call_api("GET", "/api/v1/sign-on", signed_in=False)
    if not there["issuers"]:
        typer.echo(
            "No identity provider is configured (`sign_on` in alos.yaml)."
            + (" In this dev folder, use `alos login --as PERSON`." if there["dev"] else ""),
            err=True,
        )
        raise typer.Exit(EXIT_NO)
    verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    query = {"challenge": to_challenge(verifier), "state": state}
    if ballot is not None:
        query["ballot"] = ballot
    if issuer is not None:
        query["issuer"] = issuer
    begin = f"{there['url']}/api/v1/login"
    code = _by_browser(begin, query, state) if browser else _by_hand(begin, query)
    return {"code": code, "verifier": verifier}


def _by_hand(begin: str, query: dict[str, str]) -> str:
    typer.echo(
        f"Open this address in any browser:\n\n  {begin}?{urlencode({**query, 'port': 0})}\n"
    )
    return str(typer.prompt("The code it shows in the end")).strip()


def _by_browser(begin: str, query: dict[str, str], state: str) -> str:
    """Wait on loopback for the browser to come back (RFC 8252 §7.3)."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = parse_qs(urlsplit(self.path).query)
            is_ours = secrets.compare_digest("".join(given.get("state", ())), state)
            if is_ours and given.get("code"):
                came.append(given["code"][0])
            self.send_response(http.client.OK if is_ours else http.client.NOT_FOUND)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-security-policy", "default-src 'none'")
            self.end_headers()
            self.wfile.write(_DONE if is_ours else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing: the path holds a code."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = _WAIT_SECONDS
        address = f"{begin}?{urlencode({**query, 'port': server.server_address[1]})}"
        typer.echo(f"Opening {begin} …  If no browser opens, go to:\n\n  {address}\n")
        Thread(target=webbrowser.open, args=(address,), daemon=True).start()  # some block
        for _ in range(20):
            server.handle_request()
            if came:
                return came[0]
    typer.echo("No login came back. Try again, or with --no-browser.", err=True)
    raise typer.Exit(EXIT_USAGE)

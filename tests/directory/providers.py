"""Two identity providers that are not ours, a wire to them that can be tampered with, a browser.

The providers run in processes of their own. Between them and ALOS stands :class:`Wire`, under
whose address they issue: it passes everything on, keeps the forms that ALOS posts, and changes
what a test wants changed.
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx2

from alos.domain.sign_on import to_challenge
from tests.e2e.gateway import find_free_port

CALLBACK: Final = "http://127.0.0.1:8080/api/v1/login/callback"
SCRIPT: Final = Path(__file__).with_name("oidc_provider.mjs")
NPM_PACKAGE: Final = "oidc-provider@9.13.3"
_START_SECONDS: Final = 20
_MOST_STEPS: Final = 12


class Program(Protocol):
    """How a provider is started: the words of its command line."""

    def __call__(self, port: int, issuer: str) -> list[str]: ...


@dataclass
class Wire:
    """HTTP on its way between ALOS, a browser and a provider.

    Attributes:
        forms: posted to the token endpoint, as they came.
        change_form: makes another form of one.
        change_token: makes another ID token of one.
        down: nothing answers.
    """

    provider_port: int
    forms: list[dict[str, str]] = field(default_factory=list)
    change_form: Callable[[dict[str, str]], dict[str, str]] | None = None
    change_token: Callable[[str], str] | None = None
    down: bool = False
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def carry(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        """What the provider answered: status, headers, body."""
        is_code = method == "POST" and path.partition("?")[0].endswith("/token")
        if is_code:
            form = dict(parse_qsl(body.decode()))
            self.forms.append(form)
            if self.change_form is not None:
                body = urlencode(self.change_form(form)).encode()
                headers["content-length"] = str(len(body))
        connection = http.client.HTTPConnection("127.0.0.1", self.provider_port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if is_code and self.change_token is not None and answer.status == http.HTTPStatus.OK:
            said = json.loads(data)
            data = json.dumps(said | {"id_token": self.change_token(said["id_token"])}).encode()
        return answer.status, answer.getheaders(), data


def _build_handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _carry(self) -> None:
            if wire.down:
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            headers["connection"] = "close"
            try:
                status, given, data = wire.carry(self.command, self.path, headers, body)
            except OSError:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in given:
                if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._carry()

        def do_POST(self) -> None:
            self._carry()

        def do_PUT(self) -> None:
            self._carry()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class Provider:
    """A provider that runs, behind its wire."""

    def __init__(self, program: Program, wire: Wire) -> None:
        self._program = program
        self.wire = wire
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; every start has new signing keys."""
        words = self._program(self.wire.provider_port, self.wire.url)
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(words, stdout=quiet, stderr=quiet)  # noqa: S603 - ours
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                if self.metadata()["issuer"]:
                    return
            except (httpx2.HTTPError, ValueError):
                pass
            assert self._process.poll() is None, "the provider did not start"
            assert time.monotonic() < until, "the provider is not ready"
            time.sleep(0.05)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(10)

    def issue(self, *, client: str = "alos-client", nonce: str = "n") -> str:
        """An ID token that it really issued: for that client, in answer to that nonce."""
        query = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": CALLBACK,
            "scope": "openid email profile",
            "state": "s",
            "nonce": nonce,
            "code_challenge": to_challenge("v" * 43),
            "code_challenge_method": "S256",
        }
        endpoint = self.metadata()["authorization_endpoint"]
        code = agree(f"{endpoint}?{urlencode(query)}")["code"]
        answer = self.redeem(code, client=client)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id_token"])

    def redeem(
        self, code: str, *, verifier: str | None = "v" * 43, client: str = "alos-client"
    ) -> httpx2.Response:
        """Ask the provider itself for the token of a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        if verifier is not None:
            form["code_verifier"] = verifier
        return httpx2.post(self.metadata()["token_endpoint"], data=form, auth=(client, "shh"))

    def metadata(self) -> dict[str, Any]:
        answer = httpx2.get(f"{self.wire.url}/.well-known/openid-configuration")
        return dict(answer.json())


@contextmanager
def run_provider(program: Program) -> Iterator[Provider]:
    """A provider behind a wire of its own."""
    wire = Wire(find_free_port())
    provider = Provider(program, wire)
    with ThreadingHTTPServer(("127.0.0.1", 0), _build_handler(wire)) as server:
        wire.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            provider.start()
            yield provider
        finally:
            provider.stop()
            server.shutdown()
            thread.join()


def start_mock(port: int, issuer: str) -> list[str]:
    """PyPI's oidc-provider-mock; it issues under the host that it is asked by."""
    del issuer
    chloe = {"sub": "chloe@example.com", "email": "chloe@example.com", "email_verified": True}
    words = ["--port", str(port), "--token-max-age", "300", "--user-claims", json.dumps(chloe)]
    return [sys.executable, "-m", "oidc_provider_mock", *words]


def start_npm(folder: Path) -> Program:
    """npm's oidc-provider, installed in ``folder``."""

    def program(port: int, issuer: str) -> list[str]:
        return ["node", str(folder / SCRIPT.name), str(port), issuer]

    return program


def agree(address: str, *, person: str = "chloe@example.com") -> dict[str, str]:
    """Be the browser of somebody who says yes to everything; what it brings back to ALOS."""
    target, _ = browse(address, person=person, until=CALLBACK)
    return {name: value[0] for name, value in parse_qs(urlsplit(target).query).items()}


def browse(
    address: str, *, person: str = "chloe@example.com", until: str = "\0"
) -> tuple[str, str]:
    """Follow redirects and fill in forms, up to an address or a page without a form.

    Returns:
        the last address and the text that stood there.
    """
    with httpx2.Client() as browser:
        answer = browser.get(address)
        for _ in range(_MOST_STEPS):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(until):
                    return target, ""
                answer = browser.get(target)
                continue
            form = _Form()
            form.feed(answer.text)
            if not form.fields:
                return str(answer.url), answer.text
            known = {"login": person, "password": "x", "sub": person}
            filled = {name: known.get(name, value) for name, value in form.fields.items()}
            answer = browser.post(urljoin(str(answer.url), form.action), data=filled)
        raise AssertionError(f"the provider never sent the browser back: {answer.url}")


class _Form(HTMLParser):
    """The first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._is_over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._is_over:
            return
        if tag == "form":
            self.action = given.get("action", "")
        elif tag in {"input", "button"} and "name" in given:
            self.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._is_over = self._is_over or tag == "form"

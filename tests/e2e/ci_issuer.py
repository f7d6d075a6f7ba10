"""What GitHub gives a job: an issuer on loopback that signs tokens for whoever may ask."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.control.issuer import TestIssuer

REQUEST_TOKEN = "the-job-may-ask"


class CiIssuer:
    """Discovery, keys and tokens over HTTP.

    Attributes:
        claims: what its tokens say besides audience and times.
        lives_seconds: how long a token is good.
        given: how many tokens it gave.
    """

    def __init__(self) -> None:
        self.claims: Mapping[str, Any] = {}
        self.lives_seconds = 300
        self.given = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = issuer.answer(self.path, self.headers.get("authorization", ""))
                body = json.dumps(found or {}).encode()
                self.send_response(200 if found else 403)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._signer = TestIssuer(self.url)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, authorization: str) -> dict[str, Any] | None:
        parts = urlsplit(path)
        if parts.path == "/.well-known/openid-configuration":
            return self._signer.metadata
        if parts.path == "/keys":
            return self._signer.public_keys()
        if parts.path == "/token" and authorization == f"Bearer {REQUEST_TOKEN}":
            return {"value": self.sign(parse_qs(parts.query)["audience"][0])}
        return None

    def sign(self, audience: str) -> str:
        self.given += 1
        now = int(time.time())  # noqa: TID251 - the gateway runs by the real clock
        return self._signer.sign(
            {
                "iss": self.url,
                "aud": audience,
                "iat": now,
                "exp": now + self.lives_seconds,
                "jti": str(self.given),
                **self.claims,
            }
        )

    def get_environment(self) -> dict[str, str]:
        """What a job with `id-token: write` finds in its environment."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }


@contextmanager
def run_ci_issuer() -> Iterator[CiIssuer]:
    issuer = CiIssuer()
    try:
        yield issuer
    finally:
        issuer.stop()

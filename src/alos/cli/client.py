"""The command line's way to a running gateway: its local socket, or ``ALOS_URL``."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import typer

from alos.cli.access_tokens import find_token, forget_token, is_local
from alos.cli.ci_token import NoCiTokenError, find_ci_token
from alos.server.settings import LOOPBACK, get_home, get_token, get_url

EXIT_NO = 1
EXIT_USAGE = 2
EXIT_DOWN = 3
_TIMEOUT_SECONDS = 30


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over the socket file in the data folder."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def call_api(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    home: Path | None = None,
    signed_in: bool = True,
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> Any:
    """Ask the management API; ends the program with the contract's exit code on a "no".

    Args:
        method: HTTP's.
        path: below the root, e.g. ``/api/v1/keys``.
        body: sent as JSON.
        home: the data folder whose gateway is meant; else ``ALOS_URL``, else ``ALOS_HOME``.
        signed_in: send ``ALOS_TOKEN``, else the CI job's own token, else the session that
            ``alos login`` keeps.
        timeout_seconds: for how long the gateway may say nothing.

    Returns:
        The decoded answer, or ``None`` where it has no body.
    """
    pieces = fetch(
        method, path, body, home=home, signed_in=signed_in, timeout_seconds=timeout_seconds
    )
    data = b"".join(pieces)
    return json.loads(data) if data else None


def ask_api(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    home: Path,
    token: str | None = None,
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> tuple[int, Any]:
    """Ask the management API of a folder's gateway; a "no" is an answer, and ends nothing.

    Args:
        method: HTTP's.
        path: below the root.
        body: sent as JSON.
        home: the data folder.
        token: of the session to act in; the local operator without one.
        timeout_seconds: for how long the gateway may say nothing.

    Returns:
        Status, and the decoded answer, ``None`` where it has no body.

    Raises:
        OSError: no gateway answers.
    """
    connection = _SocketConnection(home / "alos.sock", timeout_seconds)
    try:
        answer = _ask(connection, method, path, body, token)
        data = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(data) if data else None


def fetch(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    home: Path | None = None,
    signed_in: bool = True,
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> Iterator[bytes]:
    """Ask the management API for bytes, a line at a time; ends the program as `call_api` does.

    Over the local socket a session that has ended stands in nobody's way: the command goes on
    as the local operator, since stopping must not wait for a login.
    """
    token = _find_bearer(home) if signed_in else None
    connection = _connect(home, token, timeout_seconds)
    try:
        answer = _ask(connection, method, path, body, token)
        if answer.status == http.HTTPStatus.UNAUTHORIZED and token and is_local(home):
            typer.echo("Your session has ended; going on as the local operator.", err=True)
            forget_token(home)
            connection.close()
            connection = _connect(home, None, timeout_seconds)
            answer = _ask(connection, method, path, body, None)
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            _end(answer.status, answer.read())
        yield from answer
    except (OSError, http.client.HTTPException) as error:
        typer.echo(
            f"No gateway answers ({error}). Start one with `alos serve`, or set ALOS_HOME or"
            " ALOS_URL to a running one.",
            err=True,
        )
        raise typer.Exit(EXIT_DOWN) from None
    finally:
        connection.close()


def _find_bearer(home: Path | None) -> str | None:
    if (token := get_token()) is not None:
        return token
    ci = find_ci_token() if home is None and get_url() is not None else None
    try:
        return ci.get() if ci is not None else find_token(home)
    except NoCiTokenError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_DOWN) from None


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    token: str | None,
) -> http.client.HTTPResponse:
    payload = json.dumps(body).encode() if body is not None else None
    headers = {"content-type": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    connection.request(method, path, payload, headers)
    return connection.getresponse()


def _end(status: int, data: bytes) -> NoReturn:
    decoded = json.loads(data) if data else None
    typer.echo(f"Refused: {_get_message(decoded)}", err=True)
    if status == http.HTTPStatus.UNPROCESSABLE_ENTITY:
        raise typer.Exit(EXIT_USAGE)
    is_down = status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    raise typer.Exit(EXIT_DOWN if is_down else EXIT_NO)


def _connect(
    home: Path | None, token: str | None, timeout_seconds: float
) -> http.client.HTTPConnection:
    url = get_url() if home is None else None
    if url is None:
        return _SocketConnection(get_home(home) / "alos.sock", timeout_seconds)
    parts = urlsplit(url)
    if token is not None and parts.scheme != "https" and parts.hostname not in LOOPBACK:
        typer.echo("A session is not sent over plain http; set ALOS_URL to https://…", err=True)
        raise typer.Exit(EXIT_USAGE)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout_seconds)


def _get_message(decoded: Any) -> str:
    if isinstance(decoded, dict):
        if isinstance(error := decoded.get("error"), dict):
            return str(error.get("message", ""))
        if "detail" in decoded:
            return json.dumps(decoded["detail"])
    return "the gateway gave no reason"

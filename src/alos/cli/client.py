"""The command line's way to a running gateway: its local socket, or ``ALOS_URL``."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import typer

from alos.server.settings import get_home, get_url

EXIT_NO = 1
EXIT_USAGE = 2
EXIT_DOWN = 3
_TIMEOUT_SECONDS = 30


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over the socket file in the data folder."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_SECONDS)
        self.sock.connect(str(self._path))


def call_api(
    method: str, path: str, body: dict[str, Any] | None = None, *, home: Path | None = None
) -> Any:
    """Ask the management API; ends the program with the contract's exit code on a "no".

    Args:
        method: HTTP's.
        path: below the root, e.g. ``/api/v1/keys``.
        body: sent as JSON.
        home: the data folder whose gateway is meant; else ``ALOS_URL``, else ``ALOS_HOME``.

    Returns:
        The decoded answer, or ``None`` where it has no body.
    """
    data = b"".join(fetch(method, path, body, home=home))
    return json.loads(data) if data else None


def fetch(
    method: str, path: str, body: dict[str, Any] | None = None, *, home: Path | None = None
) -> Iterator[bytes]:
    """Ask the management API for bytes, a line at a time; ends the program as `call_api` does."""
    connection = _connect(home)
    try:
        payload = json.dumps(body).encode() if body is not None else None
        connection.request(method, path, payload, {"content-type": "application/json"})
        answer = connection.getresponse()
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


def _end(status: int, data: bytes) -> NoReturn:
    decoded = json.loads(data) if data else None
    typer.echo(f"Refused: {_get_message(decoded)}", err=True)
    if status == http.HTTPStatus.UNPROCESSABLE_ENTITY:
        raise typer.Exit(EXIT_USAGE)
    is_down = status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    raise typer.Exit(EXIT_DOWN if is_down else EXIT_NO)


def _connect(home: Path | None) -> http.client.HTTPConnection:
    url = get_url() if home is None else None
    if url is None:
        return _SocketConnection(get_home(home) / "alos.sock")
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)


def _get_message(decoded: Any) -> str:
    if isinstance(decoded, dict):
        if isinstance(error := decoded.get("error"), dict):
            return str(error.get("message", ""))
        if "detail" in decoded:
            return json.dumps(decoded["detail"])
    return "the gateway gave no reason"

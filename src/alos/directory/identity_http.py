"""Reaches identity providers by the standard library's HTTP client, in a thread.

A login or a new signing key is rare, so a connection for each request is cheap enough.
"""

import asyncio
import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from alos.domain.fault import SignOnDown
from alos.ports.identity_provider import ProviderAnswer

_TIMEOUT_SECONDS = 5.0
_WHOLE_SECONDS = 15.0
_MAX_BYTES = 1_000_000


class HttpIdentityProviders:
    """The :class:`alos.ports.identity_provider.IdentityProviders` of the real world."""

    async def get(
        self, url: str, *, ca_file: str | None = None, bearer: str | None = None
    ) -> ProviderAnswer:
        """Fetch a document.

        Raises:
            SignOnDown: no answer, or none that is a JSON object.
        """
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return await _ask("GET", url, headers, None, ca_file)

    async def post(
        self,
        url: str,
        form: Mapping[str, str],
        *,
        ca_file: str | None = None,
        basic: tuple[str, str] | None = None,
    ) -> ProviderAnswer:
        """Send a form.

        Raises:
            SignOnDown: no answer, or none that is a JSON object.
        """
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if basic is not None:  # RFC 6749 §2.3.1: both are form-encoded first
            pair = ":".join(quote(one, safe="") for one in basic)
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return await _ask("POST", url, headers, urlencode(form).encode(), ca_file)


async def _ask(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, ca_file: str | None
) -> ProviderAnswer:
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            return await asyncio.to_thread(_ask_now, method, url, headers, body, ca_file)
    except TimeoutError:
        raise SignOnDown(f"{_get_host(url)} did not answer in time") from None


def _ask_now(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, ca_file: str | None
) -> ProviderAnswer:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = _connect(url, ca_file)
        try:
            connection.request(method, target, body, {"accept": "application/json", **headers})
            answer = connection.getresponse()
            data = answer.read(_MAX_BYTES + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SignOnDown(f"{_get_host(url)} can't be reached: {type(error).__name__}") from error
    return ProviderAnswer(answer.status, _decode(data, url))


def _connect(url: str, ca_file: str | None) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca_file)
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context)
    return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)


def _decode(data: bytes, url: str) -> dict[str, Any]:
    if len(data) > _MAX_BYTES:
        raise SignOnDown(f"{_get_host(url)} answered more than {_MAX_BYTES} bytes")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SignOnDown(f"{_get_host(url)} did not answer in JSON") from error
    if not isinstance(body, dict):
        raise SignOnDown(f"{_get_host(url)} did not answer with a JSON object")
    return body


def _get_host(url: str) -> str:
    return urlsplit(url).hostname or "the identity provider"

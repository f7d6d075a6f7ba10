"""The token by which a CI job says which job it is: asked for when needed, renewed before its end.

GitHub Actions gives a job with ``id-token: write`` an address and a credential to ask with
(https://docs.github.com/actions/reference/security/oidc). A token lives minutes, a run may take
longer, so it is fetched anew; it is kept in memory only.
"""

import base64
import http.client
import json
import threading
import time
from functools import cache
from urllib.parse import quote, urlsplit

from alos.domain.sign_on import is_safe_url
from alos.server.settings import CiTokens, get_ci_tokens

_TIMEOUT_SECONDS = 20
_EARLY_SECONDS = 60
"""A token is fetched anew so long before its end."""


class NoCiTokenError(Exception):
    """The CI gives no token; the message says what to do."""


class CiToken:
    """The job's current token; good for any thread."""

    def __init__(self, source: CiTokens) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def get(self) -> str:
        """The token.

        Raises:
            NoCiTokenError: the CI gives none.
        """
        with self._lock:
            now = time.time()  # noqa: TID251 - a client's own clock; the gateway judges the token
            if now >= self._renew_at:
                self._token = _fetch(self._source)
                self._renew_at = _read_end(self._token) - _EARLY_SECONDS
            return self._token


@cache
def find_ci_token() -> CiToken | None:
    """The token of the job that this program runs in; ``None`` outside of one."""
    source = get_ci_tokens()
    return CiToken(source) if source is not None else None


def _fetch(source: CiTokens) -> str:
    if not is_safe_url(source.url):
        message = "ACTIONS_ID_TOKEN_REQUEST_URL is no https URL."
        raise NoCiTokenError(message)
    parts = urlsplit(source.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    query = f"{parts.query}&" if parts.query else ""
    path = f"{parts.path}?{query}audience={quote(source.audience, safe='')}"
    headers = {"authorization": f"Bearer {source.request_token}", "accept": "application/json"}
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return str(json.loads(answer.read())["value"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        message = (
            f"The CI gives no token ({type(error).__name__}); the job needs `permissions:"
            " {id-token: write}`."
        )
        raise NoCiTokenError(message) from None
    finally:
        connection.close()


def _read_end(token: str) -> float:
    """When the token says that it ends; at once where it can't be read: the gateway tells."""
    try:
        payload = token.split(".")[1]
        padded = payload + "=" * (-len(payload) % 4)
        return float(json.loads(base64.urlsafe_b64decode(padded))["exp"])
    except (ValueError, KeyError, IndexError, TypeError):
        return 0.0

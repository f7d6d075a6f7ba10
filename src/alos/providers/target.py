"""Where a request goes: a base URL and a wire format's path, taken apart once."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from alos.providers.pool import Origin, Proxy

_RESPONSES = "/v1/responses"
"""The one path of Azure's that names no deployment."""


@dataclass(frozen=True, slots=True)
class Target:
    """A provider's endpoint.

    Attributes:
        line: the request line.
        host: the headers that are the same for every call.
    """

    origin: Origin
    line: bytes
    host: bytes


def read_target(
    base_url: str, path: str, proxy: Proxy | None, *, deployment: str = "", api_version: str = ""
) -> Target:
    """Join a base URL and a format's path as the vendors' own clients do.

    A base URL with a path (``https://host/openai/v1``) holds the version already; a bare host
    gets the whole path. Anthropic's clients always put the whole path after the base. With an
    ``api_version`` it is an Azure OpenAI resource, whose deployments have paths of their own.

    Raises:
        ValueError: it is no http or https URL.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        message = "not a base URL"
        raise ValueError(message)
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    base = parts.path.rstrip("/").removesuffix("/v1")
    if api_version:
        base = f"{base.removesuffix('/openai')}/openai"
        place = "" if path == _RESPONSES else f"/deployments/{quote(deployment, safe='')}"
        path = f"{place}{path.removeprefix('/v1')}?api-version={api_version}"
    elif base == parts.path.rstrip("/") and base and not path.startswith("/v1/messages"):
        path = path.removeprefix("/v1")
    full = f"{base}{path}"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.port is not None:
        host = f"{host}:{port}"
    extra = ""
    if proxy is not None and not is_tls:
        full = f"http://{host}{full}"
        if proxy.login is not None:
            extra = f"proxy-authorization: Basic {proxy.login.to_basic()}\r\n"
    if not full.isascii() or not full.isprintable() or " " in full:
        message = "not a base URL"
        raise ValueError(message)
    headers = (
        f"host: {host}\r\ncontent-type: application/json\r\n"
        f"accept: application/json, text/event-stream\r\nuser-agent: alos\r\n{extra}"
    )
    line = f"POST {full} HTTP/1.1\r\n".encode()
    return Target(Origin(parts.hostname, port, is_tls), line, headers.encode())


def is_azure(base_url: str) -> bool:
    """Whether the host takes its key as ``api-key``."""
    host = urlsplit(base_url).hostname or ""
    return host.endswith((".openai.azure.com", ".cognitiveservices.azure.com", ".ai.azure.com"))

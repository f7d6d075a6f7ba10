"""Connections to providers, kept for the next call; direct or through an egress proxy."""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote, urlsplit

from alos.ports.provider import Broken, ProviderBroke, ProviderFailure
from alos.providers.connection import Connection
from alos.providers.credentials import Secret

_MAX_HEAD_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes."""

    host: str
    port: int
    is_tls: bool


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP egress proxy; TLS goes through it by CONNECT."""

    host: str
    port: int
    login: Secret | None

    @classmethod
    def from_url(cls, url: str) -> "Proxy":
        """Read ``http://[user:password@]host:port``.

        Raises:
            ValueError: it is none.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            message = "an egress proxy is given as http://host:port"
            raise ValueError(message)
        login = None
        if parts.username is not None:
            login = Secret(f"{unquote(parts.username)}:{unquote(parts.password or '')}")
        return cls(parts.hostname, parts.port or 3128, login)


class Pool:
    """Opens connections and keeps those that can be used again.

    Args:
        tls: for every provider; a custom authority is part of it.
        idle_seconds: how long an unused connection is kept; below the keep-alive of common
            servers, so that a call seldom meets one that the server is about to close.
    """

    def __init__(
        self, tls: ssl.SSLContext, *, proxy: Proxy | None, idle_seconds: float = 15.0
    ) -> None:
        self._tls = tls
        self._proxy = proxy
        self._idle_seconds = idle_seconds
        self._idle: dict[Origin, deque[tuple[float, Connection]]] = {}

    @property
    def proxy(self) -> Proxy | None:
        """The egress proxy, if any."""
        return self._proxy

    def take(self, origin: Origin) -> Connection | None:
        """The connection used last, if it is still good."""
        idle = self._idle.get(origin)
        if not idle:
            return None
        oldest = asyncio.get_running_loop().time() - self._idle_seconds
        while idle:
            since, connection = idle.pop()
            if since >= oldest and connection.is_open:
                return connection
            connection.abort()
        return None

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection whose answer is complete; drop any other."""
        if not (connection.is_reusable and connection.is_open):
            connection.abort()
            return
        now = asyncio.get_running_loop().time()
        idle = self._idle.setdefault(origin, deque())
        idle.append((now, connection))
        while idle and idle[0][0] < now - self._idle_seconds:
            idle.popleft()[1].abort()

    async def open(self, origin: Origin, *, timeout_seconds: float) -> Connection:
        """Connect.

        Raises:
            ProviderBroke: refused, unreachable, not trusted, or not in time.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._open(origin)
        except TimeoutError:
            failure = ProviderFailure(why=Broken.CONNECT, cause="connecting took too long")
        except ssl.SSLCertVerificationError as error:
            failure = ProviderFailure(why=Broken.CONNECT, cause=f"TLS: {error.verify_message}")
        except (OSError, UnicodeError) as error:
            failure = ProviderFailure(why=Broken.CONNECT, cause=type(error).__name__)
        raise ProviderBroke(failure)

    async def _open(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        if self._proxy is not None:
            return await self._open_by_proxy(origin, self._proxy)
        _, connection = await loop.create_connection(
            lambda: Connection(loop),
            origin.host,
            origin.port,
            ssl=self._tls if origin.is_tls else None,
            server_hostname=origin.host if origin.is_tls else None,
        )
        return connection

    async def _open_by_proxy(self, origin: Origin, proxy: Proxy) -> Connection:
        loop = asyncio.get_running_loop()
        if not origin.is_tls:
            _, plain = await loop.create_connection(
                lambda: Connection(loop), proxy.host, proxy.port
            )
            return plain
        plain_transport, tunnel = await loop.create_connection(
            lambda: _Tunnel(loop), proxy.host, proxy.port
        )
        try:
            await tunnel.ask(origin, proxy)
            connection = Connection(loop)
            transport = await loop.start_tls(
                plain_transport, connection, self._tls, server_hostname=origin.host
            )
        except BaseException:
            plain_transport.abort()
            raise
        if transport is None:
            raise ConnectionError("the proxy hung up")
        connection.connection_made(transport)
        return connection

    def close(self) -> None:
        """Drop every idle connection."""
        for idle in self._idle.values():
            for _, connection in idle:
                connection.abort()
        self._idle.clear()


class _Tunnel(asyncio.Protocol):
    """Has a proxy open a tunnel (RFC 9110, section 9.3.6)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._answered: asyncio.Future[bytes] = loop.create_future()

    async def ask(self, origin: Origin, proxy: Proxy) -> None:
        """Return once the tunnel stands.

        Raises:
            ConnectionError: the proxy refused, or is none.
        """
        target = f"{origin.host}:{origin.port}"
        login = f"proxy-authorization: Basic {proxy.login.to_basic()}\r\n" if proxy.login else ""
        assert self._transport is not None
        self._transport.write(
            f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{login}\r\n".encode()
        )
        head = await self._answered
        if head.split(b" ", 2)[1:2] != [b"200"]:
            raise ConnectionError("the proxy refused")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another base

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._answered.done():
            return
        if self._head.endswith(b"\r\n\r\n"):
            self._answered.set_result(self._head)
        elif b"\r\n\r\n" in self._head or len(self._head) > _MAX_HEAD_BYTES:
            self._answered.set_exception(ConnectionError("the proxy said too much"))

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(ConnectionError("the proxy hung up"))

"""The HTTP provider: sends checked bodies to model servers, and nothing but its own headers."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from alos.domain.call import CheckedCall, CheckedCandidate
from alos.domain.organisation import AzureLogin
from alos.domain.standing import StandingModel
from alos.domain.trace import write_traceparent
from alos.ports.provider import Broken, ProviderBroke, ProviderFailure
from alos.providers.connection import Connection
from alos.providers.credentials import Credentials
from alos.providers.encoding import GARBLED, open_decoder
from alos.providers.entra import EntraTokens
from alos.providers.pool import Origin, Pool, Proxy
from alos.providers.quotes import Quotes
from alos.providers.target import Target, is_azure, read_target

_VERSION = re.compile(rb"\d{4}-\d{2}-\d{2}")
_BETAS = re.compile(rb"[a-z0-9.-]{1,64}(?:, ?[a-z0-9.-]{1,64}){0,31}")
_DEFAULT_VERSION = b"2023-06-01"
_AT_ONCE_SECONDS = 1.0
_PRICED_BETAS = (b"context-1m-", b"fast-mode-")
"""Betas that change the price of a call; left out, since no price book knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Bounds that no model sets for itself."""

    max_answer_bytes: int = 32_000_000
    max_stream_bytes: int = 64_000_000


class HttpProvider:
    """Implements :class:`alos.ports.provider.Provider` over HTTP/1.1.

    Args:
        paths: name of a wire format → its path.
        ca_file: PEM of further authorities to trust.
        proxy_url: egress proxy; the environment's proxies are never used.
    """

    def __init__(
        self,
        paths: Mapping[str, str],
        credentials: Credentials,
        *,
        limits: HttpLimits | None = None,
        ca_file: str | None = None,
        proxy_url: str | None = None,
    ) -> None:
        tls = ssl.create_default_context()
        if ca_file is not None:
            tls.load_verify_locations(cafile=ca_file)
        proxy = Proxy.from_url(proxy_url) if proxy_url else None
        self._pool = Pool(tls, proxy=proxy)
        self._paths = paths
        self._credentials = credentials
        self._limits = limits or HttpLimits()
        self._targets: dict[tuple[str, str, str, str], Target] = {}
        self._entra = EntraTokens(self._pool, monotonic)

    async def send(
        self, call: CheckedCall, candidate: CheckedCandidate, *, within_seconds: float
    ) -> "HttpAnswer | ProviderFailure":
        """Send the candidate's body; no redirects, no retries of an answered request."""
        admitted = call.funded.admitted
        received = admitted.call
        model = candidate.model
        wire_format = received.wire_format
        try:
            target = self._get_target(model, wire_format)
        except ValueError:
            return ProviderFailure(why=Broken.CONNECT, cause="the base URL can't be read")
        login = await self._write_login(model, wire_format, received.headers)
        if isinstance(login, ProviderFailure):
            return login
        body = candidate.body
        trace = write_traceparent(received.id, received.headers.get(b"traceparent"))
        rest = b"traceparent: %b\r\ncontent-length: %d\r\n\r\n" % (trace, len(body))
        request = b"".join((target.line, target.host, login.lines, rest, body))
        waits = _get_waits(model, within_seconds, is_stream=admitted.request.stream)
        try:
            connection = await self._exchange(target.origin, request, waits)
        except ProviderBroke as error:
            return error.failure
        idle_seconds = model.idle_timeout_seconds
        quotes = Quotes(login.credential)
        return HttpAnswer(
            self._pool, target.origin, connection, self._limits, idle_seconds, quotes
        )

    async def _exchange(self, origin: Origin, request: bytes, waits: "_Waits") -> Connection:
        """Send on a kept connection, or a new one.

        A kept connection may be closed by the server in the very moment it is used; where that
        shows at once and not one byte came, the request goes out once more on a new one.
        """
        connection = self._pool.take(origin)
        if connection is not None:
            started = monotonic()
            try:
                return await _send(connection, request, waits)
            except ProviderBroke as error:
                was_at_once = monotonic() - started < _AT_ONCE_SECONDS
                if connection.heard or error.failure.why is not Broken.BROKEN_OFF:
                    raise
                if not was_at_once:  # the server may have begun to work on it
                    raise
        connection = await self._pool.open(origin, timeout_seconds=waits.connect_seconds)
        return await _send(connection, request, waits)

    def _get_target(self, model: StandingModel, wire_format: str) -> Target:
        api_version = model.azure.api_version or "" if model.azure is not None else ""
        deployment = model.upstream_name if api_version else ""
        key = (model.base_url, wire_format, deployment, api_version)
        target = self._targets.get(key)
        if target is None:
            target = read_target(
                model.base_url,
                self._paths[wire_format],
                self._pool.proxy,
                deployment=deployment,
                api_version=api_version,
            )
            self._targets[key] = target
        return target

    async def _write_login(
        self, model: StandingModel, wire_format: str, headers: Mapping[bytes, bytes]
    ) -> "_Login | ProviderFailure":
        """The credential in the vendor's own header, and Anthropic's version and betas."""
        key = ""
        if model.credential:
            secret = self._credentials(model.credential)
            if secret is None:
                return ProviderFailure(why=Broken.CONNECT, cause="the credential is not set")
            if model.azure is not None and model.azure.login is AzureLogin.ENTRA:
                token = await self._entra.get(model.azure, secret)
                if isinstance(token, ProviderFailure):
                    return token
                secret = token
            key = secret.reveal()
        raw = key.encode()
        if wire_format.startswith("anthropic"):
            named = b"x-api-key: %b\r\n" % raw if raw else b""
            return _Login(named + _write_anthropic(headers), raw)
        if not raw:
            return _Login(b"", b"")
        if _takes_api_key(model):
            return _Login(b"api-key: %b\r\n" % raw, raw)
        return _Login(b"authorization: Bearer %b\r\n" % raw, raw)

    async def close(self) -> None:
        """Drop the idle connections."""
        self._pool.close()
        await asyncio.sleep(0)  # sockets close in the loop's next round


def _takes_api_key(model: StandingModel) -> bool:
    if model.azure is None:
        return is_azure(model.base_url)
    return model.azure.login is AzureLogin.API_KEY


class _Login(NamedTuple):
    """What a request says of who we are: header lines, and the credential that is in them."""

    lines: bytes
    credential: bytes


class _Waits(NamedTuple):
    """How long one try may take: the candidate's own bounds, and what the call has left."""

    connect_seconds: float
    first_byte_seconds: float
    total_seconds: float


def _get_waits(model: StandingModel, within_seconds: float, *, is_stream: bool) -> _Waits:
    total = model.total_timeout_seconds
    return _Waits(
        min(model.connect_timeout_seconds, within_seconds),
        min(model.first_byte_timeout_seconds, within_seconds),
        total if is_stream else min(total, within_seconds),
    )


async def _send(connection: Connection, request: bytes, waits: _Waits) -> Connection:
    await connection.exchange(
        request,
        first_byte_seconds=waits.first_byte_seconds,
        total_seconds=waits.total_seconds,
    )
    return connection


class HttpAnswer:
    """An answer whose head has come; give the connection back by :meth:`close`."""

    __slots__ = (
        "_connection",
        "_idle_seconds",
        "_is_closed",
        "_limits",
        "_origin",
        "_pool",
        "_quotes",
        "headers",
        "on_closed",
        "status",
    )

    def __init__(
        self,
        pool: Pool,
        origin: Origin,
        connection: Connection,
        limits: HttpLimits,
        idle_seconds: float,
        quotes: Quotes,
    ) -> None:
        self._quotes = quotes
        self._pool = pool
        self._origin = origin
        self._connection = connection
        self._limits = limits
        self._idle_seconds = idle_seconds
        self._is_closed = False
        self.on_closed: Callable[[], None] | None = None
        self.status = connection.status
        self.headers: Mapping[str, str] = connection.headers

    async def read(self) -> bytes | ProviderFailure:
        """The whole body, within the size bound and the candidate's timeout."""
        parts: list[bytes] = []
        size = 0
        connection, max_bytes = self._connection, self._limits.max_answer_bytes
        connection.watch_idle(self._idle_seconds)
        try:
            if "content-encoding" in self.headers:
                parts = [part async for part in self._decode(max_bytes)]
            else:
                while (data := await connection.next_chunk()) is not None:
                    size += len(data)
                    _check_size(size, max_bytes)
                    parts.append(data)
        except ProviderBroke as error:
            return error.failure
        return self._quotes.strike_whole(parts[0] if len(parts) == 1 else b"".join(parts))

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            ProviderBroke: the stream stalled, broke off or grew past the bound.
        """
        connection, max_bytes = self._connection, self._limits.max_stream_bytes
        connection.watch_idle(self._idle_seconds)
        quotes = self._quotes
        if "content-encoding" in self.headers:
            async for part in self._decode(max_bytes):
                if struck := quotes.strike(part):
                    yield struck
        else:
            size = 0
            while (data := await connection.next_chunk()) is not None:
                size += len(data)
                if size > max_bytes:
                    _check_size(size, max_bytes)
                if struck := quotes.strike(data):
                    yield struck
        if rest := quotes.take_rest():
            yield rest

    async def _decode(self, max_bytes: int) -> AsyncIterator[bytes]:
        connection = self._connection
        decoder = open_decoder(self.headers.get("content-encoding", ""))
        size = 0
        while (data := await connection.next_chunk()) is not None:
            if decoder is not None:
                data = decoder.decode(data, max_bytes - size + 1)
            size += len(data)
            _check_size(size, max_bytes)
            if data:
                yield data
        if decoder is not None and not decoder.is_complete:
            raise ProviderBroke(GARBLED)

    async def close(self) -> None:
        """Give the connection back, or abort what still runs upstream."""
        if not self._is_closed:
            self._is_closed = True
            self._pool.give_back(self._origin, self._connection)
            if self.on_closed is not None:
                self.on_closed()


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        cause = f"the answer is larger than {max_bytes} bytes"
        raise ProviderBroke(ProviderFailure(why=Broken.TOO_LARGE, cause=cause))


def _write_anthropic(headers: Mapping[bytes, bytes]) -> bytes:
    version = headers.get(b"anthropic-version", _DEFAULT_VERSION)
    if not _VERSION.fullmatch(version):
        version = _DEFAULT_VERSION
    lines = b"anthropic-version: %b\r\n" % version
    betas = headers.get(b"anthropic-beta", b"")
    if _BETAS.fullmatch(betas):
        kept = [
            name
            for name in betas.replace(b" ", b"").split(b",")
            if not name.startswith(_PRICED_BETAS)
        ]
        if kept:
            lines += b"anthropic-beta: %b\r\n" % b",".join(kept)
    return lines

"""Entra ID tokens by client credentials (RFC 6749, section 4.4), kept until they nearly end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from alos.domain.organisation import Azure
from alos.ports.provider import Broken, ProviderBroke, ProviderFailure
from alos.providers.credentials import Secret, to_secret
from alos.providers.pool import Pool
from alos.providers.target import read_target

_SECONDS = 10.0
_MAX_BYTES = 65_536
_EARLY_SECONDS = 300.0
_LEAST_SECONDS = 30.0
_RETRY_SECONDS = 5.0
_OK = 200
_NO_TOKEN = ProviderFailure(why=Broken.CONNECT, cause="no Entra token could be had")


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float


_decode = msgspec.json.Decoder(_Answer, strict=False).decode


@dataclass(frozen=True, slots=True)
class _Kept:
    token: Secret | ProviderFailure
    until_seconds: float


class EntraTokens:
    """Asks for a token once for all calls that wait for it; a failure is remembered briefly.

    Args:
        now_seconds: a monotonic clock.
    """

    def __init__(self, pool: Pool, now_seconds: Callable[[], float]) -> None:
        self._pool = pool
        self._now_seconds = now_seconds
        self._kept: dict[Azure, _Kept] = {}
        self._locks: dict[Azure, asyncio.Lock] = {}

    async def get(self, azure: Azure, client_secret: Secret) -> Secret | ProviderFailure:
        """A token that is good for a while."""
        kept = self._kept.get(azure)
        if kept is not None and self._now_seconds() < kept.until_seconds:
            return kept.token
        async with self._locks.setdefault(azure, asyncio.Lock()):
            kept = self._kept.get(azure)
            if kept is None or self._now_seconds() >= kept.until_seconds:
                kept = await self._ask(azure, client_secret)
                self._kept[azure] = kept
        return kept.token

    async def _ask(self, azure: Azure, client_secret: Secret) -> _Kept:
        now = self._now_seconds()
        failed = _Kept(_NO_TOKEN, now + _RETRY_SECONDS)
        form = {
            "grant_type": "client_credentials",
            "client_id": azure.client_id,
            "client_secret": client_secret.reveal(),
            "scope": azure.scope,
        }
        try:
            answer = _decode(await self._post(azure, urlencode(form).encode()))
        except (ProviderBroke, ValueError, msgspec.MsgspecError):
            return failed
        token = to_secret(answer.access_token)
        if token is None:
            return failed
        lasts = max(answer.expires_in - _EARLY_SECONDS, min(answer.expires_in, _LEAST_SECONDS))
        return _Kept(token, now + lasts)

    async def _post(self, azure: Azure, body: bytes) -> bytes:
        """The body of a 200.

        Raises:
            ProviderBroke: no answer, or one that is too large.
            ValueError: the address can't be read, or the answer is no 200.
        """
        path = f"/{azure.tenant}/oauth2/v2.0/token"
        target = read_target(azure.authority, path, self._pool.proxy)
        head = target.host.replace(b"application/json", b"application/x-www-form-urlencoded", 1)
        rest = b"content-length: %d\r\n\r\n" % len(body)
        connection = await self._pool.open(target.origin, timeout_seconds=_SECONDS)
        try:
            await connection.exchange(
                b"".join((target.line, head, rest, body)),
                first_byte_seconds=_SECONDS,
                total_seconds=_SECONDS,
            )
            parts = []
            while (data := await connection.next_chunk()) is not None:
                parts.append(data)
                if sum(map(len, parts)) > _MAX_BYTES:
                    raise ValueError("the answer is too large")
            if connection.status != _OK:
                raise ValueError("the authority refused")
            return b"".join(parts)
        finally:
            connection.abort()

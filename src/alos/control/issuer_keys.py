"""Issuers' documents and signing keys: fetched, kept for an hour, fetched again when they turn.

Addresses come from the configuration alone; nothing in a token can make us fetch anything but
the configured issuer's own key set, and that at most twice a minute.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from alos.domain.fault import SignOnDown
from alos.domain.sign_on import is_safe_url
from alos.ports.clock import Clock
from alos.ports.identity_provider import IdentityProviders

FRESH_SECONDS = 3_600
RETRY_SECONDS = 30
"""How soon a key set is fetched again for a key that is not in it, or after a failure."""
ALIVE_SECONDS = 60
"""A login asks the issuer's document again when it is older: a dead issuer shows here."""
_LEAST_RSA_BITS = 2_048
_MOST_KEYS = 100

PublicKey = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What an issuer says about itself (OpenID Connect Discovery 1.0)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    basic_auth: bool = True
    names_issuer: bool = False
    """It puts ``iss`` into its redirect (RFC 9207), so one without it is not its own."""


@dataclass(slots=True)
class _Known:
    metadata: Metadata | None = None
    metadata_at: int = 0
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    keys_at: int = 0
    tried_at: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an issuer's keys come from.

    Attributes:
        jwks_file: read in place of the network.
        outage_seconds: so long keys are used while they can't be fetched again.
    """

    url: str
    ca_file: str | None = None
    jwks_file: str | None = None
    outage_seconds: int = 86_400


class IssuerKeys:
    """What is known of every issuer; one fetch at a time for each."""

    def __init__(self, providers: IdentityProviders, clock: Clock) -> None:
        self._providers = providers
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def get_metadata(self, source: Source) -> Metadata:
        """The issuer's endpoints, for a login: asked for now, so that it fails here if at all.

        Raises:
            SignOnDown: it can't be reached, or its document is not its own.
        """
        known = self._known.setdefault(source.url, _Known())
        async with known.lock:
            if known.metadata is None or self._now_unix() >= known.metadata_at + ALIVE_SECONDS:
                await self._fetch_metadata(known, source)
            assert known.metadata is not None, "it was fetched"
            return known.metadata

    def find_known(self, source: Source, key_id: str | None) -> PublicKey | None:
        """A key that is at hand and fresh enough to be used without asking anybody."""
        known = self._known.get(source.url)
        if known is None or self._now_unix() >= known.keys_at + source.outage_seconds:
            return None
        return _select(known.keys, key_id)

    async def find(self, source: Source, key_id: str | None) -> PublicKey | None:
        """The issuer's key of that id; ``None`` where it has none even when asked again.

        Raises:
            SignOnDown: there are no keys of it, or none fresh enough, and no way to get them.
        """
        known = self._known.setdefault(source.url, _Known())
        if (found := self._get_fresh(known, key_id)) is not None:
            return found
        async with known.lock:
            if (found := self._get_fresh(known, key_id)) is not None:
                return found
            now = self._now_unix()
            found = _select(known.keys, key_id)
            if now >= known.tried_at + RETRY_SECONDS or not known.tried_at:
                known.tried_at = now
                try:
                    await self._fetch_keys(known, source)
                except SignOnDown:
                    if found is None:
                        raise
            if not known.keys or now >= known.keys_at + source.outage_seconds:
                raise SignOnDown(f"no usable keys of {source.url}")
            return _select(known.keys, key_id)

    async def find_newer(self, source: Source, *, than: PublicKey) -> PublicKey | None:
        """The one key of an issuer that names none, where it has turned since ``than``.

        No id shows that such a key was rotated, only a signature that it does not fit; so it is
        fetched again, as often as any other. ``None`` too where it can't be.
        """
        known = self._known.setdefault(source.url, _Known())
        async with known.lock:
            now = self._now_unix()
            if now >= known.tried_at + RETRY_SECONDS:
                known.tried_at = now
                try:
                    await self._fetch_keys(known, source)
                except SignOnDown:
                    return None
            found = _select(known.keys, None)
        return found if found is not than else None

    async def refresh(self, sources: list[Source]) -> None:
        """Fetch key sets that will soon be old, off the path of any call; failures wait."""
        for source in sources:
            known = self._known.setdefault(source.url, _Known())
            async with known.lock:
                now = self._now_unix()
                if known.keys and now < known.keys_at + FRESH_SECONDS // 2:
                    continue
                if known.tried_at and now < known.tried_at + RETRY_SECONDS:
                    continue
                known.tried_at = now
                try:
                    await self._fetch_keys(known, source)
                except SignOnDown:
                    continue

    def _get_fresh(self, known: _Known, key_id: str | None) -> PublicKey | None:
        is_fresh = self._now_unix() < known.keys_at + FRESH_SECONDS
        return _select(known.keys, key_id) if is_fresh else None

    async def _get_metadata(self, known: _Known, source: Source) -> Metadata:
        now = self._now_unix()
        if known.metadata is not None and now < known.metadata_at + FRESH_SECONDS:
            return known.metadata
        try:
            return await self._fetch_metadata(known, source)
        except SignOnDown:
            if known.metadata is None or now >= known.metadata_at + source.outage_seconds:
                raise
            return known.metadata

    async def _fetch_metadata(self, known: _Known, source: Source) -> Metadata:
        url = source.url.rstrip("/") + "/.well-known/openid-configuration"
        known.metadata = _read_metadata(await self._fetch(url, source), source.url)
        known.metadata_at = self._now_unix()
        return known.metadata

    async def _fetch_keys(self, known: _Known, source: Source) -> None:
        if source.jwks_file is not None:
            body: Mapping[str, Any] = await asyncio.to_thread(_read_file, source.jwks_file)
        else:
            metadata = await self._get_metadata(known, source)
            body = await self._fetch(metadata.jwks_uri, source)
        known.keys = _read_keys(body, source.url)
        known.keys_at = self._now_unix()

    async def _fetch(self, url: str, source: Source) -> Mapping[str, Any]:
        answer = await self._providers.get(url, ca_file=source.ca_file)
        if answer.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise SignOnDown(f"{source.url} answered {answer.status}")
        return answer.body

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


def _read_metadata(body: Mapping[str, Any], url: str) -> Metadata:
    if body.get("issuer") != url:
        raise SignOnDown(f"the document at {url} is another issuer's")
    needed = [body.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    userinfo = body.get("userinfo_endpoint", "")
    listed = [one for one in (*needed, userinfo or url) if isinstance(one, str)]
    if len(listed) != len(needed) + 1 or not all(is_safe_url(one) for one in listed):
        raise SignOnDown(f"{url} names an address that is missing or not over TLS")
    methods = body.get("token_endpoint_auth_methods_supported")
    return Metadata(
        authorization_endpoint=listed[0],
        token_endpoint=listed[1],
        jwks_uri=listed[2],
        userinfo_endpoint=userinfo,
        basic_auth=not isinstance(methods, list) or "client_secret_basic" in methods,
        names_issuer=body.get("authorization_response_iss_parameter_supported") is True,
    )


def _read_keys(body: Mapping[str, Any], url: str) -> dict[str, PublicKey]:
    """Public signing keys by id; symmetric and weak ones are left out."""
    listed = body.get("keys")
    if not isinstance(listed, list):
        raise SignOnDown(f"{url} has no list of keys")
    found: dict[str, PublicKey] = {}
    for number, one in enumerate(listed[:_MOST_KEYS]):
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        try:
            (key,) = KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey) and key.raw_value.key_size < _LEAST_RSA_BITS:
            continue
        if isinstance(key, (RSAKey, ECKey, OKPKey)) and not key.is_private:
            found[str(one.get("kid") or f"#{number}")] = key
    if not found:
        raise SignOnDown(f"{url} has no key that can be used")
    return found


def _select(keys: Mapping[str, PublicKey], key_id: str | None) -> PublicKey | None:
    """By id; a token without one is taken only where there is no choice."""
    if key_id is not None:
        return keys.get(key_id)
    return next(iter(keys.values())) if len(keys) == 1 else None


def _read_file(path: str) -> dict[str, Any]:
    try:
        body = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise SignOnDown(f"the key file {path} can't be read") from error
    if not isinstance(body, dict):
        raise SignOnDown(f"the key file {path} is no JSON object")
    return body

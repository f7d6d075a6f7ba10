"""Whether a token is what it says: form, algorithm, key, signature, claims, in that order."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact

from alos.control.issuer_keys import IssuerKeys, PublicKey, Source
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.token_claims import Expected, check_claims

MAX_BYTES = 16_384
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures by a key pair. ``none`` and ``HS…`` are not among them: what the issuer publishes is
no secret, so a MAC under it proves nothing."""
_KEY_KINDS: Mapping[str, type[PublicKey]] = {
    "RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey,
}  # fmt: skip
_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """What a token says of itself; good for nothing but finding whose keys to look at."""

    algorithm: str
    key_id: str | None
    issuer: str


def peek(token: str) -> Unverified | Refusal:
    """Take a token apart without believing it."""
    parts = token.split(".")
    if len(token) > MAX_BYTES or len(parts) != 3 or not token.isascii():  # noqa: PLR2004 - RFC 7515
        return _refuse("it has no token's form")
    header, claims = _decode(parts[0]), _decode(parts[1])
    if header is None or claims is None:
        return _refuse("it has no token's form")
    algorithm, key_id, issuer = header.get("alg"), header.get("kid"), claims.get("iss")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return _refuse("its algorithm is not taken")
    if "crit" in header or "b64" in header:
        return _refuse("its header asks for what is not taken")
    if not isinstance(issuer, str) or not (key_id is None or isinstance(key_id, str)):
        return _refuse("it has no token's form")
    return Unverified(algorithm=algorithm, key_id=key_id, issuer=issuer)


async def verify(
    token: str,
    keys: IssuerKeys,
    source: Source,
    expected: Expected,
    *,
    now_unix: int,
    skew_seconds: int,
) -> Mapping[str, Any] | Refusal:
    """The claims of a good token.

    Raises:
        SignOnDown: the issuer's keys can't be had.
    """
    seen = peek(token)
    if isinstance(seen, Refusal):
        return seen
    if seen.issuer != expected.issuer:
        return _refuse("it is another issuer's")
    key = await keys.find(source, seen.key_id)
    if key is None:
        return _refuse("its issuer has no such key")
    claims = _check_signature(token, key, seen.algorithm)
    if isinstance(claims, Refusal) and seen.key_id is None:
        newer = await keys.find_newer(source, than=key)
        claims = claims if newer is None else _check_signature(token, newer, seen.algorithm)
    if isinstance(claims, Refusal):
        return claims
    wrong = check_claims(claims, expected, now_unix=now_unix, skew_seconds=skew_seconds)
    return _refuse(wrong) if wrong is not None else claims


def verify_archived(token: str, key: object) -> Mapping[str, Any] | Refusal:
    """The claims of a token whose signature holds under a key that was kept with it (a JWK).

    What the claims say of time and audience was looked at when it came; it has expired since.
    """
    seen = peek(token)
    if isinstance(seen, Refusal):
        return seen
    found = _import(key)
    if not isinstance(found, _KEY_KINDS[seen.algorithm[:2]]):
        return _refuse("its key can't be read, or is not its algorithm's")
    return _check_signature(token, found, seen.algorithm)


def get_thumbprint(key: object) -> str | None:
    """A public key's thumbprint (RFC 7638); ``None`` where it is none that can be read."""
    found = _import(key)
    return found.thumbprint() if found is not None else None


def _import(key: object) -> PublicKey | None:
    if not isinstance(key, dict):
        return None
    try:
        (found,) = KeySet.import_key_set({"keys": [key]}).keys
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if isinstance(found, (RSAKey, ECKey, OKPKey)) else None


def _check_signature(token: str, key: PublicKey, algorithm: str) -> Mapping[str, Any] | Refusal:
    if not isinstance(key, _KEY_KINDS[algorithm[:2]]):
        return _refuse("its algorithm is not its key's")
    try:
        signed = deserialize_compact(token, key, algorithms=[algorithm], registry=_REGISTRY)
        claims = json.loads(signed.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        return _refuse("its signature is not good")
    return claims if isinstance(claims, dict) else _refuse("it has no token's form")


def _refuse(why: str) -> Refusal:
    return Refusal(code=ReasonCode.TOKEN_BAD, detail=why)


def _decode(part: str) -> dict[str, Any] | None:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

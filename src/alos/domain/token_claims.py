"""Which claims of a token are believed: the rules of OpenID Connect Core 1.0 §3.1.3.7, pure.

The signature is not this file's business (:mod:`alos.control.tokens`); what is checked here
presumes that it was good.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

LONGEST_SECONDS = 86_400
"""A token that says it is good for longer than a day is not one of a login or a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to say.

    Attributes:
        audience: the client id (ID tokens) or our own name (workload tokens).
        nonce: of the login it answers; ``None`` for tokens that answer none.
    """

    issuer: str
    audience: str
    nonce: str | None = None


def check_claims(
    claims: Mapping[str, Any], expected: Expected, *, now_unix: int, skew_seconds: int
) -> str | None:
    """Say what is wrong with the claims, in our own words; ``None`` where nothing is."""
    if claims.get("iss") != expected.issuer:
        return "it is another issuer's"
    if (wrong := _check_audience(claims, expected.audience)) is not None:
        return wrong
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:  # noqa: PLR2004 - §2
        return "it names nobody"
    if (wrong := _check_times(claims, now_unix, skew_seconds)) is not None:
        return wrong
    if expected.nonce is not None:
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not _is_same(nonce, expected.nonce):
            return "it answers another login"
    return None


def _check_audience(claims: Mapping[str, Any], audience: str) -> str | None:
    given = claims.get("aud")
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or audience not in listed:
        return "it is made out to somebody else"
    party = claims.get("azp")
    if len(listed) > 1 and party is None:
        return "it is made out to several, and does not say to whom it was given"
    if party is not None and party != audience and len(listed) > 1:
        return "it was given to somebody else"
    return None


def _check_times(claims: Mapping[str, Any], now_unix: int, skew: int) -> str | None:
    ends, made, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not (_is_time(ends) and _is_time(made) and _is_time(begins)):
        return "it does not say from when to when it is good"
    if now_unix >= ends + skew:
        return "it has expired"
    if made > now_unix + skew or begins > now_unix + skew:
        return "it is not good yet"
    if ends - made > LONGEST_SECONDS:
        return "it is good for longer than a day"
    return None


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e11  # noqa: PLR2004


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())

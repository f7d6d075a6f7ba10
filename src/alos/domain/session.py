"""A login that goes on: who, since when, how long at most; the token itself is nowhere.

A session holds no right. Roles are read from the directory at every request, so a session of
somebody who lost a role loses it with them.
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.ids import PersonId

TOKEN_PREFIX = "alos_session_"  # noqa: S105 - the part of a token that everybody may know
TOKEN_LENGTH = len(TOKEN_PREFIX) + 43
ROTATION_GRACE_SECONDS = 30
"""So long a rotated token is still taken, for requests that were under way."""


class Carrier(StrEnum):
    """Where a session's token travels; one that turns up elsewhere is not taken."""

    COOKIE = "cookie"
    BEARER = "bearer"


class Origin(StrEnum):
    """How a session came to be."""

    SIGN_ON = "sign_on"
    """The organisation's own identity provider."""
    SETUP_TOKEN = "setup_token"  # noqa: S105 - a name
    PERSONA = "persona"
    """A labelled demo person of a dev folder."""


class SessionEnd(StrEnum):
    """Why a session may not be used any more."""

    ENDED = "ended"
    IDLE = "idle"
    TOO_OLD = "too_old"
    REPLAYED = "replayed"
    """A token that had been replaced was used again: one of two holders is a thief."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """How long a session lasts.

    Attributes:
        idle_seconds: without a request.
        absolute_seconds: from the login, whatever happens in between.
        rotation_seconds: a cookie's token is replaced when it is older than that.
    """

    idle_seconds: int = 3_600
    absolute_seconds: int = 43_200
    rotation_seconds: int = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login as it is kept.

    Attributes:
        id: ours, safe to print; ``ses_`` + 16 hexadecimal characters.
        token_hash: SHA-256 of the token.
        previous_hash: of the token before the last rotation.
        issuer, subject: the identity provider's; empty where none spoke.
        auth_time_unix: when the provider saw the person.
        seen_at_unix: about when it was used last (kept once a minute).
    """

    id: str
    person: PersonId
    origin: Origin
    carrier: Carrier
    token_hash: bytes
    issuer: str = ""
    subject: str = ""
    auth_time_unix: int
    created_at_unix: int
    seen_at_unix: int
    idle_seconds: int
    ends_at_unix: int
    rotated_at_unix: int
    previous_hash: bytes | None = None
    ended_at_unix: int | None = None
    ended_by: str | None = None

    def get_end(self, *, now_unix: int, token_hash: bytes) -> SessionEnd | None:
        """Why it may not be used now with that token; ``None`` where it may."""
        if self.ended_at_unix is not None:
            return SessionEnd.ENDED
        if now_unix >= self.ends_at_unix:
            return SessionEnd.TOO_OLD
        if now_unix >= self.seen_at_unix + self.idle_seconds:
            return SessionEnd.IDLE
        late = now_unix > self.rotated_at_unix + ROTATION_GRACE_SECONDS
        if token_hash != self.token_hash and late:
            return SessionEnd.REPLAYED
        return None


def make_token(randomness: bytes) -> str:
    """Make a session's token from 32 random bytes.

    Raises:
        ValueError: not 32 bytes.
    """
    if len(randomness) != 32:  # noqa: PLR2004 - 256 bits
        message = "a session's token needs 32 random bytes"
        raise ValueError(message)
    return TOKEN_PREFIX + urlsafe_b64encode(randomness).rstrip(b"=").decode()


def hash_token(token: str) -> bytes:
    """SHA-256; a token has 256 random bits, so there is no dictionary to try."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def get_csrf_token(token: str) -> str:
    """What a page of ours sends back to show that it could read this session's own pages.

    One-way from the session's token (RFC 6819 §5.3.5 calls this a bound anti-forgery token), so
    nothing more is stored.
    """
    digest = hashlib.sha256(b"alos csrf\x00" + token.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()

"""Identify: whose request this is, by a key of ours or by a machine's OIDC token.

A key costs one look-up and one hash. A token that was verified before costs the same; a new one
is verified once, and only then may a call wait for its issuer's keys.
"""

from collections.abc import Mapping

from alos.domain.key import KEY_LENGTH, PREFIX_LENGTH, matches
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.sign_on import to_grant_prefix
from alos.domain.standing import KeyGrant, Standing
from alos.ports.workloads import NoWorkloads, Workloads

_TOKEN_START = b"eyJ"
"""How every JSON Web Token begins: ``{"`` in base64."""


class Identify:
    """What comes before the first stage.

    Args:
        workloads: knows machines by their tokens; nobody, unless given.
    """

    def __init__(self, workloads: Workloads | None = None) -> None:
        self._workloads = workloads or NoWorkloads()

    async def __call__(
        self, headers: Mapping[bytes, bytes], standing: Standing, *, now_unix: int
    ) -> KeyGrant | Refusal:
        """Find whose request it is; waits only for the keys of a token's issuer."""
        token = _get_token(headers)
        if token is None:
            return identify(headers, standing, now_unix=now_unix)
        found = self._workloads.find(token, now_unix=now_unix)
        if found is None:
            looked = await self._workloads.identify(token, now_unix=now_unix)
            if isinstance(looked, Refusal):
                return looked
            found = looked
        grant = standing.keys.get(to_grant_prefix(found.rule))
        if grant is None:
            return Refusal(code=ReasonCode.TOKEN_BAD, detail="no workload has its claims any more")
        if not grant.active:
            return Refusal(code=ReasonCode.PRINCIPAL_INACTIVE)
        return grant


def identify(
    headers: Mapping[bytes, bytes], standing: Standing, *, now_unix: int
) -> KeyGrant | Refusal:
    """Find whose key it is, from ``Authorization: Bearer``, ``x-api-key`` or ``api-key``."""
    presented = headers.get(b"authorization")
    if presented is not None:
        scheme, _, key = presented.partition(b" ")
        if scheme.lower() != b"bearer":
            return Refusal(code=ReasonCode.KEY_MISSING, detail="the scheme is not Bearer")
        key = key.strip()
    else:
        key = headers.get(b"x-api-key") or headers.get(b"api-key") or b""
    if not key:
        return Refusal(code=ReasonCode.KEY_MISSING)
    if len(key) != KEY_LENGTH or not key.isascii():
        return Refusal(code=ReasonCode.KEY_UNKNOWN)
    grant = standing.keys.get(key[:PREFIX_LENGTH].decode())
    if grant is None or not matches(key, grant.secret_hash):
        return Refusal(code=ReasonCode.KEY_UNKNOWN)
    if grant.revoked:
        return Refusal(code=ReasonCode.KEY_REVOKED, detail=f"key {grant.prefix}…")
    expires = grant.expires_at_unix
    if expires is not None and now_unix >= expires:
        return Refusal(code=ReasonCode.KEY_EXPIRED, detail=f"key {grant.prefix}…")
    if not grant.active:
        return Refusal(code=ReasonCode.PRINCIPAL_INACTIVE)
    return grant


def _get_token(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The machine's token that a request brings; ``None`` where it brings none."""
    presented = headers.get(b"authorization")
    if presented is None:
        key = headers.get(b"x-api-key") or headers.get(b"api-key") or b""
        return key if key.startswith(_TOKEN_START) else None
    scheme, _, token = presented.partition(b" ")
    token = token.strip()
    is_token = token.startswith(_TOKEN_START) and scheme.lower() == b"bearer"
    return token if is_token else None

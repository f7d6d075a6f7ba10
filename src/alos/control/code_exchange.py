"""The exchange of a login's code for what the identity provider says of the person.

OpenID Connect Core §3.1.3: the code goes to the token endpoint with the verifier of the login
that asked for it, and the ID token that comes back is verified before anything in it is believed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alos.control.issuer_keys import IssuerKeys, Metadata, Source
from alos.control.tokens import verify
from alos.domain.fault import SignOnDown
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.sign_on import Issuer
from alos.domain.token_claims import Expected
from alos.ports.clock import Clock
from alos.ports.identity_provider import IdentityProviders

_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How issuers are reached.

    Attributes:
        reveal: gives the secret that a reference names, or ``None``.
    """

    providers: IdentityProviders
    keys: IssuerKeys
    reveal: Callable[[str], str | None]


class CodeExchange:
    """Takes codes to their providers."""

    def __init__(self, reach: Reach, clock: Clock) -> None:
        self._providers = reach.providers
        self._keys = reach.keys
        self._reveal = reach.reveal
        self._clock = clock

    async def exchange(
        self,
        issuer: Issuer,
        source: Source,
        asked: Mapping[str, str],
        code: str,
        *,
        skew_seconds: int,
    ) -> tuple[Mapping[str, Any], str] | Refusal:
        """The claims of the ID token that a code stands for, and the token as it came.

        ``asked`` holds ``redirect_uri``, ``verifier`` and ``nonce`` of the login that was begun.

        Raises:
            SignOnDown: the provider or our secret for it is out of reach; nobody was signed in.
        """
        metadata = await self._keys.get_metadata(source)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked["redirect_uri"],
            "code_verifier": asked["verifier"],
            "client_id": issuer.client_id,
        }
        secret = self._reveal(issuer.client_secret) if issuer.client_secret else None
        if issuer.client_secret and secret is None:
            raise SignOnDown(
                f"the client secret of issuer {issuer.name} is not where it should be"
            )
        basic = (issuer.client_id, secret) if secret and metadata.basic_auth else None
        if secret and basic is None:
            form["client_secret"] = secret
        answer = await self._providers.post(
            metadata.token_endpoint, form, ca_file=issuer.ca_file, basic=basic
        )
        if answer.status >= 500:  # noqa: PLR2004 - HTTP's server errors
            raise SignOnDown(f"issuer {issuer.name} answered {answer.status} to a code")
        token = answer.body.get("id_token")
        if answer.status != _OK or not isinstance(token, str):
            return Refusal(code=ReasonCode.LOGIN_BAD, detail="the identity provider took no code")
        claims = await verify(
            token,
            self._keys,
            source,
            Expected(issuer=issuer.url, audience=issuer.client_id, nonce=asked["nonce"]),
            now_unix=self._clock.unix_ns() // 1_000_000_000,
            skew_seconds=skew_seconds,
        )
        if isinstance(claims, Refusal):
            return claims
        if issuer.email_claim not in claims:
            access_token = answer.body.get("access_token")
            claims = await self._add_userinfo(issuer, metadata, claims, access_token)
        return claims, token

    async def _add_userinfo(
        self, issuer: Issuer, metadata: Metadata, claims: Mapping[str, Any], access_token: object
    ) -> Mapping[str, Any]:
        """Some providers keep the address out of the ID token (OpenID Connect Core §5.4)."""
        if not metadata.userinfo_endpoint or not isinstance(access_token, str):
            return claims
        answer = await self._providers.get(
            metadata.userinfo_endpoint, ca_file=issuer.ca_file, bearer=access_token
        )
        if answer.status != _OK or answer.body.get("sub") != claims["sub"]:
            return claims
        return {**answer.body, **claims}

"""An OpenID provider in memory: real keys and signatures, and every way to get them wrong."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import RSAKey

from alos.domain.fault import SignOnDown
from alos.domain.sign_on import to_challenge
from alos.ports.identity_provider import ProviderAnswer

URL = "https://login.example.com"
CLIENT = "alos-client"
NOW = 1_790_000_000
_SLOW_KEYS = [RSAKey.generate_key(2048, {"use": "sig"}, private=True) for _ in range(3)]


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class TestIssuer:
    """Answers discovery, keys, codes; ``down`` makes every request fail.

    Attributes:
        asked: the addresses that were fetched, in order.
        forms: the forms that were posted.
    """

    __test__ = False

    def __init__(self, url: str = URL) -> None:
        self.url = url
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.down = False
        self.metadata: dict[str, Any] = {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/keys",
            "userinfo_endpoint": f"{url}/userinfo",
        }
        self.number = 0
        self.codes: dict[str, dict[str, Any]] = {}
        self.userinfo: dict[str, Any] = {}
        self.token_change: dict[str, Any] = {}
        self.token: str | None = None
        self.skip_pkce = False
        self.names_keys = True

    @property
    def key(self) -> RSAKey:
        return _SLOW_KEYS[self.number]

    @property
    def key_id(self) -> str:
        return f"key-{self.number}"

    def rotate(self) -> None:
        """Sign with the next key; the one before is no longer published."""
        self.number += 1

    def public_keys(self) -> dict[str, Any]:
        key = dict(self.key.as_dict(private=False)) | {"kid": self.key_id}
        if not self.names_keys:
            del key["kid"]
        return {"keys": [key]}

    # --- tokens ---------------------------------------------------------------------------

    def claims(self, **changes: Any) -> dict[str, Any]:
        known = {
            "iss": self.url, "aud": CLIENT, "sub": "sub-chloe", "nonce": "n", "iat": NOW,
            "exp": NOW + 300, "email": "chloe@example.com", "email_verified": True,
        }  # fmt: skip
        return {k: v for k, v in {**known, **changes}.items() if v is not ...}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        head = {"alg": "RS256", "kid": self.key_id, **header}
        head = {k: v for k, v in head.items() if v is not ...}
        return jws.serialize_compact(head, json.dumps(claims).encode(), self.key, ["RS256"])

    def unsigned(self, claims: Mapping[str, Any], algorithm: str = "none") -> str:
        return f"{encode({'alg': algorithm, 'kid': self.key_id})}.{encode(claims)}."

    def confused(self, claims: Mapping[str, Any], *, pem: bool) -> str:
        """HS256 with the published key as the secret (CVE-2015-9235 and its many children)."""
        if pem:
            secret = self.key.raw_value.public_key().public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            )
        else:
            secret = json.dumps(self.key.as_dict(private=False)).encode()
        text = f"{encode({'alg': 'HS256', 'kid': self.key_id})}.{encode(claims)}"
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    # --- HTTP -----------------------------------------------------------------------------

    def authorize(self, address: str, **changes: Any) -> dict[str, str]:
        """What a person's yes at the provider gives the browser to carry back."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "changes": changes}
        return {"state": asked["state"], "code": code}

    async def get(
        self, url: str, *, ca_file: str | None = None, bearer: str | None = None
    ) -> ProviderAnswer:
        del ca_file
        self.asked.append(url)
        if self.down:
            raise SignOnDown("unplugged")
        if url.endswith("/.well-known/openid-configuration"):
            return ProviderAnswer(200, self.metadata)
        if url == self.metadata["jwks_uri"]:
            return ProviderAnswer(200, self.public_keys())
        if url == self.metadata.get("userinfo_endpoint") and bearer == "access":
            return ProviderAnswer(200, self.userinfo)
        return ProviderAnswer(404, {})

    async def post(
        self,
        url: str,
        form: Mapping[str, str],
        *,
        ca_file: str | None = None,
        basic: tuple[str, str] | None = None,
    ) -> ProviderAnswer:
        del ca_file
        self.asked.append(url)
        self.forms.append({**form, "basic": repr(basic)})
        if self.down:
            raise SignOnDown("unplugged")
        asked = self.codes.pop(form["code"], None)
        if asked is None or (
            not self.skip_pkce and to_challenge(form["code_verifier"]) != asked["code_challenge"]
        ):
            return ProviderAnswer(400, {"error": "invalid_grant"})
        token = self.token or self.sign(
            self.claims(**{"nonce": asked["nonce"], **asked["changes"], **self.token_change})
        )
        return ProviderAnswer(200, {"id_token": token, "access_token": "access"})

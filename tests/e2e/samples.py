"""Credentials of several kinds, made fresh for each test so that none is ever known before."""

import base64
import json
import secrets
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_BASE32: Final = string.ascii_uppercase + "234567"
_ALPHANUMERIC: Final = string.ascii_letters + string.digits
_URL_SAFE: Final = _ALPHANUMERIC + "-_"


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential.

    Attributes:
        text: as somebody pastes it.
        needle: the part of it that nobody may find again.
    """

    kind: str
    text: str
    needle: str


def make_text(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def make_aws_key_id() -> str:
    return "AKIA" + make_text(_BASE32, 16)


def _make_pem() -> str:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _make_jwt() -> str:
    def encode(value: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head = encode({"alg": "HS256", "typ": "JWT"})
    return f"{head}.{encode({'sub': make_text(string.digits, 9)})}.{make_text(_URL_SAFE, 43)}"


_TOKENS: Final[dict[str, Callable[[], str]]] = {
    "aws": make_aws_key_id,
    "github": lambda: "ghp_" + make_text(_ALPHANUMERIC, 36),
    "anthropic": lambda: f"sk-ant-api03-{make_text(_URL_SAFE, 93)}AA",
    "slack": lambda: f"xoxb-{make_text(string.digits, 12)}-{make_text(_ALPHANUMERIC, 24)}",
    "stripe": lambda: "sk_live_" + make_text(_ALPHANUMERIC, 24),
    "google": lambda: "AIza" + make_text(_URL_SAFE, 35),
    "jwt": _make_jwt,
}


def make_token() -> str:
    """A credential of one line, of a kind taken by chance."""
    return secrets.choice(tuple(_TOKENS.values()))()


def make_credentials() -> list[Credential]:
    """One of each kind."""
    made = []
    for kind, make in _TOKENS.items():
        token = make()
        made.append(Credential(kind, token, token))
    password = make_text(_ALPHANUMERIC, 24)
    url = f"postgresql://shop:{password}@db.internal.example:5432/shop"
    made.append(Credential("database", url, password))
    secret = make_text(_ALPHANUMERIC + "+/", 40)
    made.append(Credential("assignment", f"AWS_SECRET_ACCESS_KEY={secret}", secret))
    pem = _make_pem()
    made.append(Credential("pem", pem, pem.splitlines()[2]))
    return made


def list_disguises(needle: str) -> Iterator[bytes]:
    """The bytes under which a needle may lie in a file: plain, escaped, and encoded."""
    raw = needle.encode()
    yield raw
    yield json.dumps(needle)[1:-1].encode()
    yield quote(needle, safe="").encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield raw[::-1]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            encoded = encode(b"\0" * shift + raw)
            yield encoded[4 if shift else 0 : len(encoded) - 4]
    yield base64.b32encode(raw)[:-8]

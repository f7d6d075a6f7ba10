"""Credentials that carry their own proof: checksums, JSON web tokens, PEM blocks."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import TYPE_CHECKING

from alos.checks.base import Finding, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE62_WIDTH = 6


def base62_crc32(body: str) -> str:
    """Return the six base-62 digits of the CRC-32 of `body`, as GitHub and npm append it."""
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits.rjust(_BASE62_WIDTH, "0")


def has_github_checksum(token: str) -> bool:
    """Check `xxx_` + 30 characters + checksum (GitHub classic tokens, npm tokens)."""
    body = token.partition("_")[2]
    return base62_crc32(body[:-_BASE62_WIDTH]) == body[-_BASE62_WIDTH:]


def has_fine_grained_checksum(token: str) -> bool:
    """Check a GitHub fine-grained token, whose checksum covers everything before it."""
    return base62_crc32(token[:-_BASE62_WIDTH]) == token[-_BASE62_WIDTH:]


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "github": has_github_checksum,
    "github-fine": has_fine_grained_checksum,
}

_JWT_HEAD = re.compile(r"eyJ[A-Za-z0-9_-]{10,2000}+\.")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{10,2000}+\.[A-Za-z0-9_-]{2,6000}+\.[A-Za-z0-9_-]{6,1500}")
_JWE = re.compile(
    r"eyJ[A-Za-z0-9_-]{10,2000}+\.[A-Za-z0-9_-]{0,1500}+\.[A-Za-z0-9_-]{8,64}+\."
    r"[A-Za-z0-9_-]{2,6000}+\.[A-Za-z0-9_-]{16,64}",
)


def confirm_jwt(text: str, start: int, _end: int) -> Finding | None:
    """Find a JSON web token: its header must decode to an object that names an algorithm."""
    if _JWT_HEAD.match(text, start) is None:
        return None
    match = _JWE.match(text, start) or _JWT.match(text, start)
    if match is None or not _names_algorithm(match[0].partition(".")[0]):
        return None
    return Finding(
        kind="secret",
        type="JWT",
        start=start,
        end=match.end(),
        rule="secret/jwt",
        confidence=0.94,
    )


def _names_algorithm(header: str) -> bool:
    try:
        fields = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and ("alg" in fields or "typ" in fields)


_PEM_BODY = re.compile(
    r"-----BEGIN (?P<what>[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?:[A-Za-z0-9+/=\s,.:()\"'|>#*$]|-(?!----)|\\[nrt\\\"])*+"
    r"-----END (?P=what)-----",
)
_PEM_OPEN = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:Proc-Type|DEK-Info|Comment|Version|Charset|Hash)[^\n]{0,100}|"
    r"[A-Za-z0-9+/=\s\"'|>#+]|\\[nrt\\\"]){0,16000}+",
)
_PEM_MATERIAL = re.compile(r"[A-Za-z0-9+/]{16}")
_PEM_LONGEST = 16_500


def confirm_pem(text: str, start: int, end: int) -> Finding | None:
    """Find a PEM private key, whole, cut off, on one line, or with its line ends escaped."""
    limit = start + _PEM_LONGEST
    match = _PEM_BODY.match(text, start, limit) or _PEM_OPEN.match(text, start, limit)
    if match is None or not _PEM_MATERIAL.search(text, end, match.end()):
        return None
    last = start + len(match[0].rstrip(" \t\r\n\"'\\"))
    return _key(start, last, "PRIVATE_KEY", "secret/pem-private-key", 0.99)


_PUTTY = re.compile(
    r"PuTTY-User-Key-File-[123]: [^\r\n]{3,40}\r?\n(?:[A-Za-z0-9+/=:.\- @_]{1,200}\r?\n){3,200}"
    r"Private-MAC: [a-f0-9]{40,64}",
)


def confirm_putty(text: str, start: int, _end: int) -> Finding | None:
    """Find a PuTTY private key file."""
    match = _PUTTY.match(text, start, start + _PEM_LONGEST)
    if match is None:
        return None
    return _key(start, match.end(), "putty_private_key", "secret/putty-private-key", 0.99)


_WRAPPED_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{40,24000}={0,2}")


def confirm_wrapped_pem(text: str, start: int, _end: int) -> Finding | None:
    """Find a PEM private key inside base64 (Kubernetes secrets, kubeconfig, CI variables)."""
    match = _WRAPPED_PEM.match(text, start)
    if match is None:
        return None
    try:
        head = base64.b64decode(match[0][:64])
    except (binascii.Error, ValueError):
        return None
    if b"PRIVATE KEY" not in head:
        return None
    return _key(start, match.end(), "PRIVATE_KEY", "secret/pem-private-key-base64", 0.98)


def _key(start: int, end: int, type_: str, rule: str, confidence: float) -> Finding:
    return Finding(
        kind="secret",
        type=type_,
        start=start,
        end=end,
        rule=rule,
        confidence=confidence,
    )


def structure_triggers() -> tuple[Trigger, ...]:
    """Return the triggers of everything in this module that is not a plain shape."""
    return (
        Trigger(
            rule="secret/jwt",
            expression=r"eyJ[A-Za-z0-9_-]{10}",
            confirm=confirm_jwt,
        ),
        Trigger(
            rule="secret/pem-private-key",
            expression=r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----",
            confirm=confirm_pem,
        ),
        Trigger(
            rule="secret/putty-private-key",
            expression=r"PuTTY-User-Key-File-[123]: ",
            confirm=confirm_putty,
        ),
        Trigger(
            rule="secret/pem-private-key-base64",
            expression=r"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{40}",
            confirm=confirm_wrapped_pem,
        ),
    )

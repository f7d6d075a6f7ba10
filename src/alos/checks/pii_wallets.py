"""Finds wallet addresses by check sum (Base58Check, Bech32) and Ethereum's by shape."""

from __future__ import annotations

import hashlib
import re

from alos.checks.base import Finding, Trigger
from alos.checks.pii_context import stands_alone

__all__ = ["wallet_triggers"]

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BASE58_ADDRESS = re.compile(rf"[{_BASE58}]{{26,35}}")
_BECH32_ADDRESS = re.compile(rf"(?:bc1|ltc1)[{_BECH32}]{{25,87}}")
_VERSIONS = frozenset({0x00, 0x05, 0x30, 0x32, 0x1E, 0x41})
"""Version bytes of Bitcoin, Litecoin, Dogecoin and Tron."""
_BECH32_CONSTANTS = frozenset({1, 0x2BC830A3})


def wallet_triggers() -> list[Trigger]:
    """Return the triggers for addresses of the type CRYPTO."""
    return [
        Trigger(
            rule="pii/crypto",
            expression=r"(?:^|[^0-9A-Za-z_.\-/+])[13LMDT][1-9A-HJ-NP-Za-km-z]{25}",
            confirm=_confirm_base58,
        ),
        Trigger(
            rule="pii/crypto", expression=r"(?:bc1|ltc1)[02-9a-z]{25}", confirm=_confirm_bech32
        ),
        Trigger(rule="pii/crypto", expression=r"0x[0-9A-Fa-f]{40}", confirm=_confirm_ethereum),
    ]


def _confirm_base58(text: str, start: int, end: int) -> Finding | None:
    first = end - 26
    del start
    value = _BASE58_ADDRESS.match(text, first, first + 36)
    if value is None or not stands_alone(text, first, value.end()):
        return None
    number = 0
    for character in value.group():
        number = number * 58 + _BASE58.index(character)
    if number.bit_length() > 200:  # noqa: PLR2004 - version, 20 bytes of hash, 4 of check
        return None
    decoded = number.to_bytes(25, "big")
    check = hashlib.sha256(hashlib.sha256(decoded[:21]).digest()).digest()[:4]
    if decoded[0] not in _VERSIONS or decoded[21:] != check:
        return None
    return _finding(first, value.end())


def _confirm_bech32(text: str, start: int, end: int) -> Finding | None:
    """Check a segregated-witness address (BIP 173 and BIP 350)."""
    del end
    value = _BECH32_ADDRESS.match(text, start, start + 92)
    if value is None or not stands_alone(text, start, value.end()):
        return None
    prefix, _, data = value.group().partition("1")
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for symbol in (*values, *map(_BECH32.index, data)):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ symbol
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            check ^= generator if top >> bit & 1 else 0
    return _finding(start, value.end()) if check in _BECH32_CONSTANTS else None


def _confirm_ethereum(text: str, start: int, end: int) -> Finding | None:
    """Take forty hex digits behind 0x unless they are a constant or a mask.

    The check sum in the case of the letters (EIP-55) is not computed: Keccak in Python takes a
    millisecond, and many programs write addresses in one case, which carries no check.
    """
    if text[end : end + 1].isalnum() or not stands_alone(text, start, end):
        return None
    if len(set(text[start + 2 : end].lower())) < 8:  # noqa: PLR2004 - 0x000…dead
        return None
    return _finding(start, end)


def _finding(start: int, end: int) -> Finding:
    return Finding(
        kind="pii", type="CRYPTO", start=start, end=end, rule="pii/crypto", confidence=0.95
    )

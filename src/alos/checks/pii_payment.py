"""Validates payment cards (ISO/IEC 7812) and bank accounts (ISO 13616 IBAN)."""

from __future__ import annotations

import re
from functools import cache

from stdnum import numdb

from alos.checks.base import Finding, Trigger
from alos.checks.pii_context import stands_alone

__all__ = ["CARD_SHAPES", "iban_triggers", "is_card", "is_labelled_card"]

CARD_SHAPES = (
    *("4-4-4-4", "4 4 4 4", "4.4.4.4", "4-6-5", "4 6 5", "4-6-4", "4 6 4", "4 4 4 4 3"),
    *("13", "14", "15", "16", "17", "18", "19", "6 13", "8 8"),
)
"""How the 13 to 19 digits of a card are written."""

_ISSUERS: tuple[tuple[range, tuple[int, ...]], ...] = (
    (range(400000, 500000), (13, 16, 19)),  # Visa
    (range(510000, 560000), (16,)),  # Mastercard
    (range(222100, 272100), (16,)),  # Mastercard 2-series
    (range(340000, 350000), (15,)),  # American Express
    (range(370000, 380000), (15,)),
    (range(601100, 601200), (16, 19)),  # Discover
    (range(622126, 622926), (16, 19)),
    (range(644000, 660000), (16, 19)),
    (range(300000, 306000), (14, 16)),  # Diners Club
    (range(309500, 309600), (14, 16)),
    (range(360000, 370000), (14, 16)),
    (range(380000, 400000), (14, 16)),
    (range(352800, 359000), (15, 16, 17, 18, 19)),  # JCB
    (range(213100, 213200), (15,)),
    (range(180000, 180100), (15,)),
    (range(620000, 630000), (16, 17, 18, 19)),  # UnionPay
    (range(810000, 817200), (16, 17, 18, 19)),
    (range(500000, 510000), (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    (range(560000, 600000), (13, 14, 15, 16, 17, 18, 19)),
    (range(630000, 640000), (13, 14, 15, 16, 17, 18, 19)),
    (range(670000, 680000), (13, 14, 15, 16, 17, 18, 19)),
    (range(220000, 220500), (16, 17, 18, 19)),  # Mir
    (range(508500, 509000), (16,)),  # RuPay
    (range(606900, 607000), (16,)),
    (range(652100, 652300), (16,)),
    (range(506099, 506199), (16, 18, 19)),  # Verve
    (range(979200, 979300), (16,)),  # Troy
)
"""First six digits and lengths in use, by issuer."""

_IBAN = re.compile(r"[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}", re.IGNORECASE)
_IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 "
        "DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 "
        "HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 "
        "MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 "
        "RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 "
        "VA22 VG24 XK20 YE30",
    )
}
"""Length of an IBAN by country (SWIFT IBAN registry)."""


_LETTER_VALUES = {ord(letter): str(int(letter, 36)) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_UNWRITTEN = str.maketrans("", "", " -\u00a0")
_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}


def _is_iban(written: str) -> bool:
    """Say whether the check digits (ISO 7064 97-10) and the country's structure are right."""
    value = written.translate(_UNWRITTEN).upper()
    if int((value[4:] + value[:4]).translate(_LETTER_VALUES)) % 97 != 1:
        return False
    structure = _structure(value[:2])
    return structure is not None and structure.fullmatch(value, 4) is not None


@cache
def _structure(country: str) -> re.Pattern[str] | None:
    """Return what follows the check digits in a country's IBANs, by the SWIFT registry."""
    entry = numdb.get("iban").info(country)[0][1].get("bban")
    if entry is None:
        return None
    return re.compile(
        re.sub(r"(\d+)!([nac])", lambda part: f"{_CLASSES[part[2]]}{{{part[1]}}}", entry)
    )


def is_card(digits: str) -> bool:
    """Say whether the digits are a card of a known issuer with a right check digit."""
    if not _has_check_digit(digits):
        return False
    issuer, length = int(digits[:6]), len(digits)
    return any(issuer in block and length in lengths for block, lengths in _ISSUERS)


def is_labelled_card(digits: str) -> bool:
    """Say whether the check digit is right; the label stands for the issuer."""
    return _has_check_digit(digits)


_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def _has_check_digit(digits: str) -> bool:
    """Say whether the last digit checks the others (ISO/IEC 7812, annex B)."""
    if not digits.isascii():
        return False
    codes = digits.encode()
    total = sum(codes[-1::-2]) + sum(codes[-2::-2].translate(_DOUBLED)) - 48 * len(codes)
    return total % 10 == 0 and len(set(codes)) > 1


def iban_triggers() -> list[Trigger]:
    """Return the trigger for IBANs, compact or in groups."""
    return [
        Trigger(
            rule="pii/iban",
            expression=r"[A-Z]{2}[0-9]{2}[ \-]?[A-Z0-9]{4}[ \-]?[A-Z0-9]{4}",
            confirm=confirm_iban,
            most=256,
            dense_type="IBAN_CODE",
        )
    ]


def confirm_iban(text: str, start: int, end: int) -> Finding | None:
    """Take as many characters as the country's IBANs have, and check them by ISO 7064 97-10."""
    del end
    wanted = _IBAN_LENGTHS.get(text[start : start + 2])
    if wanted is None or (run := _IBAN.match(text, start, start + 48)) is None:
        return None
    taken = 0
    for stop in range(start, run.end()):
        taken += text[stop].isalnum()
        if taken == wanted:
            break
    else:
        return None
    stop += 1
    if not stands_alone(text, start, stop) or not _is_iban(text[start:stop]):
        return None
    return Finding(
        kind="pii", type="IBAN_CODE", start=start, end=stop, rule="pii/iban", confidence=0.99
    )

"""Loads the personal identifiers of the rule file and binds each to the code that validates it."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

from stdnum import luhn
from stdnum.iso7064 import mod_11_2

__all__ = ["Code", "Number", "Rules", "load_rules"]

Check = Callable[[str], bool]
"""Says whether a value can have been issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """An identifier that is written in groups of digits.

    Attributes:
        type: Label of its findings.
        check: Its validation; gets letters and digits only, or all where separators matter.
        plain: Ways of writing that need no label.
        labelled: Ways of writing that count only beside a label.
        keep_separators: The separator carries meaning (a century).
    """

    type: str
    check: Check
    plain: frozenset[str]
    labelled: frozenset[str]
    keep_separators: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An identifier of letters and digits, found by a trigger that several share.

    Attributes:
        type: Label of its findings.
        check: Its validation.
        groups: The shared triggers that fire on it.
        pattern: Regular expression of the whole, read from where the word begins.
        needs_label: It counts only beside one of its labels.
        labelled_needs_no_check: It has no check digit; beside a label the form decides.
        keep_separators: The separator carries meaning (a century).
    """

    type: str
    check: Check
    groups: tuple[str, ...]
    pattern: str
    needs_label: bool
    keep_separators: bool = False
    labelled_needs_no_check: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the rule files hold, with the bytes that the rule-set digest is taken from."""

    numbers: tuple[Number, ...]
    codes: tuple[Code, ...]
    labels: tuple[tuple[str, tuple[str, ...]], ...]
    source: tuple[bytes, ...]


def load_rules() -> Rules:
    """Read the rule files of the package.

    Raises:
        ValueError: A rule names a check that does not exist.
    """
    folder = files("alos.data") / "rules"
    source = tuple(
        (folder / name).read_bytes() for name in ("pii_identifiers.toml", "pii_labels.toml")
    )
    identifiers = tomllib.loads(source[0].decode())
    plain_labels: Mapping[str, list[str]] = tomllib.loads(source[1].decode())
    labels = [(type_, tuple(words)) for type_, words in plain_labels.items()]
    labels += [
        (entry["type"], tuple(entry.get("labels", ())))
        for entry in (*identifiers["number"], *identifiers["code"])
    ]
    return Rules(
        numbers=tuple(_number(entry) for entry in identifiers["number"]),
        codes=tuple(_code(entry) for entry in identifiers["code"]),
        labels=tuple(labels),
        source=source,
    )


def _number(entry: Mapping[str, Any]) -> Number:
    return Number(
        type=entry["type"],
        check=_find_check(entry["check"]),
        plain=frozenset(entry.get("plain", ())),
        labelled=frozenset(entry.get("labelled", ())),
        keep_separators=entry.get("keep_separators", False),
    )


def _code(entry: Mapping[str, Any]) -> Code:
    return Code(
        type=entry["type"],
        check=_find_check(entry["check"]),
        groups=tuple(entry["groups"]),
        pattern=entry["pattern"],
        needs_label=entry.get("needs_label", False),
        labelled_needs_no_check=entry.get("labelled_needs_no_check", False),
        keep_separators=entry.get("keep_separators", False),
    )


def _find_check(name: str) -> Check:
    if name in _OWN_CHECKS:
        return _OWN_CHECKS[name]
    try:
        module = importlib.import_module(f"stdnum.{name}")
    except ImportError as error:
        raise ValueError(f"no check is called {name!r}") from error
    return cast("Check", module.is_valid)


def _is_us_ssn(digits: str) -> bool:
    """Area, group and serial rules of the Social Security Administration since 2011."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return (
        area not in {"000", "666"}
        and area < "900"
        and group != "00"
        and serial != "0000"
        and len(set(digits)) > 1
    )


def _is_fr_nir(digits: str) -> bool:
    """Fifteen digits: sex, year, month, department, commune, order and 97 minus the rest."""
    if len(digits) != 15 or digits[0] not in "123478":  # noqa: PLR2004 - as the docstring says
        return False
    month = int(digits[3:5])
    if not (1 <= month <= 12 or 20 <= month <= 42 or month >= 50):  # noqa: PLR2004
        return False
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_cn_ric(value: str) -> bool:
    """Region, date of birth, order, and ISO 7064 mod 11-2 (GB 11643); any region counts."""
    if len(value) != 18 or value[0] not in "12345678" or not _is_month_and_day(value[10:14]):  # noqa: PLR2004
        return False
    return value[6:8] in {"19", "20"} and mod_11_2.is_valid(value.upper())


def _is_au_medicare(digits: str) -> bool:
    """Ten or eleven digits, the ninth is the weighted sum of the first eight modulo ten."""
    if digits[0] not in "23456" or len(digits) not in {10, 11}:
        return False
    weights = (1, 3, 7, 9, 1, 3, 7, 9)
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 10 == int(digits[8])


def _is_kr_rrn(digits: str) -> bool:
    """A date, a century digit and, for numbers issued before October 2020, a check digit.

    Later ones are random behind the century digit, so only the date can be held against them.
    """
    if digits[6] not in "12345678":
        return False
    return _is_month_and_day(digits[2:6])


def _is_tw_id(value: str) -> bool:
    """A letter worth two digits, then nine digits; weights 1, 9, 8, …, 1, 1 modulo ten."""
    letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".find(value[:1]) + 10
    if letter < 10 or len(value) != 10:  # noqa: PLR2004 - as the docstring says
        return False
    digits = [letter // 10, letter % 10, *map(int, value[1:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(d * w for d, w in zip(digits, weights, strict=True)) % 10 == 0


def _is_uk_nino(value: str) -> bool:
    """Prefix rules of HMRC; there is no check digit."""
    prefix = value[:2]
    return (
        prefix[0] not in "DFIQUV"
        and prefix[1] not in "DFIOQUV"
        and prefix not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
    )


def _is_sg_nric(value: str) -> bool:
    """Weights 2 7 6 5 4 3 2, offset 4 for T and G, 3 for M; a table per series of letters."""
    series = value[0]
    total = sum(int(d) * w for d, w in zip(value[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(series, 0)
    if series == "M":
        return "KLJNPQRTUWX"[10 - total % 11] == value[8]
    table = "JZIHGFEDCBA" if series in "ST" else "XWUTRQPNMLK"
    return table[total % 11] == value[8]


def _is_icao_checked(value: str) -> bool:
    """Weights 7 3 1 over all but the last digit, letters count from A = 10 (ICAO 9303)."""
    total = sum(int(c, 36) * (7, 3, 1)[i % 3] for i, c in enumerate(value[:-1]))
    return total % 10 == int(value[-1])


def _is_ru_snils(digits: str) -> bool:
    """Weights 9 … 1 modulo 101, 100 counts as 0."""
    if len(digits) != 11:  # noqa: PLR2004 - nine digits and two of check
        return False
    total = sum(int(d) * w for d, w in zip(digits, range(9, 0, -1), strict=False))
    return total % 101 % 100 == int(digits[9:])


def _is_us_npi(digits: str) -> bool:
    """Luhn over the issuer prefix 80840 and the ten digits (45 CFR 162.406)."""
    return digits[0] in "12" and luhn.is_valid("80840" + digits)


def _is_us_dea(value: str) -> bool:
    """Digits 1, 3, 5 plus twice digits 2, 4, 6 end in the seventh."""
    digits = [int(digit) for digit in value[2:]]
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


def _is_month_and_day(digits: str) -> bool:
    month, day = int(digits[:2]), int(digits[2:4])
    return 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - the calendar


def _is_varied(digits: str) -> bool:
    """Numbers without a check digit: all that can be said is that it is no placeholder."""
    return len(set(digits)) > 2  # noqa: PLR2004


_OWN_CHECKS: dict[str, Check] = {
    "us_ssn": _is_us_ssn,
    "fr_nir": _is_fr_nir,
    "cn_ric": _is_cn_ric,
    "au_medicare": _is_au_medicare,
    "kr_rrn": _is_kr_rrn,
    "tw_id": _is_tw_id,
    "uk_nino": _is_uk_nino,
    "sg_nric": _is_sg_nric,
    "icao_check": _is_icao_checked,
    "ru_snils": _is_ru_snils,
    "bank_number": _is_varied,
    "eight_digits": _is_varied,
    "us_npi": _is_us_npi,
    "us_dea": _is_us_dea,
}

"""Judges telephone numbers: international form anywhere, national form by region or label."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as COUNTRY_CODES

from alos.checks.base import Finding, Trigger
from alos.checks.pii_context import NOT_PERSONAL, Labels

__all__ = ["Phones"]

TYPE = "PHONE_NUMBER"

_INTERNATIONAL = re.compile(
    r"\+\(?[1-9]\d{0,3}\)?(?:(?:[ .\-/\u00a0]|[ .-]?\(|\)[ .-]?){0,2}\d{1,12}){1,8}"
)
_EXTENSION = re.compile(
    r"[ ,;]{0,2}(?:x|ext\.?|extension|Durchwahl|#)[ .:]{0,2}\d{1,6}(?!\w)", re.IGNORECASE
)
_TRUNK_ZERO = re.compile(r"\(0\)")
_NORTH_AMERICAN = re.compile(
    r"(?:1[-. ])?(?:[2-9]\d\d-\d{3}-\d{4}|[2-9]\d\d\.\d{3}\.\d{4}"
    r"|[2-9]\d\d\)[ -]?\d{3}[-. ]\d{4}|[2-9]\d\d\)[ ]?\d{7})\Z"
)
_LEADING_ZERO = re.compile(
    r"0[1-9]\d{1,4}(?:\)? |\)|[/-]| / )\d{2,8}(?:[ -]\d{1,8}){0,4}\Z"
    r"|00[1-9]\d{0,2}[ -]\d[\d ()/-]{5,}\Z"
)
_NO_PHONE = re.compile(
    r"\d{5}-\d{4}\Z"  # ZIP+4
    r"|(?:\d{4} ){2,}\d{4}\Z"  # code points, hex dumps
    r"|\d+\.\d+\Z|\d{7}-\d{7}\Z|\d{1,3}(?:\.\d{1,3}){3}(?: .*)?\Z"  # decimals, ranges, addresses
)
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\d{4}[./-]\d{1,2}[./-]\d{1,2}\b")
_YEARS = re.compile(r"(?:19|20)\d\d ?- ?(?:19|20)\d\d\Z")
_UNWRITTEN = str.maketrans("", "", "+ ()-./\u00a0")
_FEWEST_DIGITS = 7
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """Confirms telephone numbers.

    Attributes:
        regions: ISO 3166 regions whose national form counts without a label.
        labels: Where a label says that a number is a telephone's.
    """

    regions: tuple[str, ...]
    labels: Labels

    def triggers(self) -> list[Trigger]:
        """Return the trigger for the international form (E.123, `+` and country code)."""
        return [
            Trigger(
                rule="pii/phone",
                expression=r"\+\(?[1-9][0-9 ().\-/\xc2\xa0]{7}",
                confirm=self.confirm_international,
                most=256,
                dense_type=TYPE,
            )
        ]

    def confirm_international(self, text: str, start: int, end: int) -> Finding | None:
        """Confirm a number that begins with `+`."""
        del end
        if start and (text[start - 1].isalnum() or text[start - 1] in "_+/\\"):
            return None
        run = _INTERNATIONAL.match(text, start, start + 32)
        if run is None or not _ends_here(text, run.end()):
            return None
        number = _TRUNK_ZERO.sub("", run.group())
        digits = number.translate(_UNWRITTEN)
        if not _FEWEST_DIGITS < len(digits) <= _MOST_DIGITS:
            return None
        if not _is_international(number, digits):
            return None
        return _finding(start, _with_extension(text, run.end()), 0.9)

    def is_plausible(self, run: str) -> bool:
        """Say whether a run of digits and separators may be a telephone number by its form.

        Whichever digits they are makes no difference.
        """
        digits = sum(map(str.isdigit, run))
        if not _FEWEST_DIGITS <= digits <= _MOST_DIGITS:
            return False
        return _DATE.match(run) is None and _NO_PHONE.match(run) is None

    def judge(self, text: str, start: int, end: int, *, labels: list[str]) -> Finding | None:
        """Judge a plausible run of digits and separators as a number in national form."""
        run = text[start:end]
        if (labels and labels[0] == NOT_PERSONAL) or _YEARS.match(run):
            return None
        first = start - 1 if start and text[start - 1] == "(" and ")" in run else start
        if text[max(0, first - 2) : first].strip().isdigit():  # the end of a longer number
            return None
        if TYPE in labels[:2]:
            return _finding(first, _with_extension(text, end), 0.8)
        if not self._is_national(run):
            return None
        return _finding(first, _with_extension(text, end), 0.6)

    def _is_national(self, run: str) -> bool:
        """Say whether the form alone is that of a number in one of the regions."""
        if not run.startswith("0"):
            american = "US" in self.regions or "CA" in self.regions
            return american and _NORTH_AMERICAN.match(run) is not None
        if run.isdigit() or sum(map(str.isdigit, run)) < 9:  # noqa: PLR2004
            return False
        if _LEADING_ZERO.match(run) is None:
            return False
        if run.startswith("00"):
            return _is_possible("+" + run[2:], None)
        return any(_is_valid(run, region) for region in self.regions if region != "US")


def _ends_here(text: str, end: int) -> bool:
    """Say whether no letter, and no further digit behind a joint, follows."""
    following = text[end : end + 2]
    if not following:
        return True
    if following[0] in "xX":
        return True
    if following[0].isalnum() or following[0] == "_":
        return False
    return not (following[0] in "=@:" and len(following) > 1 and following[1].isalnum())


def _with_extension(text: str, end: int) -> int:
    extension = _EXTENSION.match(text, end, end + 24)
    return end if extension is None else extension.end()


def _is_international(number: str, digits: str) -> bool:
    """Say whether `number`, that begins with `+`, is as long as numbers of its country are.

    What `phonenumbers` says of it; asked only where a prefix may have to be taken off first.
    """
    if not (digits.isascii() and digits.isdigit()):
        return _is_possible(number, None)
    code = next((digits[:n] for n in (1, 2, 3) if int(digits[:n]) in COUNTRY_CODES), None)
    if code is None:
        return False
    prefix, lengths = _plan(int(code))
    national = digits[len(code) :]
    if national.startswith("0") or (prefix is not None and prefix.match(national)):
        return _is_possible(number, None)
    return len(national) in lengths


@cache
def _plan(code: int) -> tuple[re.Pattern[str] | None, frozenset[int]]:
    """Return the prefix that is dialled within a country, and how long its numbers may be."""
    region = phonenumbers.region_code_for_country_code(code)
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if plan is None or plan.general_desc is None:
        return None, frozenset()
    prefix, general = plan.national_prefix_for_parsing, plan.general_desc
    return (
        re.compile(prefix) if prefix else None,
        frozenset((*general.possible_length, *general.possible_length_local_only)),
    )


def _is_possible(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _is_valid(number: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number_for_region(phonenumbers.parse(number, region), region)
    except phonenumbers.NumberParseException:
        return False


def _finding(start: int, end: int, confidence: float) -> Finding:
    return Finding(
        kind="pii", type=TYPE, start=start, end=end, rule="pii/phone", confidence=confidence
    )

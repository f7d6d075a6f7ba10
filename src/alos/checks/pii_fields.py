"""Finds values that have no shape of their own: a label fires, the value behind it is read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from alos.checks.base import Confirm, Finding, Trigger
from alos.checks.pii_context import stands_alone

__all__ = ["Fields", "exact_type", "load_fields"]

CONFIDENCE = 0.8
FIRST_YEAR = 1880
LAST_YEAR = 2060

# What may stand between a label and its value: up to five words, marks, a line break.
_FILLER = (
    r"(?:[^A-Za-z0-9\n)]{0,4}\n?[^A-Za-z0-9\n)]{0,4}[^\W\d_]{1,12}(?![^\W_])){0,5}?"
    r"[^A-Za-z0-9\n)]{0,4}\n?[^A-Za-z0-9\n)]{0,4}"
)
# What stands between a value and a label behind it: "… (that's my passport)".
_BEHIND = (
    r"[^\w\n]{1,4}(?:(?:that|which|it|this)[^\w\n]{0,2}s? )?(?:is |was |as )?"
    r"(?:my|his|her|their|our|the) (?:own |US |UK )?\Z"
)
_POINTERS = ("my ", "his ", "her ", "their ", "our ", "the ", "own ", "US ", "UK ")
"""Ends of `_BEHIND`, looked at first."""
_LONGEST_POINTER = 6
_YEARS = re.compile(r"(?:19|20)\d\d ?[-/] ?(?:19|20)?\d\d\Z")
_MONTH = r"[^\W\d_]{3,10}\.?"
_DATE = re.compile(
    r"(?<!\d)(?:(?P<y1>\d{4})[-/.](?P<m1>\d{1,2})[-/.]\d{1,2}"
    r"|\d{1,2} ?(?P<s>[-/.]) ?(?:\d{1,2}|[^\W\d_]{3,9}) ?(?P=s) ?(?P<y2>\d{4}|\d{2})"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|º|\.)?(?: of| de| d[ei]l?|-)? ?"
    rf"{_MONTH}(?: de| del|,)? ?(?P<y3>\d{{4}})"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?P<y4>\d{{4}})"
    r"|(?P<y5>\d{4})年 ?\d{1,2}月 ?\d{1,2}日|(?P<y6>\d{4})년 ?\d{1,2}월 ?\d{1,2}일"
    r"|(?P<y7>(?:19|20)\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)
_DIGIT = re.compile(r"\d")
_APART = re.compile(r"\n\n|(?<!\.)(?<!\b[Nn]o)(?<!\b[Nn]r)[.;?] ")
_YEAR_GROUPS = ("y1", "y2", "y3", "y4", "y5", "y6", "y7")
_US_PASSPORT = re.compile(r"(?:\d{9}|[A-Za-z]\d{8})\Z")
_BEFORE_DATE = 32
_BEFORE_LABEL = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The labelled fields of the rule file.

    Attributes:
        triggers: One for each field.
        labels: The words of each type, for columns that they head.
        values: What a cell of such a column holds, by type.
        source: The bytes that the rule-set digest is taken from.
    """

    triggers: tuple[Trigger, ...]
    labels: tuple[tuple[str, tuple[str, ...]], ...]
    values: Mapping[str, re.Pattern[str]]
    source: bytes


def load_fields() -> Fields:
    """Read the rule file of the package and build one trigger for each field."""
    source = (files("alos.data") / "rules" / "pii_fields.toml").read_bytes()
    entries = tomllib.loads(source.decode())["field"]
    return Fields(
        triggers=tuple(_trigger(entry) for entry in entries),
        labels=tuple((entry["type"], tuple(entry["triggers"])) for entry in entries),
        values={
            entry["type"]: _DATE if entry["reads"] == "date" else re.compile(entry["reads"])
            for entry in entries
        },
        source=source,
    )


def exact_type(type_: str, value: str) -> str:
    """Return the type that the form of the value narrows `type_` down to."""
    return "US_PASSPORT" if type_ == "PASSPORT" and _US_PASSPORT.match(value) else type_


def _trigger(entry: Mapping[str, Any]) -> Trigger:
    words = "|".join(_in_bytes(word) for word in entry["triggers"])
    type_: str = entry["type"]
    if entry["reads"] == "date":
        confirm = _date_after(type_)
    else:
        confirm = _value_after(type_, entry["reads"], entry["digits"])
    return Trigger(
        rule=f"pii/{type_.lower()}", expression=f"(?:{words})", confirm=confirm, caseless=True
    )


def _in_bytes(word: str) -> str:
    """Return the word as an expression over its UTF-8 bytes."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"\\x{byte:02x}"  # noqa: PLR2004
        for byte in word.encode()
    )


def _date_after(type_: str) -> Confirm:
    behind = re.compile(f"(?:{_DATE.pattern}){_BEHIND}")

    def confirm(text: str, start: int, end: int) -> Finding | None:
        if _is_no_label(text, start):
            return None
        ahead = None
        if text.endswith(_POINTERS, max(0, start - _LONGEST_POINTER), start):
            ahead = behind.search(text[max(0, start - _BEFORE_LABEL) : start])
        if ahead is not None:
            first = max(0, start - _BEFORE_LABEL) + ahead.start()
            date = _DATE.match(text, first)
            return None if date is None else _finding(type_, first, date.end())
        if _DIGIT.search(text, end, end + _BEFORE_DATE + 24) is None:
            return None
        value = _DATE.search(text, end, end + _BEFORE_DATE + 24)
        if value is None or value.start() > end + _BEFORE_DATE:
            return None
        if _APART.search(text, end, value.start()):
            return None
        year = int(next(filter(None, value.group(*_YEAR_GROUPS))))
        if year > 99 and not FIRST_YEAR <= year <= LAST_YEAR:  # noqa: PLR2004 - two digits
            return None
        return _finding(type_, value.start(), value.end())

    return confirm


def _value_after(type_: str, pattern: str, fewest_digits: int) -> Confirm:
    reads = re.compile(rf"{_FILLER}(?P<value>{pattern})")
    behind = re.compile(rf"(?<![A-Za-z0-9])(?P<value>{pattern}){_BEHIND}")

    def confirm(text: str, start: int, end: int) -> Finding | None:
        if _is_no_label(text, start):
            return None
        offset = max(0, start - _BEFORE_LABEL)
        match = None
        if text.endswith(_POINTERS, max(0, start - _LONGEST_POINTER), start):
            match = behind.search(text[offset:start])
        if match is None:
            offset = 0
            match = reads.match(text, end, end + 90)
        if match is None:
            return None
        first, last = (offset + at for at in match.span("value"))
        value = text[first:last]
        if (
            sum(map(str.isdigit, value)) < fewest_digits
            or _DATE.match(value)
            or _YEARS.match(value)
        ):
            return None
        if not stands_alone(text, first, last):
            return None
        return _finding(exact_type(type_, value), first, last)

    return confirm


def _is_no_label(text: str, start: int) -> bool:
    """Say whether the trigger is the end of a longer word, or closes an element."""
    left = text[start - 1 : start]
    return left == "/" or (left.isalpha() and left.isascii())


def _finding(type_: str, start: int, end: int) -> Finding:
    return Finding(
        kind="pii",
        type=type_,
        start=start,
        end=end,
        rule=f"pii/{type_.lower()}",
        confidence=CONFIDENCE,
    )

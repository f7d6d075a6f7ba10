"""Finds passwords that stand apart from their noun, with nothing but plain words between them.

"The password for the archive, which Lou set up years ago, is …" has no form that a rule could
name. So here the value alone must tell: no word, name or number that people write is made so.
"""

from __future__ import annotations

import re

from alos.checks.secrets_sentences import KEYWORD
from alos.checks.secrets_value import (
    is_camel_name,
    is_code,
    is_filler,
    is_hex,
    is_license,
    is_object_id,
    is_ordinary,
    is_placeholder,
    is_uuid,
    step_count,
    wordiness,
)

_AFTER, _BEFORE = 200, 120
_MOST_WORDS = 12
_SHORTEST, _LONGEST = 8, 72
_SHORTEST_KEY = 16
_FEWEST_STEPS, _WORDY = 3, 0.5
_DENSE, _WORDY_WHERE_DENSE = 3, 0.75  # characters for a change; names never change so often

_TOKEN = re.compile(r"\S+")
_LONG_RUN = re.compile(r"\S{8,}")
_DIGIT = re.compile(r"[0-9]")
_OPENS, _CLOSES = "\"'`(*<[\u201c\u201e\u2018\u00ab", "\"'`)>].,;:\u201d\u201c\u2019\u00bb?"
_WORD = re.compile(
    r"(?!.*[\"'`]:)[\"'`*(\[\u201c\u00ab]{0,3}[^\W_]+(?:['\u2019\-_.@/][^\W_]+)*"
    r"[\"'`*)\]\u201d\u00bb]{0,3}[.,;:!?\u2026]{0,3}|[-\u2013\u2014\u2192&+/:]|->|=>|\u00ab|\u00bb"
)
_HUMAN = re.compile(r"[A-Z][a-z0-9@$]{3,14}[-_.@]?[0-9]{1,4}[!#$*&@]{1,2}")
_MADE_OF = re.compile(r"[A-Za-z0-9!#$%&*+=?@^~_.\-]+")
_SYMBOL = re.compile(r"[!#$%&*+=?@^~](?=.*[A-Za-z0-9])")
_TRAITS = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?:.*[A-Z]|.*[a-z0-9][!$%^&*?][a-z0-9])")
_NO_VALUE = re.compile(
    r"[A-Za-z_.\-]+\d?=|--?[a-z]|.*(?:sha|hmac|aes|rsa|utf|md5|base64|x509|oauth|ipv|http|ssl|tls)",
    re.IGNORECASE,
)


def find_apart(text: str, start: int, end: int, kind: str) -> tuple[int, int] | None:
    """Return the span of a drawn value behind the noun at `start` to `end`, else before it."""
    window = text[max(0, start - _BEFORE) : end + _AFTER]
    runs = {run.lstrip(_OPENS) for run in set(_LONG_RUN.findall(window)) if _DIGIT.search(run)}
    values = {run.rstrip(_CLOSES + marks) for run in runs for marks in ("", "*_")}
    if not any(map(looks_drawn, values)):
        return None
    joined = text[end : end + 1]
    after = [] if joined.isalnum() or joined in {"_", "-", "="} else _tokens(text, end, _AFTER)
    before = _tokens(text, max(0, start - _BEFORE), min(_BEFORE, start))
    if before and not text[start - 1].isspace():
        before.pop()  # what the noun is joined to
    return _first_drawn(after, kind) or _first_drawn(before[: -_MOST_WORDS - 1 : -1], kind)


def _tokens(text: str, start: int, size: int) -> list[re.Match[str]]:
    """Return what blanks set apart there, without what the end may have cut."""
    found = list(_TOKEN.finditer(text, start, start + size))
    if found and found[-1].end() == start + size < len(text) and not text[start + size].isspace():
        found.pop()
    if found and start and not text[start - 1].isspace() and found[0].start() == start:
        found.pop(0)
    return found


def _first_drawn(tokens: list[re.Match[str]], kind: str) -> tuple[int, int] | None:
    for token in tokens:
        if span := _drawn(token, kind):
            return span
        if not _WORD.fullmatch(token[0]):
            return None
    return None


def _drawn(token: re.Match[str], kind: str) -> tuple[int, int] | None:
    written = token[0].lstrip(_OPENS)
    value = written.rstrip(_CLOSES + ("*_" if token[0][0] in "*_" else ""))
    first = token.end() - len(written)
    if len(value) < (_SHORTEST_KEY if kind == "token" else _SHORTEST) or len(value) > _LONGEST:
        return None
    return (first, first + len(value)) if looks_drawn(value) else None


def looks_drawn(value: str) -> bool:
    """Tell whether nobody would write `value` in prose for anything but a password or a key."""
    if (
        not _MADE_OF.fullmatch(value)
        or not _TRAITS.match(value)
        or _NO_VALUE.match(value)
        or KEYWORD.match(value)
        or is_camel_name(value.lstrip("@#$&"))
        or is_ordinary(value)
        or is_hex(value)
        or is_uuid(value)
        or is_license(value)
        or is_object_id(value)
        or is_code(value)
        or is_filler(value)
        or is_placeholder(value)
    ):
        return False
    if "**" in value:
        return False  # a power, or bold
    if _HUMAN.fullmatch(value):
        return True
    if _SYMBOL.search(value):
        return "." not in value or wordiness(value) < _WORDY
    steps, words = step_count(value), wordiness(value)
    dense = _DENSE * steps >= len(value) and words < _WORDY_WHERE_DENSE
    return "." not in value and (dense or (steps >= _FEWEST_STEPS and words <= _WORDY))

"""Finds passwords and keys that people tell each other in sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from alos.checks.base import Finding, Need, Trigger
from alos.checks.secrets_apart import find_apart
from alos.checks.secrets_names import is_no_secret_before
from alos.checks.secrets_sentences import (
    AFTER,
    ANSWERED,
    BEFORE,
    BOUND,
    DIRECT,
    LONG_KEY_NOUN,
    LONG_LOGIN_NOUN,
    SHORT_KEY_NOUN,
    SHORT_LOGIN_NOUN,
    TOLD_WORD,
    UNSPACED_NOUN,
    USER,
    USER_APART,
    USER_WORD,
)
from alos.checks.secrets_told import SHORTEST_KEY, is_told, trim
from alos.checks.secrets_value import (
    is_chain,
    is_passphrase,
    is_strong,
)
from alos.checks.secrets_words import find_told_word

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS_TOLD = 2
_DIGIT = re.compile(r"[0-9]")
_VALUE = Need(
    # a digit beside a letter or a symbol, capitals inside a word, or words joined
    pattern=re.compile(
        r"[0-9A-Z\-._](?:(?<=[a-z]\.[0-9])|(?<=[A-Za-z!@#$%^&*+=~?_\-][0-9])|"
        r"(?<=[0-9])[A-Za-z!@#$%^&*+=~_]|(?<=[a-z][A-Z])[a-zA-Z]|"
        r"(?<=[a-z][\-._])[A-Za-z]{3,12}[\-._][A-Za-z])"
    ),
    width=16,
    before=120,
    after=200,
)
"""No value that is not a plain word is told without."""


_PASSWORD_NOUNS = (
    *("pass", "pw", "kenn", "cred", "log", "pin", "mot", "contra", "senha", "wacht", "zugang"),
    *("anmelde", "identif", "clave", "sign", "mdp", "has\u0142", "heslo", "parola", "\u015fifre"),
    *(
        "l\u00f6sen",
        "adgang",
        "salasana",
        "\u043f\u0430\u0440\u043e\u043b\u044c",
        "geslo",
        "lozinka",
    ),
    *(
        "jelsz",
        "kata",
        "acc",
        "aces",
        "\u03ba\u03c9\u03b4",
        "\u05e1\u05d9\u05e1",
        "\u0643\u0644\u0645",
        "m\u1ead",
    ),
)
_USER_NOUNS = ("cred", "log", "sign", "pass", "pwd", "pw", "zugang", "anmelde", "identif")
_ACCESSES = ("zugang", "acc", "aces", "logged")
_APPROACHES = ("sign", "log into", "log on")


@dataclass(frozen=True, slots=True)
class _Noun:
    """What a noun of the triggers announces."""

    kind: str
    is_key: bool
    is_access: bool
    approaches: bool
    has_user: bool
    may_be_word: bool


@lru_cache(maxsize=512)
def _noun(written: str) -> _Noun:
    noun = written.lower()
    is_password = noun.startswith(_PASSWORD_NOUNS)
    return _Noun(
        kind="password" if is_password else "token",
        is_key=noun == "key",
        is_access=noun.startswith(_ACCESSES) and not noun.startswith("zugangs"),
        approaches=noun.startswith(_APPROACHES),
        has_user=noun.startswith((*_USER_NOUNS, *_ACCESSES)),
        may_be_word=is_password
        and not noun.startswith(("cred", "log", "pin", "sign", "identif", *_ACCESSES)),
    )


def _last_word(text: str, start: int) -> str:
    return text[max(0, start - 16) : start].rstrip(" -_").rpartition(" ")[2].rpartition("\n")[2]


def confirm_prose(text: str, start: int, end: int) -> Finding | None:
    """Confirm a value told after (`the password is …`) or before (`… is the password`) a noun."""
    noun = _noun_at(text, start, end)
    span = None if noun is None else _find_told(text, start, end, noun)
    return None if noun is None or span is None else _found(span, noun.kind)


def confirm_word(text: str, start: int, _end: int) -> Finding | None:
    """Confirm a plain word told after the noun that begins at `start`, where nothing else is."""
    first = start if text[start].isalpha() else start + 1
    written = _WORD_NOUN.match(text, first)
    noun = None if written is None else _noun_at(text, first, written.end())
    if written is None or noun is None or not noun.may_be_word:
        return None
    span = find_told_word(text, first, written.end())
    if span is None or _find_told(text, first, written.end(), noun) is not None:
        return None
    return _found(span, noun.kind)


def _found(span: tuple[int, int], kind: str) -> Finding:
    return Finding(
        kind="secret",
        type="PASSWORD" if kind == "password" else "API_KEY",
        start=span[0],
        end=span[1],
        rule="secret/prose",
        confidence=0.75,
    )


def _noun_at(text: str, start: int, end: int) -> _Noun | None:
    """Return the noun that is written there, unless it is a piece of a name or of another noun."""
    before = text[start - 1] if start else " "
    if (
        before == "-"
        and (text[start].isupper() or text[end : end + 1] == " ")
        and text[start - 2 : start - 1].isalpha()
    ):
        before = " "  # WLAN-Passwort, wifi-wachtwoord, API-Token
    if before.isalnum() or before in "-.$" or (before == "_" and text[end : end + 1] != " "):
        return None
    if is_chain(text, end):
        return None
    noun = _noun(text[start:end])
    if noun.is_key and _OF_A_NETWORK.search(text, max(0, start - 60), start):
        return _noun("password")
    return None if noun.is_key and is_no_secret_before(_last_word(text, start)) else noun


_LONG_RUN = re.compile(r"[^\s\"`]{6,}")
_OF_A_NETWORK = re.compile(r"\b(?:wi-?fi|wlan|ssid|wpa2?|hotspot|network|router)\b", re.IGNORECASE)


def _find_told(text: str, start: int, end: int, noun: _Noun) -> tuple[int, int] | None:
    """Return the span of a value with digits, symbols or joints told around the noun."""
    window = text[max(0, start - _VALUE.before) : end + _VALUE.after]
    if not any(_VALUE.pattern.search(run) for run in set(_LONG_RUN.findall(window))):
        return None
    if noun.is_access:
        return _told_with_user(text, end)
    span = (
        (None if noun.approaches else _told_after(text, end, noun.kind))
        or _told_before(text, start, noun.kind)
        or _told_in_answer(text, end, noun.kind)
        or _told_of_it(text, end, noun.kind)
    )
    if span is None and noun.has_user:
        span = _told_with_user(text, end)
    if span is not None or text[start:end] == "pass":  # a word of programs, too
        return span
    return find_apart(text, start, end, noun.kind)


def _told_after(text: str, end: int, kind: str) -> tuple[int, int] | None:
    match = AFTER.match(text, end, end + 240)
    if match is None:
        return _told_beside_user(text, end) if kind == "password" else None
    first = match.start("value")
    if text[end - 3 : end].lower() in _LOGIN_ENDS and "\n" in text[end:first]:
        return None
    value = trim(match["value"], quoted=bool(match["quote"]))
    if kind == "token" and text[end : end + 1] in "=:" and not text[end + 1 : end + 2].isspace():
        return None
    direct = DIRECT.search(match["lead"] + match["quote"]) is not None or (
        match["value"].endswith((")", "),", ").")) and text[first - 12 : first].find("(") >= 0
    )
    direct = direct or (match["value"].endswith(",") and text[first - 2 : first] == ", ")
    if text[end - 4 : end].lower() == "pass" and not direct:
        return _told_after_user(text, end - 4, first, value)
    if is_told(value, kind, direct=direct or bool(match["quote"])):
        return first, first + len(value)
    return _told_beside_user(text, end) if kind == "password" else None


def _told_after_user(text: str, start: int, first: int, value: str) -> tuple[int, int] | None:
    """Return the span of a value after a bare `pass`, which counts only after a user's name."""
    if not _NAMED_USER.search(text, max(0, start - 40), start):
        return None
    return (first, first + len(value)) if is_told(value, "password", direct=True) else None


def _told_beside_user(text: str, end: int) -> tuple[int, int] | None:
    """Return the span of a value right after the noun, which counts only after a user's name."""
    match = _BESIDE.match(text, end)
    if match is None:
        return None
    start = text.rfind(" ", max(0, end - 24), end - 1)
    if not (
        _NAMED_USER.search(text, max(0, end - 80), end - 4)
        or _HELD.search(text, max(0, start - 12), start + 1)
    ):
        return None
    value = trim(match["value"], quoted=False)
    first = match.start("value")
    return (first, first + len(value)) if is_told(value, "password", direct=True) else None


_BESIDE = re.compile(r"[ \t]{1,2}(?P<value>[^\s\"'`]{6,100})")
_HELD = re.compile(
    r"(?:^|\s)(?:with|and|using|or|mit|und|dem|oder|avec|et|con|y|e|com|la|a|o|le|het|met|en)\s$",
    re.IGNORECASE,
)
_NAMED_USER = re.compile(
    r"\b(?:user(?:name)?|login|account|benutzer(?:name)?|nutzer|konto|usuario|identifiant|"
    r"utilisateur|compte|cuenta|utente|gebruiker)\b",
    re.IGNORECASE,
)


def _told_before(text: str, start: int, kind: str) -> tuple[int, int] | None:
    if start == 0 or not text[start - 1].isspace():
        return None
    match = BEFORE.search(text, max(0, start - 110), start)
    if match is None:
        return None
    value = match["value"]
    if not is_told(value, kind, direct=True):
        return None
    if value.isalnum() and value[1:].islower() and len(_DIGIT.findall(value)) < _DIGITS_TOLD:
        return None
    return match.span("value")


_LOGIN_ENDS = frozenset({"ass", "gin", " in", "ins", "nto", " on"})


def _told_in_answer(text: str, end: int, kind: str) -> tuple[int, int] | None:
    """Return the span of a value that fills the line after one that asks for it."""
    match = ANSWERED.match(text, end, end + 320)
    if match is None or text[end - 3 : end].lower() in _LOGIN_ENDS:
        return None
    value = trim(match["value"], quoted=bool(match["quote"]))
    if not is_told(value, kind, direct=True):
        return None
    first = match.start("value")
    return first, first + len(value)


_OF_IT = re.compile(
    r"(?:[^\n]{0,90}\n)?[^\n]{0,90}?\b(?i:one|it|mine|new|neu|neue|nueva|nuevo|nova|novo|nouveau)"
    r"(?:'s| is| was| to be| said| says| reads|:)(?: now| just)? ?[\"'`]?"
    r"(?P<value>[^\s\"'`]{6,100})",
)


def _told_of_it(text: str, end: int, kind: str) -> tuple[int, int] | None:
    """Return the span of a value told of "it" or "the new one" after the noun."""
    match = _OF_IT.match(text, end, end + 260)
    if match is None:
        return None
    value = trim(match["value"], quoted=False)
    first = match.start("value")
    direct = text[first - 2 : first] == ": "
    return (first, first + len(value)) if is_told(value, kind, direct=direct) else None


def _told_with_user(text: str, end: int) -> tuple[int, int] | None:
    return (
        _with_user(USER.match(text, end, end + 160))
        or _with_user(USER_APART.match(text, end, end + 160))
        or _with_user(USER_WORD.match(text, end, end + 160), is_word=True)
    )


def _with_user(match: re.Match[str] | None, *, is_word: bool = False) -> tuple[int, int] | None:
    if match is None or "arn:" in match[0] or "://" in match[0]:
        return None
    value = trim(match["value"], quoted=False)
    direct = bool(match["sep"].strip())
    if not direct and not (any(not c.isalnum() for c in value) or (is_word and is_strong(value))):
        return None
    if not is_told(value, "password", direct=direct):
        return None
    if not any(map(str.isdigit, value)) and not is_passphrase(value):
        return None
    first = match.start("value")
    return first, first + len(value)


_UNSPACED = re.compile(
    "[^\\n!-~]{0,12}?(?:\u306f|\u662f|\u4e3a|\u70ba|\uff1a|:|\uc740|\ub294|=)"
    "\\s?[\u300c\"'`]?(?P<value>[!-~]{6,100})"
)


def confirm_unspaced(text: str, _start: int, end: int) -> Finding | None:
    """Confirm a value told after a noun of a script that puts no blanks between words."""
    match = _UNSPACED.match(text, end, end + 120)
    if match is None:
        return None
    value = trim(match["value"], quoted=False).rstrip("\"'`")
    if not is_told(value, "password", direct=True):
        return None
    first = match.start("value")
    return Finding(
        kind="secret",
        type="PASSWORD",
        start=first,
        end=first + len(value),
        rule="secret/prose",
        confidence=0.75,
    )


def prose_triggers() -> tuple[Trigger, ...]:
    """Return the triggers of credentials told in sentences."""
    return (
        *_prose(LONG_LOGIN_NOUN, SHORT_LOGIN_NOUN, _VALUE),
        *_prose(LONG_KEY_NOUN, SHORT_KEY_NOUN, _VALUE, _KEY),
        Trigger(
            rule="secret/prose",
            expression=f"(?:{_in_bytes(LONG_LOGIN_NOUN)}|{_BEFORE_SHORT}{SHORT_LOGIN_NOUN})"
            + TOLD_WORD,
            confirm=confirm_word,
            caseless=True,
        ),
        Trigger(rule="secret/prose", expression=UNSPACED_NOUN, confirm=confirm_unspaced),
    )


_BEFORE_SHORT = r"(?:^|[\s\"'(/*_])"
_KEY = Need(pattern=re.compile(rf"[^\s\"`]{{{SHORTEST_KEY}}}"), width=16, before=120, after=320)
_WORD_NOUN = re.compile(
    f"{LONG_LOGIN_NOUN}|{SHORT_LOGIN_NOUN}",
    re.IGNORECASE,
)


def _in_bytes(expression: str) -> str:
    """Return an expression over the UTF-8 bytes of what `expression` matches."""
    return expression.encode().decode("latin-1")


def _prose(long: str, short: str, *needs: Need) -> Iterator[Trigger]:
    for expression, confirm in (
        (_in_bytes(long) + BOUND, confirm_long_noun),
        (_BEFORE_SHORT + short + BOUND, confirm_short_noun),
    ):
        yield Trigger(
            rule="secret/prose",
            expression=expression,
            confirm=confirm,
            caseless=True,
            needs=needs,
        )


def confirm_long_noun(text: str, start: int, end: int) -> Finding | None:
    """Confirm after taking off the one character that the trigger reads past the noun."""
    return confirm_prose(text, start, _noun_end(text, end))


def confirm_short_noun(text: str, start: int, end: int) -> Finding | None:
    """Confirm after taking off the characters that the trigger reads around the noun."""
    first = start if text[start].isalpha() else start + 1
    return confirm_prose(text, first, _noun_end(text, end))


def _noun_end(text: str, end: int) -> int:
    """Leave out the character that ended the noun, unless the text itself did."""
    return end if text[end - 1].isalpha() else end - 1

"""Finds passwords and keys that people tell each other in sentences."""

from __future__ import annotations

import re

from alos.checks.base import Finding, Trigger
from alos.checks.secrets_value import (
    is_code,
    is_filler,
    is_ordinary,
    is_passphrase,
    is_placeholder,
    is_shuffled,
    is_strong,
    is_word_and_number,
    looks_chosen,
    looks_random,
    wordiness,
)
from alos.checks.secrets_words import find_told_word

_LONG_NOUN = (
    "(?:passw(?:or)?d|passphrase|passcode|passwort|kennwort|mot de passe|contrase\xc3\xb1a|senha|"
    "wachtwoord|secret|token|api ?key|credentials?|creds)"
)
_SHORT_NOUN = "(?:pwd|pw|pin|key|logins?|log in|pass)"
_BOUND = r"(?:[\s:=,\"'`*)(?.!;]|$)"
_MARK = "[\"'`*(<\\[\u2018\u201c\u00ab]{0,3}"  # what people put before a value they quote
_ABOUT = r"(?:\s+(?:for|of|to|on|in|at|into|you|i|we|that)\s[^:=\n]{1,60}?)?"
_SET = r"(?:set|changed|reset|updated|rotated)"
_CONNECTOR = (
    rf"(?:(?:is now|is still|is(?!\s{_SET})|was(?!\s{_SET})|are|it's|its|be|used to be|"
    rf"(?:(?:was|is|has been|been|got|gets)\s)?{_SET}\sto|to|as|should be|will be|used|use|using|"
    r"with|like|e\.g\.|ist|lautet|war|est|es|\u00e8|\u00e9)(?!\w)|(?::|=|->|=>|\u2192|(?<=\s)[-/|\u2013\u2014](?=\s)))"
)
_AFTER = re.compile(
    rf"(?P<lead>[\w)\"'`*]{{0,3}}{_ABOUT}(?:\?\s(?=it(?:'s| is)))?[\s,]{{0,3}}"
    r"(?:(?:which|that|it|i|we|still|now|also|just|should|will|has|have|been)\s){0,4}"
    rf"{_CONNECTOR}"
    r"(?:\s(?:just|still|now|literally|currently|this|this one|set to|the following))?"
    r"[:=]?|(?:'s)?\s)"
    rf"\s{{0,3}}(?P<quote>{_MARK})(?P<value>[^\s\"`\u2018\u2019\u201c\u201d\u00ab\u00bb]{{5,200}})",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:^|[\s\"'`(*])(?P<value>[^\s\"'`(*]{6,200}?)[\"'`)*,;:]{0,3}"
    r"\s{1,2}(?:is|was|as|for|being|a)\s"
    r"(?:(?:the|my|our|your|a|its|his|her|their|new|old)\s){0,3}(?:[A-Za-z0-9_.\-]{2,16}\s){0,2}$",
)
_USER = re.compile(
    r"[^\n]{0,40}?(?:^|[\s:(\"'`])(?P<user>[A-Za-z][\w.@+\-]{1,50})(?P<sep>\s?[:/|]\s?|\s+)"
    r"[\"'`]{0,2}(?P<value>[^\s\"'`]{6,100})",
)
_DIRECT = re.compile(
    rf"(?:is|was|are|be|to|as|:|=|->|=>|\u2192|-|\u2013|/)\s*{_MARK}$",
    re.IGNORECASE,
)
# Words with digits that people write beside a secret's noun and that are none.
_ALGORITHM = (
    r"(?i:sha|md|aes|base|utf|hs|rs|es|ps|rc|rfc|iso|https?|ipv|pbkdf|ripemd|blake|ed|curve|secp|"
    r"rsa|scram|win|oauth|argon|bcrypt|python|node|java|x|log4j|k8s|h|s|ec|mp|top|area|web)"
    r"[-_]?\d+[A-Za-z]{0,2}"
)
_QUANTITY = (
    r"\d+(?:st|nd|rd|th|[kKmMgG]?[bB]?)|\d{3}-\d{2,3}[A-Z]?|\d{1,2}:\d{2}\w*|"
    r"\d+[-/ ]?(?:day|hour|min|minute|char|"
    r"character|digit|bit|byte|word|letter|factor|step|month|week|year|time)s?"
)
_CODED = (
    r"[A-Z]{2,6}[-_ ]?\d{1,5}[a-z]?|[A-Za-z]{1,12}v\d|v\d[\w.]*|[A-Za-z]+\d?[-/][A-Za-z]+\d?|"
    r"[a-z]+\d\.[a-z]+|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+\d?|[A-Z][a-z]+\d?[A-Z][a-z]{3,}\w*|"
    r"\w+\.\w+\(.*|[\w.]+[-/]\d{2,4}(?:[-/]\d+)*"
)
_TERM = re.compile(f"(?:{_ALGORITHM}|{_QUANTITY}|{_CODED})")
_KEYWORD = re.compile(r"\w+=|[\w.]+\(|[A-Za-z]\w*\.[A-Za-z]\w*$")
_LINK = re.compile(r"^//|^\\|://|\]\(|/[^/]+/|\{\w+\}")
_SHORTEST, _SHORTEST_SHUFFLED, _SHORTEST_KEY, _LONGEST_WORD = 6, 8, 12, 24
_DIGITS_TOLD, _TRAITS, _WORDY = 2, 2, 0.5
_DIGIT = re.compile(r"[0-9]")
_NO_LETTER = re.compile(r"[^A-Za-z0-9]")
# A digit beside a letter or a symbol, or capitals inside a word: no value is told without.
_TELLTALE = re.compile(
    r"[0-9A-Z](?:(?<=[a-z]\.[0-9])|(?<=[A-Za-z!@#$%^&*+=~?_\-][0-9])|(?<=[0-9])[A-Za-z!@#$%^&*+=~_]|"
    r"(?<=[a-z][A-Z])[a-zA-Z])",
)


_PASSWORD_NOUNS = (
    *("pass", "pw", "kenn", "cred", "log", "pin", "mot", "contra", "senha", "wacht"),
)


def confirm_prose(text: str, start: int, end: int) -> Finding | None:
    """Confirm a value told after (`the password is …`) or before (`… is the password`) a noun."""
    before = text[start - 1] if start else " "
    if before.isalnum() or before in "-.$" or (before == "_" and text[end : end + 1] != " "):
        return None
    noun = text[start:end].lower()
    kind = "password" if noun.startswith(_PASSWORD_NOUNS) else "token"
    span = None
    if _TELLTALE.search(text, max(0, start - 60), end + 120):
        span = _told_after(text, end, kind) or _told_before(text, start, kind)
        if span is None and noun.startswith(("cred", "log", "pass")):
            span = _told_with_user(text, end)
    if span is None and kind == "password" and not noun.startswith(("cred", "log", "pin")):
        span = find_told_word(text, start, end)
    if span is None:
        return None
    return Finding(
        kind="secret",
        type="PASSWORD" if kind == "password" else "API_KEY",
        start=span[0],
        end=span[1],
        rule="secret/prose",
        confidence=0.75,
    )


def _told_after(text: str, end: int, kind: str) -> tuple[int, int] | None:
    match = _AFTER.match(text, end, end + 240)
    if match is None:
        return None
    first = match.start("value")
    value = _trimmed(match["value"], quoted=bool(match["quote"]))
    if kind == "token" and text[end : end + 1] in "=:" and not text[end + 1 : end + 2].isspace():
        return None
    direct = _DIRECT.search(match["lead"] + match["quote"]) is not None or (
        match["value"].endswith((")", "),", ").")) and text[first - 12 : first].find("(") >= 0
    )
    if text[end - 4 : end].lower() == "pass" and not direct:
        return _told_after_user(text, end - 4, first, value)
    if not _told(value, kind, direct=direct or bool(match["quote"])):
        return None
    return first, first + len(value)


def _told_after_user(text: str, start: int, first: int, value: str) -> tuple[int, int] | None:
    """Return the span of a value after a bare `pass`, which counts only after a user's name."""
    if not _NAMED_USER.search(text, max(0, start - 40), start):
        return None
    return (first, first + len(value)) if _told(value, "password", direct=True) else None


_NAMED_USER = re.compile(r"\b(?:user(?:name)?|login|account)\b", re.IGNORECASE)


def _told_before(text: str, start: int, kind: str) -> tuple[int, int] | None:
    match = _BEFORE.search(text, max(0, start - 110), start)
    if match is None:
        return None
    value = match["value"]
    if not _told(value, kind, direct=True):
        return None
    if value.isalnum() and value[1:].islower() and len(_DIGIT.findall(value)) < _DIGITS_TOLD:
        return None
    return match.span("value")


def _told_with_user(text: str, end: int) -> tuple[int, int] | None:
    match = _USER.match(text, end, end + 160)
    if match is None:
        return None
    value = _trimmed(match["value"], quoted=False)
    direct = bool(match["sep"].strip())
    if not direct and not any(not c.isalnum() for c in value):
        return None
    if not _told(value, "password", direct=direct) or not any(map(str.isdigit, value)):
        return None
    first = match.start("value")
    return first, first + len(value)


def _trimmed(value: str, *, quoted: bool) -> str:
    """Take sentence punctuation off; a `!` stays, people end passwords with it."""
    value = value.rstrip("'*") if quoted else value
    if quoted or "(" not in value:
        value = value.rstrip(")>]")
    return value.rstrip(".,;:?").removesuffix("'s")


def _told(value: str, kind: str, *, direct: bool) -> bool:
    """Tell whether `value`, in the place where one is told, is one."""
    if len(value) < _SHORTEST or _LINK.search(value):
        return False
    if is_placeholder(value) or is_code(value) or is_filler(value):
        return False
    if looks_random(value):
        return not (value.isidentifier() and wordiness(value) > _WORDY)
    if _KEYWORD.match(value):
        return False
    if kind == "token":
        return len(value) >= _SHORTEST_KEY and is_strong(value) and wordiness(value) < _WORDY
    return _is_told_password(value, direct=direct)


def _is_told_password(value: str, *, direct: bool) -> bool:
    if len(value) >= _SHORTEST_SHUFFLED and is_shuffled(_NO_LETTER.sub("", value)):
        return direct or not value.isalpha()
    if direct and (is_word_and_number(value) or is_passphrase(value)):
        return True
    if _TERM.fullmatch(value) or not any(map(str.isdigit, value)):
        return False
    if value.isalnum() and len(value) <= _LONGEST_WORD and not value.isdigit():
        return direct or len(_DIGIT.findall(value)) > _DIGITS_TOLD or is_strong(value)
    if is_ordinary(value) or not looks_chosen(value):
        return False
    traits = (value.lower() != value, value.upper() != value, not value.isalnum())
    return sum(traits) >= _TRAITS


def prose_triggers() -> tuple[Trigger, ...]:
    """Return the triggers of credentials told in sentences."""
    return (
        Trigger(
            rule="secret/prose",
            expression=_LONG_NOUN + _BOUND,
            confirm=confirm_long_noun,
            caseless=True,
        ),
        Trigger(
            rule="secret/prose",
            expression=r"(?:^|[\s\"'(/*_])" + _SHORT_NOUN + _BOUND,
            confirm=confirm_short_noun,
            caseless=True,
        ),
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

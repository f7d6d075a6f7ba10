"""Finds credentials by the name they are assigned to, in any syntax."""

from __future__ import annotations

import re

from alos.checks.base import Finding, Need, Trigger
from alos.checks.secrets_judge import judge
from alos.checks.secrets_names import NameKind, kind_of_name
from alos.checks.secrets_value import is_chain, is_shuffled, is_strong, looks_random

_NOUN = (
    "(?:passw(?:or)?d|passphrase|passcode|passwort|kennwort|senha|pwd|secret|token|key|"
    "credentials?|creds|auth|bearer|requirepass|userpass|pass|pat|dsn|pw|psk)"
)
_ASSIGN = _NOUN + r"[A-Za-z0-9_.\-]{0,16}[\"'`\]\\)*]{0,5}[ \t]{0,8}[:=|,<>(]"
# Matched against the text before the noun, read backwards.
_NAME_BACK = re.compile(r"[A-Za-z0-9_.\-$]{0,40}(?: [A-Za-z0-9_.\-$]{1,20}){0,2}")
_LEAD = re.compile(
    r"(?:[ \t]?&?(?:'static )?[A-Za-z_][\w.<>\[\]|]{0,30}(?:[ \t]\|[ \t]?[\w.]{1,20})?[ \t]?="
    r"(?=[ \t]?[\"'`]))?"
    r"[=>:|]{0,2}[ \t]{0,12}(?:[|>][-+]?[ \t]{0,4}\r?\n[ \t]{1,16})?(?:\([ \t]{0,4})?"
    r"(?:[A-Za-z]{1,2}(?=[\"']))?(?P<quote>\\{0,3}[\"'`]{1,3}|&quot;|%22|\*\*[ \t]?)?",
)
_RUN = re.compile(r"\S{1,400}")
_CUT = re.compile(r"[\"'`,;<>|)}\]]|&(?=[\w.\-\[\]]{1,40}=|[&\s;]|amp;|quot;|$)|\\[nrt\"]|%26|%22")
_ENV = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[a-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)+")
_SPOKEN_PAIR = re.compile(r"cred(?:ential)?s?$", re.IGNORECASE)
_PAIR = re.compile(r"[A-Za-z][\w.@+\-]{1,40}[:/](?P<value>\S{6,})")
_NEXT_FIELD = re.compile(r"&(?=[A-Za-z_.\-]{1,40}=)")
_LINE_HEAD = re.compile(
    r"^[ \t>+\-|*\d:]{0,12}(?:export|ENV|ARG|set|setx|-e|--env|\$env:|declare -x|env)?[ \t]{0,4}"
    r"[\"'`]?[A-Za-z0-9_.\-]{0,40}$",
)
_COMMENT = re.compile(r"[ \t]*(?:(?:#|//|--|;).*)?$")
_NEEDED = Need(
    pattern=re.compile(
        r"[0-9!@#$%^&*?~+]|[a-z][A-Z]|[a-z]([-._])[A-Za-z]{3,11}\1[A-Za-z]{3,11}\1[A-Za-z]"
    ),
    width=32,
    before=0,
    after=60,
)
_LONG_RUN = re.compile(r"[^\s,;]{16}")
_FURTHER_LONG_RUN = re.compile(r"[\s,;][^\s,;]{16}")
_WEAK_REACH = 64
_FIELDS = frozenset({"text", "value", "content", "input"})
_TYPED = re.compile(r"[\"']\s?:\s?[\"'](?P<value>[^\"'\n]{5,100})[\"']")
_SHORTEST, _SHORTEST_RANDOM = 5, 16
_LONGEST = 400
_SURE = 0.9


def confirm_assignment(text: str, start: int, end: int) -> Finding | None:
    """Confirm `name = value` in any syntax: env file, YAML, JSON, code, header, XML, table."""
    name = _name_before(text, start) + text[start:end]
    kind = None if is_chain(text, end) else kind_of_name(name)
    if kind is None or (kind == "weak" and not _has_long_run(text, end)):
        return None
    span = value_after(text, start, end)
    if span is None:
        return None
    first, last, quoted, whole_line = span
    first, last = _typed(text, first, last)
    if last - first < (_SHORTEST_RANDOM if kind == "weak" else _SHORTEST):
        return None
    separator = text[end - 1]
    if separator == ">" and text[first] == "@":
        return None
    if separator in ",(" and not quoted and not looks_random(text[first:last]):
        return None
    clause = (
        whole_line
        or (start > 0 and _before_name(text, start, name) in ";&?")
        or (
            separator == "="
            and text[first - 1] == "="
            and _ENV.fullmatch(name.rpartition(" ")[2]) is not None
        )
    )
    if _SPOKEN_PAIR.search(name) and (pair := _PAIR.match(text, first, last)):
        first = pair.start("value")
    if last - first < _SHORTEST_RANDOM and "example" in text[max(0, first - 80) : first].lower():
        return None
    confidence = judge(text[first:last], kind, quoted=quoted, whole_line=clause)
    if confidence is None:
        return None
    if (
        separator in ",("
        and confidence < _SURE
        and not _is_argument(text[first:last], text[end - 2])
    ):
        return None
    return found(first, last, type_of(kind, name), "secret/assignment", confidence)


def _has_long_run(text: str, end: int) -> bool:
    """Tell whether a value long enough for a weak name begins behind it."""
    return (
        _LONG_RUN.match(text, end, end + _WEAK_REACH)
        or _FURTHER_LONG_RUN.search(text, end, end + _WEAK_REACH)
    ) is not None


def _typed(text: str, first: int, last: int) -> tuple[int, int]:
    """Return the span of the value where what stands there says that it follows: `"text": "…"`."""
    typed = _TYPED.match(text, last) if text[first:last] in _FIELDS else None
    return typed.span("value") if typed else (first, last)


def _is_argument(value: str, before: str) -> bool:
    """Tell whether `value`, an argument after a name, is a password and not an algorithm."""
    if is_strong(value) or is_shuffled(value):
        return True
    return before in "\"'" and not _ALGORITHM.match(value) and any(map(str.isdigit, value))


_ALGORITHM = re.compile(
    r"[a-z]{1,8}[-_]?(?:[a-z]{2,8}[-_]?)?\d{1,4}$|v\d|utf|ascii|latin", re.IGNORECASE
)


def _before_name(text: str, start: int, name: str) -> str:
    at = text.rfind(name.lstrip()[:8], max(0, start - 64), start + 8)
    return text[at - 1] if at > 0 else "\n"


def _name_before(text: str, start: int) -> str:
    found = _NAME_BACK.match(text[max(0, start - 60) : start][::-1])
    return found[0][::-1] if found else ""


def value_after(text: str, start: int, end: int) -> tuple[int, int, bool, bool] | None:
    """Return the span of the value that begins at `end`, whether quoted, whether line-filling."""
    lead = _LEAD.match(text, end)
    first = lead.end() if lead else end
    if lead and lead["quote"]:
        last = text.find(lead["quote"], first, first + _LONGEST)
        line = text.find("\n", first, first + _LONGEST)
        if last > first and not 0 <= line < last:
            return first, last, True, False
        if last == first:
            return None
    run = _RUN.match(text, first)
    if run is None:
        return None
    last = run.end()
    line_start = text.rfind("\n", max(0, start - 80), start) + 1
    line_end = text.find("\n", last, last + 120)
    rest = text[last : line_end if line_end >= 0 else last + 120]
    if _LINE_HEAD.match(text[max(line_start, start - 80) : start]) and _COMMENT.match(rest):
        bare = _NEXT_FIELD.split(run[0], maxsplit=1)[0].rstrip(",;\"'`")
        return (first, first + len(bare), False, True) if bare else None
    cut = _CUT.search(text, first, last)
    if cut and cut[0] == ">" and text[cut.start() - 1] in "-=":
        return None  # an arrow of a program
    bare = text[first : cut.start()] if cut else text[first:last].rstrip(".:")
    if first and text[first - 1] in "_*":
        bare = bare.rstrip("_*")
    return (first, first + len(bare), False, False) if bare else None


def type_of(kind: NameKind, name: str) -> str:
    """Name the type of a finding after the name beside its value."""
    if kind == "password":
        return "PASSWORD"
    return (
        "TOKEN" if "token" in name.lower() else "SECRET" if "secret" in name.lower() else "API_KEY"
    )


def found(start: int, end: int, type_: str, rule: str, confidence: float) -> Finding:
    """Return a secret's finding."""
    return Finding(
        kind="secret",
        type=type_,
        start=start,
        end=end,
        rule=rule,
        confidence=confidence,
    )


def assignment_trigger() -> Trigger:
    """Return the trigger of values that a name announces."""
    return Trigger(
        rule="secret/assignment",
        expression=_ASSIGN,
        confirm=confirm_assignment,
        caseless=True,
        needs=(_NEEDED,),
    )

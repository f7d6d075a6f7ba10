"""Finds credentials by their carrier: a URI, a header, a command line, a name/value pair, SQL."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from alos.checks.base import Finding, Trigger
from alos.checks.secrets_context import found, type_of, value_after
from alos.checks.secrets_judge import judge
from alos.checks.secrets_names import kind_of_name
from alos.checks.secrets_value import (
    is_code,
    is_filler,
    is_ordinary,
    is_placeholder,
    is_strong,
    is_uuid,
    looks_random,
)

if TYPE_CHECKING:
    from alos.checks.base import Confirm

_URI = re.compile(
    r"://(?P<user>[^\s/:@\"'<>]{0,64}):(?P<value>[^\s\"'<>/]{3,128})@(?P<host>[\w.\-\[\]%{}$]+)",
)


def confirm_uri(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the password of `scheme://user:password@host`."""
    match = _URI.match(text, start)
    if match is None:
        return None
    value = match["value"]
    if is_code(value) or is_filler(value) or is_placeholder(value) or value == match["user"]:
        return None
    if value.startswith("pserver:") or _FIELDS.search(value):
        return None
    if match["host"].startswith(("example.", "host", "hostname", "${", "{")):
        weak = not (looks_random(value) or is_strong(value))
        if weak:
            return None
    return found(*match.span("value"), "PASSWORD", "secret/uri-password", 0.85)


_FIELDS = re.compile(r"[;&][A-Za-z_ ]{2,30}=")
_SCHEME = re.compile(
    r"(?:bearer|basic|token|apikey|ssws|key|bot|sso-key|genie-?key|digest|negotiate)"
    r"\s{1,3}(?:token=)?[\"']?(?P<value>[A-Za-z0-9_\-+/=.~:]{8,2000})",
    re.IGNORECASE,
)
_SHORTEST_BASIC = 4
_AUTH_BEFORE = re.compile(r"auth|header|curl|-H\b|bearer", re.IGNORECASE)


def confirm_scheme(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the value of `Authorization: Bearer …`, `Basic …` and the like."""
    match = _SCHEME.match(text, start)
    if match is None:
        return None
    first = match.start("value")
    value = match["value"].rstrip(".,:")
    if value.islower() and value.isalpha():
        return None  # a word
    if is_placeholder(value) or is_filler(value) or is_ordinary(value):
        return None
    if not _AUTH_BEFORE.search(text, max(0, start - 40), first):
        return None
    if not (looks_random(value) or is_uuid(value) or is_strong(value)) or _is_open_basic(
        match[0], value
    ):
        return None
    return found(first, first + len(value), "AUTHORIZATION", "secret/auth-header", 0.85)


def _is_open_basic(header: str, value: str) -> bool:
    """Tell whether a Basic header holds the user and password of a tutorial."""
    if not header.lower().startswith("basic"):
        return False
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4)).decode("ascii")
    except ValueError:
        return True
    password = decoded.partition(":")[2]
    return len(password) < _SHORTEST_BASIC or is_filler(password) or is_placeholder(decoded)


_FLAG = re.compile(
    r"(?:--?[A-Za-z\-]{0,24}(?:password|passwd|passphrase|secret|token|key|pass|pwd)[ \t=]{1,3}|"
    r"sshpass[ ]{1,2}-p[ ]?|"
    r"-U ?[\w\\.@-]{1,40} -P ?|(?:-u|--user)[ =]{1,2}[\"']?[\w.@\-]{1,40}:)(?P<quote>[\"']?)"
    r"(?P<value>[^\s\"']{5,300})",
    re.IGNORECASE,
)


def confirm_flag(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the value of `--password v`, `--api-key=v`, `-u user:v`, `sshpass -p v`."""
    match = _FLAG.match(text, start)
    if match is None:
        return None
    flag = match[0][: match.start("value") - match.start()]
    kind = kind_of_name(flag) or (
        "password" if flag.lower().startswith(("-u", "--user", "ssh")) else None
    )
    value = match["value"].rstrip("\\,;)`")
    if kind is None or judge(value, kind, quoted=True, whole_line=False) is None:
        return None
    first = match.start("value")
    return found(first, first + len(value), type_of(kind, flag), "secret/cli-flag", 0.8)


_MOST_OPENS = 4  # `name`, `key` and `variable` may be words of the name itself
_PAIR_OPENS = re.compile("[Nn]ame|[Kk]ey|[Vv]ariable")
_PAIR = re.compile(
    r"(?:[Nn]ame|[Kk]ey|[Vv]ariable)[\"']?[ \t]{0,4}[:= ][ \t]{0,4}[\"']?"
    r"(?P<name>[A-Za-z0-9_.\-/]{3,64})"
    r"[\"']?[ \t]{0,4},?(?:[ \t]{0,4}\{)?\s{0,40}(?:type[ \t]{0,8}=[ \t]{0,4}\w{1,12}\s{1,20})?"
    r"(?:sensitive[ \t]{0,8}=[ \t]{0,4}\w{1,8}\s{1,20})?[\"']?(?:string)?$",
)


def confirm_pair(text: str, start: int, end: int) -> Finding | None:
    """Confirm `name: DB_PASSWORD` / `value: …` pairs (Kubernetes, Terraform, task definitions)."""
    opens = [one.start() for one in _PAIR_OPENS.finditer(text, max(0, start - 180), start)]
    nearest = (_PAIR.match(text, at, start) for at in opens[: -_MOST_OPENS - 1 : -1])
    named = next(filter(None, nearest), None)
    kind = kind_of_name(named["name"]) if named else None
    span = value_after(text, start, end) if kind else None
    if named is None or kind is None or span is None:
        return None
    first, last, quoted, whole_line = span
    confidence = judge(text[first:last], kind, quoted=quoted, whole_line=whole_line)
    if confidence is None:
        return None
    return found(first, last, type_of(kind, named["name"]), "secret/name-value", confidence)


_LOGIN = re.compile(
    r"(?:(?:\.|->|::)(?:login|signin|authenticate)|auth|basicauth|credentials?)[ =]{0,3}"
    r"\([ \t]?[\"'][^\"'\n]{1,60}[\"'],[ \t]{0,3}[\"']"
    r"(?P<value>[^\"'\n]{5,128})[\"']|securestring[ ](?:-string[ ])?[\"']"
    r"(?P<secure>[^\"'\n]{5,128})[\"']",
    re.IGNORECASE,
)


def confirm_login(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the second argument of a login call, `login("user", "…")`, `auth=("user", "…")`."""
    match = _LOGIN.match(text, start)
    if match is None:
        return None
    group = "value" if match["value"] else "secure"
    if judge(match[group], "password", quoted=True, whole_line=False) is None:
        return None
    return found(*match.span(group), "PASSWORD", "secret/login-call", 0.8)


_PUNCTUATED = re.compile(r"[0-9].*[!@#$%^&]|[!@#$%^&].*[0-9]")
_ROOTS = (
    "(?:root|admin|administrator|user|guest|test|tester|demo|jdoe|svc_[a-z]{2,12}|"
    "[a-z]{2,12}_(?:admin|rw|ro|user))"
)
_TAG = re.compile(r"v?\d+\.\d|.*@sha\d")  # of an image: no password
_ROOT = re.compile(
    rf"{_ROOTS} ?[/:] ?(?P<value>[^\s/\"'`,;<>()]{{6,64}})",
    re.IGNORECASE,
)


def confirm_root(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the password of `root/…` and `admin:…`, as people write both in one breath."""
    match = _ROOT.match(text, start + (not text[start].isalpha()))
    if match is None:
        return None
    value = match["value"].rstrip(".:?")
    if "\\" in value or _TAG.match(value) or not (is_strong(value) or _PUNCTUATED.search(value)):
        return None
    if judge(value, "password", quoted=True, whole_line=False) is None:
        return None
    first = match.start("value")
    return found(first, first + len(value), "PASSWORD", "secret/user-password", 0.75)


_USER_AND = re.compile(
    r"u(?:ser)? ?[:=] ?[\w.@+\-]{1,40}[ ,;\t\n]{1,3}p(?:w|ass)? ?[:=] ?[\"'`]?|"
    r"u(?:ser)?/p(?:w|ass)?(?:word)? ?[:=] ?[\w.@+\-]{1,40} ?/ ?",
    re.IGNORECASE,
)


def confirm_user_and(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the password of `u: ann p: …` and `u/p: ann/…`."""
    match = _USER_AND.match(text, start + (not text[start].isalpha()))
    value = _WORD.match(text, match.end()) if match else None
    if value is None:
        return None
    written = value[0].rstrip(".,;:)")
    if judge(written, "password", quoted=True, whole_line=False) is None:
        return None
    return found(
        value.start(), value.start() + len(written), "PASSWORD", "secret/user-password", 0.75
    )


_WORD = re.compile(r"[^\s\"'`]{5,100}")
_SQL = re.compile(
    r"(?:identified\s+by\s+|password\s+|=\s?password\s?\(\s?)N?[\"'](?P<value>[^\"'\n]{5,128})[\"']",
    re.IGNORECASE,
)


def confirm_sql(text: str, start: int, _end: int) -> Finding | None:
    """Confirm `IDENTIFIED BY '…'` and `PASSWORD '…'` in SQL."""
    match = _SQL.match(text, start)
    if match is None or judge(match["value"], "password", quoted=True, whole_line=False) is None:
        return None
    return found(*match.span("value"), "PASSWORD", "secret/sql-password", 0.85)


def carrier_triggers() -> tuple[Trigger, ...]:
    """Return the triggers of credentials that only their surroundings give away."""
    return (
        _caseless(
            "secret/uri-password",
            r"://[^\s/:@\"'<>]{0,64}:[^\s/\"'<>]{3}",
            confirm_uri,
        ),
        _caseless(
            "secret/auth-header",
            r"(?:bearer|basic|token|apikey|ssws|bot|key)\s{1,3}[A-Za-z0-9_\-+/=.\"']{8}",
            confirm_scheme,
        ),
        _caseless(
            "secret/cli-flag",
            r"-[A-Za-z\-]{0,24}(?:passw(?:or)?d|passphrase|secret|token|key|pass|pwd)[ \t=][^\s]",
            confirm_flag,
        ),
        _caseless("secret/cli-flag", r"(?:-u|--user)[ =][\"']?[\w.@\-]{1,40}:[^\s]", confirm_flag),
        _caseless("secret/cli-flag", r"sshpass[ ]{1,2}-p", confirm_flag),
        _caseless("secret/cli-flag", r"-U ?[\w\\.@\-]{1,40} -P ?[^\s]", confirm_flag),
        _caseless(
            "secret/name-value", r"(?:value|default|content)[\"']?[ \t]{0,12}[:=]", confirm_pair
        ),
        _caseless(
            "secret/login-call",
            r"(?:(?:\.|->|::)(?:login|signin|authenticate)|auth[ =]{0,3}|credentials?)"
            r"\([ \t]?[\"'][^\"'\n]{1,60}[\"'],",
            confirm_login,
        ),
        _caseless(
            "secret/user-password",
            rf"(?:^|[\s\"'(`]){_ROOTS} ?[/:] ?[^\s/]{{6}}",
            confirm_root,
        ),
        _caseless(
            "secret/user-password",
            r"(?:^|[\s\"'(`])(?:u(?:ser)? ?[:=] ?[\w.@+\-]{1,40}[ ,;\t\n]{1,3}p(?:w|ass)? ?[:=]|"
            r"u(?:ser)?/p(?:w|ass)?(?:word)? ?[:=])",
            confirm_user_and,
        ),
        _caseless("secret/login-call", r"securestring[ ](?:-string[ ])?[\"']", confirm_login),
        _caseless(
            "secret/sql-password",
            r"(?:identified by |password |= ?password ?\( ?)N?[\"']",
            confirm_sql,
        ),
    )


def _caseless(rule: str, expression: str, confirm: Confirm) -> Trigger:
    return Trigger(rule=rule, expression=expression, confirm=confirm, caseless=True)

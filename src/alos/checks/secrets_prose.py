"""Finds passwords and keys that people tell each other in sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from alos.checks.base import Finding, Trigger
from alos.checks.secrets_names import is_no_secret_before
from alos.checks.secrets_value import (
    is_chain,
    is_code,
    is_filler,
    is_hex,
    is_object_id,
    is_ordinary,
    is_passphrase,
    is_placeholder,
    is_shuffled,
    is_strong,
    is_uuid,
    is_word_and_number,
    looks_chosen,
    looks_random,
    wordiness,
)
from alos.checks.secrets_words import find_told_word

_LONG_NOUN = (
    "(?:passw(?:or)?d|passphrase|passcode|passwort|kennwort|mot de passe|contrase\xc3\xb1a|senha|"
    "wachtwoord|zugangsdaten|anmeldedaten|identifiants?|credenciales|clave|jeton|secret|token|"
    "api ?key|credentials?|creds|has\xc5\x82o|heslo|parola|\xc5\x9fifre|l\xc3\xb6senord(?:et)?|"
    "passord(?:et)?|adgangskoden?|salasana|"
    "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c)"
)
# パスワード, 密码, 密碼, 비밀번호 and what says that a value comes
_UNSPACED_NOUN = (
    r"(?:\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89|\xe5\xaf\x86\xe7\xa0\x81|"
    r"\xe5\xaf\x86\xe7\xa2\xbc|\xeb\xb9\x84\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8)"
)
_SHORT_NOUN = "(?:pwd|pw|mdp|pin|key|logins?|log in|log into|log on|sign in|pass)"
_BOUND = r"(?:[\s:=,\"'`*)(?.!;]|$)"
# what people put before a value they quote
_MARK = "(?:[\"'`*(<\\[\u2018\u201c\u00ab\u201e\u2039]{1,3}[ \u00a0\u202f]?)?"
_ABOUT = (
    r"(?:\s+(?:(?:for|of|to|on|in|at|into|you|i|we|that|protecting|unlocking|f\u00fcr|von|vom|zum|zur|"
    r"des|der|de|del|du|pour|para|per|do|da|di|en|auf|im|sur|till|f\u00f6r|til|voor)\s|dell?'|d'|l')"
    r"[^:=\n]{1,60}?|\s\w{3,12}(?=\s(?:est|es|\u00e8|\u00e9|era|\u00e9tait)\s))?"
)
_SET = r"(?:set|changed|reset|updated|rotated)"
_CONNECTOR = (
    rf"(?:(?<!\w)(?:is now|is still|is(?!\s{_SET})|was(?!\s{_SET})|are|it's|its|be|used to be|"
    rf"(?:(?:was|is|has been|been|got|gets)\s)?{_SET}\sto|to|as|should be|will be|used|use|using|"
    r"with|like|from|still|von|e\.g\.|auf|en|a|to|ist|lautet|war|\u00e4r|er|c'est|c'\u00e9tait|\u044d\u0442\u043e|est|es|era|\u00e9tait|\u00e8|\u00e9)(?!\w)|(?::|=|->|=>|\u2192|(?<=\s)[-/|\u2013\u2014](?=\s)))"
)
_AFTER = re.compile(
    rf"(?P<lead>[\w)\"'`*]{{0,3}}(?:\s\([^()\n]{{1,24}}\))?{_ABOUT}(?:\?\s(?=it(?:'s| is)))?[\s,]{{0,3}}"
    r"(?:(?:which|that|it|i|we|still|now|also|just|should|will|has|have|been|"
    r"wurde|hat|a|\u00e9t\u00e9|foi|fue|werd|stata)\s){0,4}"
    rf"{_CONNECTOR}"
    r"(?:\s(?:just|still|now|literally|currently|this|this one|set to|the following))?"
    r"[:=]?|(?:'s|,)?\s)"
    rf"\s{{0,3}}(?P<quote>{_MARK})(?P<value>[^\s\"`\u2018\u2019\u201c\u201d\u00ab\u00bb]{{5,200}})",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:^|[\s\"'`(*])(?P<value>[^\s\"'`(]{6,200}?)[\"'`)*,;:]{0,3}"
    r"\s{1,2}\(?(?:(?:<-+|\u2190)\s)?(?:(?:that|this|which)\s)?"
    r"(?:is|was|as|for|being|a|that's|it's|"
    r"(?:long|strong|good|safe|secure|ok|okay|fine)(?:\senough)?\s(?:for|as|to\sbe))\s"
    r"(?:(?:the|my|our|your|a|its|his|her|their|new|old)\s){0,3}(?:[A-Za-z0-9_.\-]{2,16}\s){0,2}$",
)
_USER = re.compile(
    r"[^\n]{0,40}?(?:^|[ \t:(\"'`])(?P<user>[A-Za-z][\w.@+\-]{1,50})"
    r"(?P<sep>[ \t]?[:/|,][ \t]?)"
    r"[\"'`]{0,2}(?P<value>[^\s\"'`]{6,100})",
)
_USER_APART = re.compile(
    r"[^\n]{0,40}?(?:^|[ \t:(\"'`])(?P<user>[A-Za-z][\w.@+\-]{1,50})(?P<sep>[ \t]+)"
    r"[\"'`]{0,2}(?P<value>[^\s\"'`]{6,100})",
)
_USER_WORD = re.compile(
    r"[^\n]{0,40}?(?:^|[ \t:(\"'`])(?P<user>[A-Za-z][\w.@+\-]{1,50})(?P<sep>[ \t]+)"
    r"(?:and|using|with|und|mit|et|avec|y|con|e)[ \t]+[\"'`]{0,2}(?P<value>[^\s\"'`]{6,100})",
)
_CLOCK = r"(?:[ \t]{0,3}[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[ \t]?[AP]M)?[\])]?[ \t]{0,2})"
_SPEAKER = rf"{_CLOCK}?[<@]?(?-i:[A-Z]?[a-z]{{1,15}}|[A-Z])>?"
# A question or a request that ends with the noun, and the next speaker's line that is the value.
_ANSWERED = re.compile(
    r"[^\n:=]{0,40}(?:(?:[?.:][ \t]*\n{1,2}|\?[ \t]{1,2})[ \t]*"
    rf"(?:{_SPEAKER}(?::[ \t]*|{_CLOCK}?:?\n))?|"
    rf"\n{{1,2}}[ \t]*{_SPEAKER}(?::[ \t]+|{_CLOCK}:?\n))"
    r"(?:(?:sure|ok|okay|yes|it's|it is|its|here|here you go)[ \t,:.!\-]{1,3}){0,2}(?:it's[ \t])?"
    rf"(?P<quote>{_MARK})(?P<value>[^\s\"`\u00ab\u00bb\u201c\u201d]{{6,200}})[\"'`.)\u201d"
    rf"\u00bb]{{0,2}}[ \t]*(?:\n|$)",
    re.IGNORECASE,
)
_DIRECT = re.compile(
    rf"(?:is|was|are|be|to|as|from|'s|ist|war|lautet|auf|en|von|est|es|era|\u00e8|\u00e9|"
    rf":|=|->|=>|\u2192|-|\u2013|/)\s*{_MARK}$",
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
    r"[A-Z]{2,6}[-_ ]?\d{1,5}[a-z]?|[A-Za-z]{1,12}v\d|v\d+(?:alpha|beta|rc|b|a|p)?\d*(?:\.["
    r"\w.]*)?|[A-Za-z]+\d?[-/][A-Za-z]+\d?|"
    r"[a-z]+\d\.[a-z]+|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+\d?|[A-Z][a-z]+\d?[A-Z][a-z]{3,}\w*|"
    r"\w+\.\w+\(.*|[\w.]+[-/]\d{2,4}(?:[-/]\d+)*"
)
_TERM = re.compile(f"(?:{_ALGORITHM}|{_QUANTITY}|{_CODED})")
_ENCODED = re.compile(r"(?=[A-Za-z/]*[0-9+])[A-Za-z0-9+/]{38,}={0,2}")
_FIELD = re.compile(r"(?:[a-z_]{2,40}|[A-Z_]{2,40})=")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+){2,8}(?::\d+)?")
_KEYWORD = re.compile(r"\w+=|[\w.]+\(|[A-Za-z]\w*\.[A-Za-z]\w*$")
_JOINED_TITLES = re.compile(r"_[A-Z][a-z]{2,10}(?:_|$)|^[A-Z][a-z]{2,10}_[a-z]{3}")
_TITLED = re.compile(
    r"(?:^|\.)[A-Z][a-z]{2,10}(?=\.[A-Za-z]{3,11}\.[A-Za-z]{3})|\.[A-Z][a-z]{2,10}$"
)
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
    *("pass", "pw", "kenn", "cred", "log", "pin", "mot", "contra", "senha", "wacht", "zugang"),
    *("anmelde", "identif", "clave", "sign", "mdp", "has\u0142", "heslo", "parola", "\u015fifre"),
    *("l\u00f6sen", "adgang", "salasana", "\u043f\u0430\u0440\u043e\u043b\u044c"),
)
_USER_NOUNS = ("cred", "log", "sign", "pass", "pwd", "pw", "zugang", "anmelde", "identif")
_APPROACHES = ("sign", "log into", "log on")
_FEWEST_JOINTS = 3


@dataclass(frozen=True, slots=True)
class _Noun:
    """What a noun of the triggers announces."""

    kind: str
    is_key: bool
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
        approaches=noun.startswith(_APPROACHES),
        has_user=noun.startswith(_USER_NOUNS),
        may_be_word=is_password and not noun.startswith(("cred", "log", "pin", "sign")),
    )


def _may_tell(text: str, first: int, last: int) -> bool:
    """Tell whether a value may stand between `first` and `last`: a tell-tale, or joined words."""
    return (
        _TELLTALE.search(text, first, last) is not None
        or text.count("-", first, last) >= _FEWEST_JOINTS
    )


def _last_word(text: str, start: int) -> str:
    return text[max(0, start - 16) : start].rstrip(" -_").rpartition(" ")[2].rpartition("\n")[2]


def confirm_prose(text: str, start: int, end: int) -> Finding | None:
    """Confirm a value told after (`the password is …`) or before (`… is the password`) a noun."""
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
    kind = noun.kind
    if noun.is_key and is_no_secret_before(_last_word(text, start)):
        return None
    span = None
    if _may_tell(text, max(0, start - 60), end + 120):
        span = (
            (None if noun.approaches else _told_after(text, end, kind))
            or _told_before(text, start, kind)
            or _told_in_answer(text, end, kind)
            or _told_of_it(text, end, kind)
        )
        if span is None and noun.has_user:
            span = _told_with_user(text, end)
    if span is None and noun.may_be_word:
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
        return _told_beside_user(text, end) if kind == "password" else None
    first = match.start("value")
    if text[end - 3 : end].lower() in _LOGIN_ENDS and "\n" in text[end:first]:
        return None
    value = _trimmed(match["value"], quoted=bool(match["quote"]))
    if kind == "token" and text[end : end + 1] in "=:" and not text[end + 1 : end + 2].isspace():
        return None
    direct = _DIRECT.search(match["lead"] + match["quote"]) is not None or (
        match["value"].endswith((")", "),", ").")) and text[first - 12 : first].find("(") >= 0
    )
    direct = direct or (match["value"].endswith(",") and text[first - 2 : first] == ", ")
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


def _told_beside_user(text: str, end: int) -> tuple[int, int] | None:
    """Return the span of a value right after the noun, which counts only after a user's name."""
    match = _BESIDE.match(text, end)
    if match is None or not _NAMED_USER.search(text, max(0, end - 80), end - 4):
        return None
    value = _trimmed(match["value"], quoted=False)
    first = match.start("value")
    return (first, first + len(value)) if _told(value, "password", direct=True) else None


_BESIDE = re.compile(r"[ \t]{1,2}(?P<value>[^\s\"'`]{6,100})")
_NAMED_USER = re.compile(
    r"\b(?:user(?:name)?|login|account|benutzer(?:name)?|nutzer|konto|usuario|identifiant|"
    r"utilisateur|compte|cuenta|utente|gebruiker)\b",
    re.IGNORECASE,
)


def _told_before(text: str, start: int, kind: str) -> tuple[int, int] | None:
    if start == 0 or not text[start - 1].isspace():
        return None
    match = _BEFORE.search(text, max(0, start - 110), start)
    if match is None:
        return None
    value = match["value"]
    if not _told(value, kind, direct=True):
        return None
    if value.isalnum() and value[1:].islower() and len(_DIGIT.findall(value)) < _DIGITS_TOLD:
        return None
    return match.span("value")


_LOGIN_ENDS = frozenset({"ass", "gin", " in", "ins", "nto", " on"})


def _told_in_answer(text: str, end: int, kind: str) -> tuple[int, int] | None:
    """Return the span of a value that fills the line after one that asks for it."""
    match = _ANSWERED.match(text, end, end + 320)
    if match is None or text[end - 3 : end].lower() in _LOGIN_ENDS:
        return None
    value = _trimmed(match["value"], quoted=bool(match["quote"]))
    if not _told(value, kind, direct=True):
        return None
    first = match.start("value")
    return first, first + len(value)


_OF_IT = re.compile(
    r"[^\n]{0,50}?\b(?:one|it)(?:'s| is| was| to be| said| says| reads|:)(?: now| just)? ?[\"'`]?(?P<value>[^\s\"'`]{6,100})",
)


def _told_of_it(text: str, end: int, kind: str) -> tuple[int, int] | None:
    """Return the span of a value told of "it" or "the new one" after the noun."""
    match = _OF_IT.match(text, end, end + 160)
    if match is None:
        return None
    value = _trimmed(match["value"], quoted=False)
    first = match.start("value")
    return (first, first + len(value)) if _told(value, kind, direct=False) else None


def _told_with_user(text: str, end: int) -> tuple[int, int] | None:
    return (
        _with_user(_USER.match(text, end, end + 160))
        or _with_user(_USER_APART.match(text, end, end + 160))
        or _with_user(_USER_WORD.match(text, end, end + 160), is_word=True)
    )


def _with_user(match: re.Match[str] | None, *, is_word: bool = False) -> tuple[int, int] | None:
    if match is None or "arn:" in match[0] or "://" in match[0]:
        return None
    value = _trimmed(match["value"], quoted=False)
    direct = bool(match["sep"].strip())
    if not direct and not (any(not c.isalnum() for c in value) or (is_word and is_strong(value))):
        return None
    if not _told(value, "password", direct=direct):
        return None
    if not any(map(str.isdigit, value)) and not is_passphrase(value):
        return None
    first = match.start("value")
    return first, first + len(value)


_NEXT_FIELD = re.compile(r"[,;&](?=[A-Za-z_]{2,20}=)")


def _trimmed(value: str, *, quoted: bool) -> str:
    """Take sentence punctuation off; a `!` stays, people end passwords with it."""
    value = _NEXT_FIELD.split(value, maxsplit=1)[0]
    value = value.rstrip("'") if quoted else value
    if quoted or "(" not in value:
        value = value.rstrip(")>]")
    return value.rstrip(".,;:").removesuffix("'s")


def _told(value: str, kind: str, *, direct: bool) -> bool:
    """Tell whether `value`, in the place where one is told, is one."""
    if len(value) < _SHORTEST or (_LINK.search(value) and not _ENCODED.fullmatch(value)):
        return False
    if is_placeholder(value) or is_code(value) or is_filler(value):
        return False
    if _FIELD.match(value) or is_object_id(value) or _HOST.fullmatch(value):
        return False
    if "." in value and is_ordinary(value) and not (direct and _TITLED.search(value)):
        return False
    if looks_random(value):
        return is_hex(value) or not (value.isidentifier() and wordiness(value) > _WORDY)
    if _KEYWORD.match(value):
        return False
    if kind == "token" and is_uuid(value):
        return direct
    if kind == "token":
        return len(value) >= _SHORTEST_KEY and is_strong(value) and wordiness(value) < _WORDY
    return _is_told_password(value, direct=direct)


def _is_told_password(value: str, *, direct: bool) -> bool:
    if len(value) >= _SHORTEST_SHUFFLED and is_shuffled(_NO_LETTER.sub("", value)):
        return direct or not value.isalpha()
    if direct and (
        is_word_and_number(value)
        or (is_passphrase(value) and ("_" not in value or _JOINED_TITLES.search(value)))
    ):
        return True
    if _TERM.fullmatch(value) or not any(map(str.isdigit, value)):
        return False
    if value.isalnum() and len(value) <= _LONGEST_WORD and not value.isdigit():
        return direct or len(_DIGIT.findall(value)) > _DIGITS_TOLD or is_strong(value)
    if is_ordinary(value) or not looks_chosen(value):
        return False
    traits = (value.lower() != value, value.upper() != value, not value.isalnum())
    return sum(traits) >= _TRAITS


_UNSPACED = re.compile(
    "[^\\n!-~]{0,12}?(?:\u306f|\u662f|\u4e3a|\u70ba|\uff1a|:|\uc740|\ub294|=)"
    "\\s?[\u300c\"'`]?(?P<value>[!-~]{6,100})"
)


def confirm_unspaced(text: str, _start: int, end: int) -> Finding | None:
    """Confirm a value told after a noun of a script that puts no blanks between words."""
    match = _UNSPACED.match(text, end, end + 120)
    if match is None:
        return None
    value = _trimmed(match["value"], quoted=False).rstrip("\"'`")
    if not _told(value, "password", direct=True):
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
        Trigger(rule="secret/prose", expression=_UNSPACED_NOUN, confirm=confirm_unspaced),
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

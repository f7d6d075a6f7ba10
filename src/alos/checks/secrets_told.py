"""Judges what stands where a password or a key is told: is it one?"""

from __future__ import annotations

import re

from alos.checks.secrets_sentences import (
    DOTTED_WORDS,
    ENCODED,
    FIELD,
    HOST,
    JOINED_TITLES,
    KEYWORD,
    LINK,
    TERM,
    TITLED,
    TITLES_AND_NUMBER,
)
from alos.checks.secrets_value import (
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

SHORTEST_KEY = 12
_SHORTEST, _SHORTEST_SHUFFLED, _LONGEST_WORD = 6, 8, 24
_DIGITS_TOLD, _TRAITS, _WORDY = 2, 2, 0.5
_DIGIT = re.compile(r"[0-9]")
_NO_LETTER = re.compile(r"[^A-Za-z0-9]")
_ALGORITHM = re.compile(r"(?i:pbkdf|hmac|bcrypt|scrypt|argon2)|SHA\d|AES\d")
_NEXT_FIELD = re.compile(r"[,;&](?=[A-Za-z_]{2,20}=)")


def trim(value: str, *, quoted: bool) -> str:
    """Take sentence punctuation off; a `!` stays, people end passwords with it."""
    value = _NEXT_FIELD.split(value, maxsplit=1)[0]
    value = value.rstrip("'") if quoted else value
    if quoted or "(" not in value:
        value = value.rstrip(")>]")
    return value.rstrip(".,;:").removesuffix("'s")


def is_told(value: str, kind: str, *, direct: bool) -> bool:
    """Tell whether `value`, in the place where one is told, is one."""
    if len(value) < _SHORTEST or (LINK.search(value) and not ENCODED.fullmatch(value)):
        return False
    if is_placeholder(value) or is_code(value) or is_filler(value):
        return False
    if (
        FIELD.match(value)
        or is_object_id(value)
        or (HOST.fullmatch(value) and not is_dotted_phrase(value))
    ):
        return False
    if "@sha" in value or (value.isalnum() and _ALGORITHM.search(value)):
        return False
    if (
        "." in value
        and is_ordinary(value)
        and not (direct and (TITLED.search(value) or DOTTED_WORDS.fullmatch(value)))
        and not (direct and is_dotted_phrase(value))
    ):
        return False
    if looks_random(value):
        return is_hex(value) or not (value.isidentifier() and wordiness(value) > _WORDY)
    if KEYWORD.match(value):
        return False
    if kind == "token" and is_uuid(value):
        return direct
    if kind == "token":
        return len(value) >= SHORTEST_KEY and is_strong(value) and wordiness(value) < _WORDY
    return _is_told_password(value, direct=direct)


def _is_told_password(value: str, *, direct: bool) -> bool:
    if len(value) >= _SHORTEST_SHUFFLED and is_shuffled(_NO_LETTER.sub("", value)):
        return direct or not value.isalpha()
    if direct and (
        is_word_and_number(value)
        or (is_passphrase(value) and ("_" not in value or JOINED_TITLES.search(value)))
    ):
        return True
    if direct and TITLES_AND_NUMBER.fullmatch(value):
        return True
    if TERM.fullmatch(value.rstrip("?")) or not any(map(str.isdigit, value)):
        return False
    if value.isalnum() and len(value) <= _LONGEST_WORD and not value.isdigit():
        return direct or len(_DIGIT.findall(value)) > _DIGITS_TOLD or is_strong(value)
    if is_ordinary(value) or not looks_chosen(value):
        return False
    traits = (value.lower() != value, value.upper() != value, not value.isalnum())
    return sum(traits) >= _TRAITS


_DOTTED_PHRASE = re.compile(r"[a-z]{3,11}(?:\.[a-z]{3,11}){3,5}\d{0,4}")
_OF_A_HOST = re.compile(
    r"\b(?:com|net|org|edu|gov|info|dev|app|cloud|internal|local|lan|corp|intra|home|svc|cluster|prod|"
    r"stag\w*|test|api|www|mail|smtp|example|host|server|node|east|west|north|south|java|lang|util|"
    r"core|config|data|sql|http)\b"
)


def is_dotted_phrase(value: str) -> bool:
    """Tell whether `value` is four or more plain words joined by dots, and no host or package."""
    return _DOTTED_PHRASE.fullmatch(value) is not None and not _OF_A_HOST.search(value)

"""Decides whether a value under a promising name is a credential or stands for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alos.checks.secrets_value import (
    is_chain,
    is_code,
    is_dense,
    is_filler,
    is_hex,
    is_license,
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

if TYPE_CHECKING:
    from alos.checks.secrets_names import NameKind

_SELF_NAMING = re.compile(
    r"passw|passphrase|secret|token|api[-_]?key|credential|_key|key_|user|auth|config|param|"
    r"value|string|field|input|env|vault|file|name",
    re.IGNORECASE,
)
_SHORTEST, _LONGEST = 5, 400
_PASSWORD_LETTERS, _SECRET_LETTERS, _SHORT_SECRET = 8, 16, 8
_SHORTEST_WEAK = 16  # only what looks random counts under such a name
_WORDY = 0.6


def judge(value: str, kind: NameKind, *, quoted: bool, whole_line: bool) -> float | None:
    """Return the confidence that `value`, under a name of `kind`, is a credential."""
    if not _SHORTEST <= len(value) <= _LONGEST or " " in value.strip() or is_chain(value, 0):
        return None
    if (kind == "weak" and len(value) < _SHORTEST_WEAK) or is_placeholder(value):
        return None
    if kind != "weak" and is_dense(value) and (quoted or whole_line) and "]{" not in value:
        return 0.85
    if is_code(value) or is_filler(value):
        return None
    if is_uuid(value) or is_license(value) or looks_random(value):
        if kind != "weak":
            return 0.9
        return None if is_uuid(value) or is_hex(value) else 0.75
    if is_shuffled(value) and len(value) >= (
        _PASSWORD_LETTERS if kind == "password" else _SECRET_LETTERS
    ):
        return None if kind == "weak" else 0.7
    if kind == "weak":
        return None
    if kind == "password":
        return _judge_password(value, quoted=quoted, whole_line=whole_line)
    return _judge_short_secret(value, quoted=quoted, whole_line=whole_line)


def _judge_password(value: str, *, quoted: bool, whole_line: bool) -> float | None:
    if (quoted or whole_line) and (is_passphrase(value) or is_word_and_number(value)):
        return 0.7
    if is_ordinary(value) or not looks_chosen(value):
        return None
    if _SELF_NAMING.search(value) and not is_strong(value):
        return None
    if value.isidentifier() and not (quoted or whole_line) and not is_strong(value):
        return None
    return 0.8


_HUMAN = re.compile(r"[A-Z][a-z0-9@$]{3,12}[-_@.+]?[0-9]{2,4}[!?#$*]{0,2}")


def _is_human(value: str) -> bool:
    """Tell whether `value` is what people take for a secret: words joined, a word and a year."""
    if "_" not in value and is_passphrase(value):
        return True
    return _HUMAN.fullmatch(value) is not None and not _SELF_NAMING.search(value)


def _judge_short_secret(value: str, *, quoted: bool, whole_line: bool) -> float | None:
    if (quoted or whole_line) and len(value) >= _SHORT_SECRET and _is_human(value):
        return 0.7
    if (
        is_ordinary(value)
        or not (quoted or whole_line)
        or len(value) < _SHORT_SECRET
        or not looks_chosen(value)
    ):
        return None
    if not any(map(str.isdigit, value)) or _SELF_NAMING.search(value):
        return None
    mixed = is_strong(value) and not value.isalnum()
    return 0.7 if mixed or wordiness(value) < _WORDY else None

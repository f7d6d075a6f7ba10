"""Finds bare tokens: random-looking runs with a vendor's name or a secret's noun nearby."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import re2  # type: ignore[import-untyped]  # ships no stubs

from alos.checks.base import Finding, Trigger
from alos.checks.secrets_names import is_no_secret_before, kind_of_name
from alos.checks.secrets_value import (
    is_camel_name,
    is_hex,
    is_object_id,
    is_placeholder,
    is_uuid,
    looks_random,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEAR = 80
_SUREST = 0.8
_RUN = re.compile(r"[A-Za-z0-9_\-+/~=.:]{16,200}", re.ASCII)
_HASH = re.compile(
    r"sha-?\d+|sha\b|md5|commit|checksum|digest|hash|integrity|etag|revision|\brev\b|fingerprint|"
    r"tree|parent|blob|merge|cherry|uuid|guid|trace|span|request[-_ ]?id|\bid\b|_id\b|signature|"
    r"version|build|image|thumbprint|serial|crc|public[-_ ]?key|\bindex\b|rootfs|layer|object|"
    r"correlation|transaction|\btx\b|\border\b|\bblock\b|artifact|nonce|salt|diff|git\b|\bref\b|branch|head\b|pip\b",
)
_FOREIGN_NOUN = (
    r"schl(?:\u00fc|ue)ssel|\bjeton\b|\bcredencial\b|\bllave\b|zugang|\bidentifiants?\b|"
    r"\bcl\u00e9\b|\bclef\b|\bclave\b|\bchiave\b|\bsleutel\b|\bchave\b|\bklucz\b|"
    "\u043a\u043b\u044e\u0447|\u0442\u043e\u043a\u0435\u043d|\u5bc6\u94a5|\u5bc6\u9470|\u30ad\u30fc"
)
_NOUN = re.compile(
    r"api[-_ ]?key|access[-_ ]?key|secret|token|password|passwd|credential|creds|bearer|"
    r"private[-_ ]?key|(?<!public )(?<!public-)\bkeys?\b|\bpwd\b|(?<!public)_key\b|\bauth\b|"
    + _FOREIGN_NOUN,
)
# Matched against the text before the run, read backwards: `name = "`, `<tag>` or `--flag `.
_NAMED = re.compile(
    r"[\"'(]{0,2}[ \t]{0,4}>?[:=][ \t]{0,4}[\"'\])]{0,2}"
    r"(?P<name>[\w.\-]{1,40}(?: [A-Za-z0-9_.\-]{1,20}){0,2})|"
    r">(?P<tag>[A-Za-z_][\w:.-]{0,40})<|[\"']?[ =](?P<flag>[a-z][a-z-]{2,30})--",
)
_WORD = re.compile(r"[a-z0-9][a-z0-9&]+")
_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,17}$|[0-9.+\-eE:/]+$")
_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/")
_FIELD = re.compile(r"[A-Za-z_]{2,40}=(?!=?$)")
_CRYPT = re.compile(r"\$[0-9a-z-]{1,10}\$[^\s\"']{0,60}$")
_FOLDS = frozenset({60, 64, 70, 76})
_HEX_GAP = 40
_SAYS_LITTLE = re.compile(
    r"(?:.* )?(?:one|it|this|that|here|below|now|mine|ours|old|new|body|value|text|data|string|"
    r"discussed|agreed|requested|promised|follows|used|is|you|us|me|them)$",
    re.IGNORECASE,
)
_TAGS = frozenset(
    {
        *("code", "b", "pre", "td", "strong", "tt", "kbd", "samp", "span", "em", "i", "p", "li"),
        *("div", "dd", "font"),
    },
)
_FOLDED_BEFORE = re.compile(r"[a-z0-9+/]{30}(?:\r?\n|\\n)[ \t]*$")
_FOLDED_AFTER = re.compile(r"(?:\r?\n|\\n)[ \t]*[A-Za-z0-9+/]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vendor:
    type: str
    word: str
    shape: re.Pattern[str] | None


_NOUN_HINT = (
    "key|secret|token|passw|credential|creds|bearer|pwd|auth|schl[\u00fcu]|cl\u00e9|clef|clave|chiave|"
    "sleutel|chave|klucz|jeton|credencial|llave|zugang|identifiant|\u043a\u043b\u044e\u0447|\u0442\u043e\u043a\u0435\u043d|\u5bc6\u94a5|\u5bc6\u9470|\u30ad\u30fc"
)
_FOREIGN = re.compile(_FOREIGN_NOUN, re.IGNORECASE)


class Nearby:
    """Confirms bare tokens against the vendors of a rule file."""

    def __init__(self, source: str) -> None:
        """Compile the vendors of a TOML file (see its header)."""
        self._by_start: dict[str, list[_Vendor]] = {}
        words: set[str] = set()
        for name, fields in tomllib.loads(source)["vendor"].items():
            shape = re.compile(fields["shape"]) if "shape" in fields else None
            for word in fields["words"]:
                vendor = _Vendor(
                    type=f"{name}-key".upper().replace("-", "_"), word=word, shape=shape
                )
                self._by_start.setdefault(word[:2], []).append(vendor)
                words.add(word)
        hints = "|".join((_NOUN_HINT, *map(re2.escape, sorted(words))))
        self._hints = re2.compile(f"(?i){hints}")

    def confirm(self, text: str, start: int, end: int) -> Finding | None:
        """Confirm one long run of token characters."""
        first = start if text[start] in _TOKEN else start + 1
        run = _RUN.match(text, first)
        if run is None or _NUMBER.match(run[0]):
            return None
        if not self._hints.search(text[max(0, first - _NEAR) : run.end() + _NEAR]):
            return None
        value = run[0].rstrip(".:=") + "=" * min(2, len(run[0]) - len(run[0].rstrip("=")))
        if not (looks_random(value) or is_uuid(value)):
            return None
        last = max(first + len(value), end)
        before = text[max(0, first - _NEAR) : first].lower()
        type_ = self._type(value, before, text[last : last + _NEAR].lower())
        if (
            type_ is None
            or is_placeholder(value)
            or (type_ == "TOKEN" and _is_thing(value))
            or _is_hash(before, value)
            or _is_part(before, value, text[last : last + 18])
        ):
            return None
        named = _NAMED.match(text[max(0, first - 60) : first][::-1])
        if named is not None:
            name = (named["name"] or named["tag"] or named["flag"])[::-1]
            if name not in _TAGS and not self._may_be_named(name, type_, value):
                return None
        return _found(first, len(value), type_)

    def _may_be_named(self, name: str, type_: str, value: str) -> bool:
        """Tell whether a credential may stand right after `name`; `id`, `sum`, `url` say no."""
        kind, little = kind_of_name(name), _SAYS_LITTLE.match(name) is not None
        if _FOREIGN.search(name):
            kind = "secret"
        if type_ != "TOKEN":
            spoken = " " in name and not is_uuid(value)
            return kind is not None or any(self._vendors(name.lower())) or little or spoken
        return little or (kind == "weak" and not is_hex(value) and not is_uuid(value))

    def _type(self, value: str, before: str, after: str) -> str | None:
        """Name the vendor whose word and shape fit, else `TOKEN` when a noun stands before."""
        noun = _last_noun(before)
        if noun < 0 and is_uuid(value) and not before.endswith((": ", " = ", "=")):
            return None
        for vendor in (*self._vendors(before), *self._vendors(after)):
            if vendor.shape.fullmatch(value) if vendor.shape else not is_hex(value):
                return vendor.type
        gap = before[noun:].lstrip(": \t\n*") if noun >= 0 else "\n\n"
        if is_uuid(value) or "\n\n" in gap or "/" in value.strip("/")[:8]:
            return None
        return None if is_hex(value) and len(gap) > _HEX_GAP else "TOKEN"

    def _vendors(self, around: str) -> Iterator[_Vendor]:
        for match in _WORD.finditer(around):
            for vendor in self._by_start.get(match[0][:2], ()):
                if around.startswith(vendor.word, match.start()):
                    yield vendor


def _is_thing(value: str) -> bool:
    """Tell whether `value`, beside a noun only, names a thing rather than being a secret."""
    return is_object_id(value) or is_camel_name(value) or _FIELD.match(value) is not None


def _last_noun(before: str) -> int:
    """Return where the last secret's noun ends, or -1."""
    return max(
        (
            match.end()
            for match in _NOUN.finditer(before)
            if not is_no_secret_before(_LAST_WORD.search(before, 0, match.start())[1])  # type: ignore[index]
        ),
        default=-1,
    )


_LAST_WORD = re.compile(r"([a-z]*)[-_ ]?$")


def _is_hash(before: str, value: str) -> bool:
    """Tell whether a hash word stands closer before the value than any secret's noun."""
    last = max((match.end() for match in _HASH.finditer(before)), default=-1)
    return last >= 0 and (last > _last_noun(before) or (is_hex(value) and before.endswith(":")))


def _is_part(before: str, value: str, after: str) -> bool:
    """Tell whether the run is part of something larger: a URL, a PEM or a folded base64 block."""
    if _CRYPT.search(before[-72:]):
        return True
    if "://" in before[-40:] or before.endswith((".", "/", "@", "\\", "{", "[")):
        return True
    if any(mark in before for mark in ("begin public", "begin cert", "ssh-", "base64,")):
        return True
    if len(value) not in _FOLDS:
        return False
    return _FOLDED_BEFORE.search(before) is not None or _FOLDED_AFTER.match(after) is not None


def _found(first: int, length: int, type_: str) -> Finding:
    return Finding(
        kind="secret",
        type=type_,
        start=first,
        end=first + length,
        rule="secret/nearby",
        confidence=0.7 if type_ == "TOKEN" else _SUREST,
    )


def nearby_triggers(source: str) -> tuple[Trigger, ...]:
    """Return the trigger of bare tokens, for the vendors of a TOML rule file."""
    return (
        Trigger(
            rule="secret/nearby",
            expression=r"(?:^|[^A-Za-z0-9_\-+/])[A-Za-z0-9_\-+/]{16}",
            confirm=Nearby(source).confirm,
            yields_above=_SUREST,
        ),
    )

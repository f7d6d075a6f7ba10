"""Matches an organisation's own words (customers, code names, terms) in the shared scan."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alos.checks.base import Finding, Pack, Trigger, digest

__all__ = ["Dictionary", "build_dictionary_pack", "fold"]

CODE_VERSION = b"dictionaries/2"
FEWEST_CHARACTERS = 3
CONFIDENCE = 0.9
MOST_LITERALS = 60_000

_JOINTS = re.compile(r"[\s_-]+")
_UNSPACED_FROM = "\u0e00"
"""Thai and all that follow it in Unicode up to Hangul write words without blanks between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """One class of forbidden words.

    Attributes:
        type: The class that its findings carry: `CUSTOMER_DATA`, `UNRELEASED_FINANCIALS`, …
        entries: Words and phrases; case, width and the kind of blank make no difference.
    """

    type: str
    entries: Sequence[str]


def build_dictionary_pack(dictionaries: Iterable[Dictionary]) -> Pack:
    """Build the pack of kind `forbidden`.

    Each spelling of an entry is one literal of the shared scan. A phrase is found with single
    blanks, with one line break in it, and joined by hyphens or underscores; only as whole words.
    Where that makes more than MOST_LITERALS literals the last kinds are left out first, since
    beyond that the automaton no longer fits the caches and takes a minute to compile.

    Raises:
        ValueError: An entry is shorter than three characters (two in CJK scripts), so that it
            would fire on ordinary text.
    """
    chosen = tuple(dictionaries)
    type_by_entry: dict[str, str] = {}
    forms: set[str] = set()
    for dictionary in chosen:
        for entry in dictionary.entries:
            folded = _checked(entry)
            type_by_entry.setdefault(folded, dictionary.type)
            forms |= _cased(entry, folded)
    confirm = _Words(type_by_entry=type_by_entry).confirm
    return Pack(
        name="dictionaries",
        digest=digest(
            CODE_VERSION, *(f"{type_}={entry}".encode() for entry, type_ in type_by_entry.items())
        ),
        triggers=[
            Trigger(
                rule="forbidden/dictionary",
                expression=_in_bytes(spelling),
                confirm=confirm,
                caseless=True,
            )
            for spelling in _spellings(forms)
        ],
    )


def fold(words: str) -> str:
    """Return the form in which entry and text are compared: NFKC, case-folded, single blanks."""
    return _JOINTS.sub(" ", unicodedata.normalize("NFKC", words).casefold()).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Confirms whole words; shared by all triggers of the pack."""

    type_by_entry: Mapping[str, str]

    def confirm(self, text: str, start: int, end: int) -> Finding | None:
        """Look up the class of the words at the hit, unless they are a piece of longer ones."""
        if _continues(text, start - 1, start) or _continues(text, end, end - 1):
            return None
        type_ = self.type_by_entry.get(fold(text[start:end]))
        if type_ is None:
            return None
        return Finding(
            kind="forbidden",
            type=type_,
            start=start,
            end=end,
            rule="forbidden/dictionary",
            confidence=CONFIDENCE,
        )


def _continues(text: str, outside: int, inside: int) -> bool:
    """Say whether the character outside belongs to the same word as the one inside."""
    if not 0 <= outside < len(text) or not 0 <= inside < len(text):
        return False
    if text[inside] >= _UNSPACED_FROM or text[outside] >= _UNSPACED_FROM:
        return False
    return text[outside].isalnum() and text[inside].isalnum()


def _checked(entry: str) -> str:
    folded = fold(entry)
    if len(folded) < FEWEST_CHARACTERS - (folded[:1] >= _UNSPACED_FROM):
        raise ValueError("a dictionary entry needs three characters or more")
    return folded


def _cased(entry: str, folded: str) -> set[str]:
    """Return the forms that matching without regard to ASCII case does not cover by itself."""
    written = _JOINTS.sub(" ", unicodedata.normalize("NFKC", entry)).strip().lower()
    as_it_stands = " ".join(unicodedata.normalize("NFKC", entry).lower().split())
    forms = {folded, written, as_it_stands}  # `sev-1 bridge` has a joint and a blank
    if not written.isascii():
        forms |= {written.upper(), written.title(), unicodedata.normalize("NFD", written)}
    return {form.lower() if form.isascii() else form for form in forms}


def _spellings(forms: Iterable[str]) -> list[str]:
    """Return the literals to search for, as many kinds of them as there is room for."""
    found = set(forms)
    phrases = [form.split(" ") for form in sorted(found) if " " in form]
    wrapped = {
        " ".join(words[:gap]) + "\n" + " ".join(words[gap:])
        for words in phrases
        for gap in range(1, len(words))
    }
    joined = {joint.join(words) for words in phrases for joint in "-_"}
    for kind in (wrapped, joined):
        if len(found) + len(kind) <= MOST_LITERALS:
            found |= kind
    return sorted(found)


def _in_bytes(spelling: str) -> str:
    """Return the spelling as an expression over its UTF-8 bytes."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"\\x{byte:02x}"  # noqa: PLR2004
        for byte in spelling.encode()
    )

"""Guesses names of people and places from lists; off unless asked for, and it decides nothing.

A list knows no sentence and no name that is not in it, so this is a hint for a person who looks
through files, never a boundary: no pack holds it, and no call is read by it. What it finds and
misses is measured by `benchmarks/pii_names.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from alos.domain.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIDENCE = 0.3
"""Below that of every rule that validates what it finds."""

_SECTION = re.compile(r"^\[(\w+)\]$", re.MULTILINE)
_CAPITALISED = (
    r"[A-Z\u00c0-\u00de][a-z\u00df-\u017e]+(?:['\u2019-][A-Z\u00c0-\u00de]?[a-z\u00df-\u017e]+)?"
)
_WORDS = re.compile(
    rf"(?<![\w@./-]){_CAPITALISED}"
    r"(?:[ \u00a0](?:[A-Z]\.[ ])?(?:(?:de|da|von|van|bin|al|la|del)[ ]){0,2}"
    rf"{_CAPITALISED}){{0,3}}(?![\w@]|\.\w)"
)
_WORD = re.compile(_CAPITALISED)
_TITLE = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sir|Madam|Miss|Herrn?|Frau|Mme|Mlle|Monsieur|Madame|Sr|Sra|Signora?)"
    r"\.?|\b(?:Dear|Hi|Hello|Hey|Hallo|Liebe|Lieber|Bonjour|Hola|Ciao))[ ]$"
)
_TITLES = frozenset({"Mr", "Mrs", "Ms", "Dr", "Prof", "Miss", "Herr", "Frau", "Mme", "Sir"})


class Scans(Protocol):
    """What finds something in a text."""

    def scan(self, text: str) -> tuple[Finding, ...]:
        """Return the findings of `text`, sorted by their start."""
        ...


@dataclass(frozen=True, slots=True)
class NamesToo:
    """A scanner's findings, and guessed names and places that overlap none of them."""

    scanner: Scans
    names: Names

    def scan(self, text: str) -> tuple[Finding, ...]:
        """Return both, sorted by their start."""
        found = self.scanner.scan(text)
        covered = bytearray(len(text))
        for one in found:
            covered[one.start : one.end] = b"\x01" * (one.end - one.start)
        guessed = [one for one in self.names.find(text) if 1 not in covered[one.start : one.end]]
        return tuple(sorted((*found, *guessed), key=lambda one: (one.start, one.end, one.kind)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The lists.

    Attributes:
        given: First names.
        family: Family names.
        places: Countries and cities, of one word or several.
    """

    given: frozenset[str]
    family: frozenset[str]
    places: frozenset[str]

    def find(self, text: str) -> Iterator[Finding]:
        """Yield what the lists say of each run of capitalised words."""
        for run in _WORDS.finditer(text):
            words = list(_WORD.finditer(text, run.start(), run.end()))
            titled = _TITLE.search(text, max(0, run.start() - 12), run.start()) is not None
            if words[0][0] in _TITLES:
                words, titled = words[1:], True
            yield from self._read(text, words, titled=titled)

    def _read(self, text: str, words: list[re.Match[str]], *, titled: bool) -> Iterator[Finding]:
        """Yield the place or the person that begins soonest, then what comes behind it."""
        at = 0
        while at < len(words):
            place = self._place(text, words, at)
            if place:
                yield _finding("LOCATION", words[at].start(), words[place - 1].end())
                at = place
                continue
            known = words[at][0] in self.given
            pair = len(words) > at + 1 and words[at + 1][0] in self.family
            if (known and len(words) > at + 1) or (pair and at == 0) or (titled and at == 0):
                yield _finding("PERSON", words[at].start(), words[-1].end())
                return
            at += 1

    def _place(self, text: str, words: list[re.Match[str]], at: int) -> int:
        """Return up to which word the longest place reaches that begins at one; 0 for none."""
        for last in range(min(len(words), at + 3), at, -1):
            if text[words[at].start() : words[last - 1].end()] in self.places:
                return last
        return 0


def load_names() -> Names:
    """Read the lists of the package."""
    source = (resources.files("alos.data") / "rules" / "names.txt").read_text("utf-8")
    parts = _SECTION.split(source)
    lists = {
        name: frozenset(one.strip() for one in part.replace("\n", " ").split(","))
        for name, part in zip(parts[1::2], parts[2::2], strict=True)
    }
    return Names(given=lists["given"], family=lists["family"], places=lists["places"])


def _finding(type_: str, start: int, end: int) -> Finding:
    return Finding(
        kind="pii",
        type=type_,
        start=start,
        end=end,
        rule=f"guess/{type_.lower()}",
        confidence=CONFIDENCE,
    )

"""Reads what surrounds a value: the nearest label, and whether the value is a word by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["NOT_PERSONAL", "Labels", "build_labels", "stands_alone"]

NOT_PERSONAL = "NOT_PERSONAL"
"""The type of labels that say a number is an order, an invoice, a build …: nobody's identity."""

BEFORE_CHARACTERS = 64
AFTER_CHARACTERS = 48
LONGEST_LABEL_WORDS = 4

_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_JOINERS = "-./_:#=@\\+"
_BREAK = re.compile(r"[.!?;]\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """An index from label words to the types that they announce.

    Attributes:
        types_by_label: Words in lower case joined by one blank → types.
        widths: The words that labels begin with → how many words the longest of those has.
        unspaced: Labels of scripts that put no blanks between words, with their types.
    """

    types_by_label: Mapping[str, tuple[str, ...]]
    widths: Mapping[str, int]
    unspaced: tuple[tuple[str, tuple[str, ...]], ...]

    def near(self, text: str, start: int, end: int) -> list[str]:
        """Return the types announced around `text[start:end]`, the nearest label first.

        The same line before the value is asked first, then the same line and sentence after
        it, then the lines of the same paragraph above. Reads a bounded number of characters.
        """
        around = text[max(0, start - BEFORE_CHARACTERS) : end + AFTER_CHARACTERS]
        if around.isascii() and around.lower() == around.upper():
            return []  # no letter far and wide, as in a column of numbers
        window = text[max(0, start - BEFORE_CHARACTERS) : start]
        above, _, line = window.rpartition("\n")
        if found := self._types(line):
            found.reverse()
            return found
        after = text[end : end + AFTER_CHARACTERS].partition("\n")[0]
        if (stop := _BREAK.search(after)) is not None:
            after = after[: stop.start()]
        if found := self._types(after):
            return found
        found = self._types(above.rpartition("\n\n")[2])
        if above.endswith("\n"):  # what a paragraph before says of its own numbers
            found = [type_ for type_ in found if type_ != NOT_PERSONAL]
        found.reverse()
        return found

    def of(self, words: str) -> list[str]:
        """Return the types that a column's or field's name announces, the last one first."""
        found = self._types(words)
        found.reverse()
        return found

    def _types(self, window: str) -> list[str]:
        """Return the types in the order of the labels; a longer label hides those inside it."""
        words = _split(window)
        if not words:
            return []
        found: list[str] = []
        at = 0
        widths = self.widths
        while at < len(words):
            if words[at] in widths:
                for width in range(min(widths[words[at]], len(words) - at), 0, -1):
                    label = words[at] if width == 1 else " ".join(words[at : at + width])
                    types = self.types_by_label.get(label)
                    if types is not None:
                        found.extend(types)
                        at += width - 1
                        break
            at += 1
        if not window.isascii():
            placed = sorted(
                (window.rfind(label), types) for label, types in self.unspaced if label in window
            )
            found.extend(type_ for _, types in placed for type_ in types)
        return found


def build_labels(types_and_labels: Iterable[tuple[str, Iterable[str]]]) -> Labels:
    """Build the index; a label in CJK script matches anywhere, any other as whole words."""
    spaced: dict[str, list[str]] = {}
    unspaced: dict[str, list[str]] = {}
    for type_, labels in types_and_labels:
        for label in labels:
            cjk = any("\u2e80" <= character <= "\ud7ff" for character in label)
            key = label if cjk else " ".join(_WORD.findall(label.lower()))
            types = (unspaced if cjk else spaced).setdefault(key, [])
            if type_ not in types:
                types.append(type_)
    widths: dict[str, int] = {}
    for label in spaced:
        words = label.split(" ")
        widths[words[0]] = min(max(widths.get(words[0], 0), len(words)), LONGEST_LABEL_WORDS)
    return Labels(
        types_by_label={label: tuple(types) for label, types in spaced.items()},
        widths=widths,
        unspaced=tuple((label, tuple(types)) for label, types in unspaced.items()),
    )


def _split(window: str) -> list[str]:
    """Return the words in lower case; `customerSSN` and `tax_id` are two words each."""
    found: list[str] = _WORD.findall(window)
    if window.islower():
        return found
    words: list[str] = []
    for word in found:
        if word.islower():
            words.append(word)
        elif word.istitle() or word.isupper():
            words.append(word.lower())
        else:
            words.extend(_CAMEL.sub(" ", word).lower().split())
    return words


def stands_alone(text: str, start: int, end: int) -> bool:
    """Say whether the span is not a piece of a longer word, number, path, version or decimal.

    `:` and `=` may lead a value (`ssn=…`), `.` and `:` may end it, as in a sentence.
    """
    if start:
        left = text[start - 1]
        if left.isalnum() or left in "_/\\@#$%&~^":
            return False
        if left in "-.+" and start > 1 and not text[start - 2].isspace():
            return False
    if end < len(text):
        right = text[end]
        if right.isalnum() or right in "_@\\%":
            return False
        if right in _JOINERS and end + 1 < len(text) and text[end + 1].isalnum():
            return right in ":=" and not text[end + 1].isdigit()
    return True

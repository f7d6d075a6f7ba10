"""Finds identifiers written in digits: one shape fires, the way of writing selects the rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alos.checks.base import Finding, Trigger
from alos.checks.identifiers import Number
from alos.checks.phones import Phones
from alos.checks.pii_context import NOT_PERSONAL, Labels, stands_alone
from alos.checks.pii_payment import CARD_SHAPES, is_card

__all__ = ["Numbers", "build_numbers"]

LONGEST_RUN = 44
PLAIN_CONFIDENCE = 0.85
LABELLED_CONFIDENCE = 0.95

_RUN = re.compile(r"\d+(?:(?: ?[-/.)] ?| ?\(|[ \u00a0])\d+){0,9}")
_TAIL = re.compile(r"-?[A-Za-z]{1,2}(?![A-Za-z0-9_])")
_PARTS = re.compile(r"(\d+)|(\D+)")
_FEWEST_DIGITS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Confirms runs of digits.

    Attributes:
        plain: Way of writing → rules that need no label.
        labelled: Way of writing → type → rule that counts only beside its label.
        labels: Index of the words that announce types.
        phones: Judge of what may be a telephone number.
    """

    plain: Mapping[str, tuple[Number, ...]]
    labelled: Mapping[str, Mapping[str, Number]]
    labels: Labels
    phones: Phones

    def triggers(self) -> list[Trigger]:
        """Return the trigger: eight places of digits and separators, not inside a word."""
        return [
            Trigger(
                rule="pii/number",
                expression=r"(?:^|[^0-9A-Za-z_.\-/+])[0-9][0-9 .\-/()\xc2\xa0]{6}"
                r"(?:[0-9]|[ .\-/()][0-9])",
                confirm=self.confirm,
            )
        ]

    def confirm(self, text: str, start: int, end: int) -> Finding | None:
        """Judge the run of digits that begins at the trigger."""
        del end
        first = start if text[start].isdigit() else start + 1
        run = _RUN.match(text, first, first + LONGEST_RUN)
        if run is None:
            return None
        labels: list[str] | None = None
        for stop, shape in _readings(text, first, run.end()):
            plain, labelled = self.plain.get(shape, ()), self.labelled.get(shape)
            if not plain and not labelled:
                continue
            if not stands_alone(text, first, stop):
                continue
            if labels is None:
                labels = self.labels.near(text, first, run.end())
            found = self._identifier(
                text, first, stop, plain=plain, labelled=labelled, near=labels
            )
            if found is not None:
                return found
        return self._phone(text, first, run, labels)

    def _identifier(
        self,
        text: str,
        first: int,
        stop: int,
        *,
        plain: tuple[Number, ...],
        labelled: Mapping[str, Number] | None,
        near: list[str],
    ) -> Finding | None:
        written = text[first:stop]
        value = "".join(filter(str.isalnum, written))
        for type_ in near:
            if type_ == NOT_PERSONAL:
                return None
            rule = labelled.get(type_) if labelled else None
            if rule is not None and _passes(rule, written, value):
                return _finding(type_, first, stop, LABELLED_CONFIDENCE)
        for rule in plain:
            if _passes(rule, written, value):
                return _finding(rule.type, first, stop, PLAIN_CONFIDENCE)
        return None

    def _phone(
        self, text: str, first: int, run: re.Match[str], labels: list[str] | None
    ) -> Finding | None:
        stop = run.end()
        if labels is None:
            digits = sum(map(str.isdigit, run.group()))
            if digits < _FEWEST_DIGITS:
                return None
            labels = self.labels.near(text, first, stop)
        left = first - 1 if first and text[first - 1] == "(" else first
        if not stands_alone(text, left, stop) and text[stop : stop + 1] not in {"x", "X"}:
            return None
        return self.phones.judge(text, first, stop, labels=labels)


def build_numbers(rules: Iterable[Number], *, labels: Labels, phones: Phones) -> Numbers:
    """Index the rules by their ways of writing; payment cards are one of them."""
    card = Number(
        type="CREDIT_CARD", check=is_card, plain=frozenset(CARD_SHAPES), labelled=frozenset()
    )
    plain: dict[str, tuple[Number, ...]] = {}
    labelled: dict[str, dict[str, Number]] = {}
    for rule in (card, *rules):
        for shape in rule.plain:
            plain[shape] = (*plain.get(shape, ()), rule)
        for shape in rule.labelled | rule.plain:
            labelled.setdefault(shape, {})[rule.type] = rule
    return Numbers(plain=plain, labelled=labelled, labels=labels, phones=phones)


def _readings(text: str, first: int, stop: int) -> Iterator[tuple[int, str]]:
    """Yield the ends and ways of writing that the run may have, the longest first.

    A run may go on past the value ("… 6789 12 times"), so each of its groups may be the last.
    """
    shape = ""
    readings: list[tuple[int, str]] = []
    for part in _PARTS.finditer(text, first, stop):
        if part[1] is None:
            shape += " " if part[2] == "\u00a0" else part[2]
            continue
        shape += str(part.end() - part.start())
        readings.append((part.end(), shape))
    tail = _TAIL.match(text, stop, stop + 4)
    if tail is not None:
        letters = "-" * tail.group().startswith("-") + "L" * len(tail.group().lstrip("-"))
        readings.append((tail.end(), shape + letters))
    readings.reverse()
    yield from readings


def _passes(rule: Number, written: str, value: str) -> bool:
    return rule.check(written if rule.keep_separators else value)


def _finding(type_: str, start: int, end: int, confidence: float) -> Finding:
    return Finding(
        kind="pii",
        type=type_,
        start=start,
        end=end,
        rule=f"pii/{type_.lower()}",
        confidence=confidence,
    )

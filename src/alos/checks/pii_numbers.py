"""Finds identifiers written in digits: one shape fires, the way of writing selects the rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from alos.checks.base import Finding, Trigger
from alos.checks.identifiers import Number
from alos.checks.phones import Phones
from alos.checks.pii_context import NOT_PERSONAL, Labels, stands_alone
from alos.checks.pii_payment import CARD_SHAPES, is_card, is_labelled_card

__all__ = ["Numbers", "build_numbers"]

LONGEST_RUN = 44
MOST_JUDGED = 640
"""Runs of digits in one text that are judged; a log of 20 KB has about as many."""

PLAIN_CONFIDENCE = 0.85
LABELLED_CONFIDENCE = 0.95

YIELDS_ABOVE = 0.79
"""Digits inside a finding surer than this are not judged again; only bare ones are less sure."""

_JOINT = r"(?: ?[-/.)] ?|\)[-./]| ?\(|[ \u00a0])"
_GROUP = re.compile(rf"(\d+)({_JOINT}(?=\d))?")
_RUN = re.compile(rf"\d+(?:{_JOINT}\d+)*")
_EIGHT_GROUPS = re.compile(rf"\d+(?:{_JOINT}\d+){{0,7}}")
_UNWRITTEN = str.maketrans("", "", " -./()\u00a0")
_MASK = str.maketrans("123456789", "000000000")
"""All digits are one, so that what can be told of a run by its form alone is told once."""
_TAIL = re.compile(r"(?:-|[ ](?=[A-Z](?!\w)))?[A-Za-z]{1,2}(?![A-Za-z0-9_])")


_DATE = re.compile(r"\D?(?:19|20)\d\d[-/.](?:0[1-9]|1[0-2])[-/.](?:0[1-9]|[12]\d|3[01])(?!\d)")


def is_no_date(text: str, start: int, _end: int) -> bool:
    """Say whether the digits at `start` are no date of a log's line, which is judged cheaply."""
    return _DATE.match(text, start) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the form of a run of digits, whichever they are, says about it.

    Attributes:
        readings: Where the number may end, counted from its beginning, and how it is written
            then; the longest first.
        shape: How the whole run is written; empty where no known way begins so.
        length: Characters of the whole run.
        phone_length: Characters of it that may be a telephone number; 0 for none.
    """

    readings: tuple[tuple[int, str], ...]
    shape: str
    length: int
    phone_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Confirms runs of digits.

    Attributes:
        plain: Way of writing → rules that need no label.
        labelled: Way of writing → type → rule that counts only beside its label.
        shapes: The ways of writing of either.
        form: Reads a run all of whose digits were made 0; remembers what it said.
        labels: Index of the words that announce types.
        phones: Judge of what may be a telephone number.
    """

    plain: Mapping[str, tuple[Number, ...]]
    labelled: Mapping[str, Mapping[str, Number]]
    shapes: frozenset[str]
    form: Callable[[str], Form]
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
                is_worth_counting=is_no_date,
                most=MOST_JUDGED,
                dense_type="DENSE_NUMBERS",
                yields_above=YIELDS_ABOVE,
            )
        ]

    def confirm(self, text: str, start: int, end: int) -> Finding | None:
        """Judge the run of digits that begins at the trigger."""
        del end
        first = start if text[start].isdigit() else start + 1
        run = _RUN.match(text, first, first + LONGEST_RUN)
        if run is None:
            return None
        form = self.form(run[0].translate(_MASK))
        labels: list[str] | None = None
        for length, shape in self._readings(text, run.end(), form):
            stop = first + length
            if not stands_alone(text, first, stop):
                continue
            if labels is None:
                labels = self.labels.near(text, first, stop)
            found = self.identify(text, first, stop, shape=shape, near=labels)
            if found is not None:
                return found
        if not form.phone_length:
            return None
        return self._phone(text, first, first + form.phone_length, labels)

    def _readings(self, text: str, stop: int, form: Form) -> Sequence[tuple[int, str]]:
        """Return how the run may be read, also with the letters behind its last group."""
        following = text[stop : stop + 1]
        if not form.shape or not (following.isalpha() or following in {"-", " "}):
            return form.readings
        tail = _TAIL.match(text, stop, stop + 4)
        if tail is None:
            return form.readings
        written = tail.group()
        letters = written.lstrip("- ")
        shape = form.shape + written[: len(written) - len(letters)] + "L" * len(letters)
        if shape not in self.shapes:
            return form.readings
        return [(form.length + len(written), shape), *form.readings]

    def identify(
        self, text: str, first: int, stop: int, *, shape: str, near: list[str]
    ) -> Finding | None:
        """Return the finding of the nearest label whose rule passes, else of a plain rule."""
        written = text[first:stop]
        value = written.translate(_UNWRITTEN)
        if near:
            labelled = self.labelled.get(shape, {})
            for type_ in dict.fromkeys(near):
                if type_ == NOT_PERSONAL:
                    return None
                rule = labelled.get(type_)
                if rule is not None and _passes(rule, written, value):
                    return _finding(type_, first, stop, LABELLED_CONFIDENCE)
        for rule in self.plain.get(shape, ()):
            if _passes(rule, written, value):
                return _finding(rule.type, first, stop, PLAIN_CONFIDENCE)
        return None

    def _phone(self, text: str, first: int, stop: int, labels: list[str] | None) -> Finding | None:
        left = first - 1 if first and text[first - 1] == "(" else first
        if not stands_alone(text, left, stop) and text[stop : stop + 1] not in {"x", "X"}:
            return None
        if labels is None:
            labels = self.labels.near(text, first, stop)
        return self.phones.judge(text, first, stop, labels=labels)


def build_numbers(rules: Iterable[Number], *, labels: Labels, phones: Phones) -> Numbers:
    """Index the rules by their ways of writing; payment cards are one of them."""
    card = Number(
        type="CREDIT_CARD", check=is_card, plain=frozenset(CARD_SHAPES), labelled=frozenset()
    )
    plain: dict[str, tuple[Number, ...]] = {}
    labelled: dict[str, dict[str, Number]] = {}
    labelled_card = Number(
        type="CREDIT_CARD",
        check=is_labelled_card,
        plain=frozenset(),
        labelled=frozenset((*CARD_SHAPES, "12")),
    )
    for rule in (card, labelled_card, *rules):
        for shape in rule.plain:
            plain[shape] = (*plain.get(shape, ()), rule)
        for shape in rule.labelled | rule.plain:
            labelled.setdefault(shape, {})[rule.type] = rule
    shapes = frozenset(plain) | frozenset(labelled)
    beginnings = frozenset(shape[:end] for shape in shapes for end in range(1, len(shape) + 1))
    return Numbers(
        plain=plain,
        labelled=labelled,
        shapes=shapes,
        form=lru_cache(maxsize=4096)(partial(_form, shapes, beginnings, phones)),
        labels=labels,
        phones=phones,
    )


def _form(shapes: frozenset[str], beginnings: frozenset[str], phones: Phones, mask: str) -> Form:
    """Read a run whose digits were all made 0.

    A run may go on past the value ("… 6789 12 times"), so each of its groups may be the last; it
    ends for good where no known way of writing begins like it.
    """
    readings: list[tuple[int, str]] = []
    shape = ""
    at = 0
    whole = False
    while (group := _GROUP.match(mask, at)) is not None:
        shape += str(group.end(1) - at)
        if shape not in beginnings:
            break
        if shape in shapes:
            readings.append((group.end(1), shape))
        if group[2] is None:
            whole = True
            break
        shape += " " if group[2] == "\u00a0" else group[2]
        at = group.end()
    readings.reverse()
    run = _EIGHT_GROUPS.match(mask)
    return Form(
        readings=tuple(readings),
        shape=shape if whole else "",
        length=len(mask),
        phone_length=run.end() if run is not None and phones.is_plausible(run[0]) else 0,
    )


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

"""Reads tables: a column's name announces its cells, however far below it they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from alos.checks.base import Finding, Sweep
from alos.checks.density import COLUMN, FAR_CHARACTERS, GAP_CHARACTERS, UNJUDGED
from alos.checks.pii_context import NOT_PERSONAL, Labels
from alos.checks.pii_fields import exact_type
from alos.checks.pii_numbers import Numbers

__all__ = ["Columns"]

LONGEST_HEADER = 2000
MOST_HEADERS = 64
"""After so many lines that name columns, cells with digits are taken unjudged."""

_DELIMITERS = ("\t", "|", ";", ",")
_CELL = {
    mark: re.compile(
        rf" *\"[^\"\n]*\" *| *'[^'\n]*' *|[^{re.escape(mark)}\n]+|(?<={re.escape(mark)})"
    )
    for mark in _DELIMITERS
}
_TUPLE = re.compile(r"\s*,?\s*\(([^()]{1,4000})\)")
_VALUES = re.compile(r"[`\"]?\)\s*VALUES\b", re.IGNORECASE)
_RULE_LINE = re.compile(r"[-|:= \t+]+\Z")
_DIGITS = re.compile(r"\d+")
_ANY = "DENSE_NUMBERS"
_QUOTES = " \t\"'`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Confirms the cells of labelled columns in CSV, TSV, Markdown tables and SQL inserts.

    Attributes:
        labels: Index of the words that announce types, field names included.
        numbers: Judge of identifiers in digits.
        values: What the cells of other types look like.
    """

    labels: Labels
    numbers: Numbers
    values: Mapping[str, re.Pattern[str]]

    def sweeps(self) -> list[Sweep]:
        """Return the sweep, fired by a column name beside a delimiter."""
        return [
            Sweep(
                rule="pii/columns",
                expression=r"(?:ssn|social_security(?:_number)?|nhs(?:_number)?|phone(?:_number)?"
                r"|mobile|telephone|tel|bsn|pesel|aadhaar|tfn|sin|medicare|cpf|dni|nif|cuit|itin"
                r"|tax_id|national_id|steuer_id|personnummer|cpr|mrn|dob"
                r"|passport(?:[ _]number|[ _]no)?"
                r"|birth_?date|date[_ ]of[_ ]birth|member_id|policy_number|account(?:_number|_no)"
                r"|(?:insurance|security|tax|record|tax_file|my)[ _]number|identifikationsnummer"
                r"|registernummer|servicenummer|kimlik(?:_no)?|national_number|medical_record_no"
                r"|routing(?:_number)?|licen[sc]e(?:[ _]number)?|telefon|insee|nir)"
                r"(?:[\"'`,;|\t\r\n)]| \|)",
                sweep=self.sweep,
                width=48,
                caseless=True,
            )
        ]

    def sweep(self, text: str, start: int) -> Iterator[Finding]:
        """Yield the cells that are what their column's name says."""
        begin = text.rfind("\n", max(0, start - LONGEST_HEADER), start + 1) + 1
        yield from self._tables(text, begin)
        for values in _VALUES.finditer(text, begin):
            yield from self._inserts(text, begin, values)

    def _tables(self, text: str, begin: int) -> Iterator[Finding]:
        """Walk the lines; a line of labels opens a table, one of another width closes it."""
        mark, width, headers = "", 0, 0
        types: dict[int, list[str]] = {}
        at = begin
        while at < len(text):
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            header = self._header(text, at, min(stop, at + LONGEST_HEADER))
            if header[0] and header[2]:
                mark, width, types = header
                headers += 1
                if headers == MOST_HEADERS:
                    yield from _stretches(_CELL[mark].finditer(text, stop))
                    return
            elif mark and text.count(mark, at, stop) >= width:
                if not _RULE_LINE.match(text, at, stop):
                    yield from self._row(text, _CELL[mark].finditer(text, at, stop), types)
            else:
                mark = ""
            at = stop + 1

    def _header(self, text: str, at: int, stop: int) -> tuple[str, int, dict[int, list[str]]]:
        """Return the delimiter, how often it stands, and the announced types by column."""
        if _DIGITS.search(text, at, stop):
            return "", 0, {}
        for mark in _DELIMITERS:
            width = text.count(mark, at, stop)
            if width:
                return mark, width, self._types(_CELL[mark].finditer(text, at, stop))
        return "", 0, {}

    def _types(self, cells: Iterable[re.Match[str]]) -> dict[int, list[str]]:
        announced = ((index, self.labels.of(cell.group())) for index, cell in enumerate(cells))
        return {index: types for index, types in announced if types and types[0] != NOT_PERSONAL}

    def _inserts(self, text: str, begin: int, values: re.Match[str]) -> Iterator[Finding]:
        """Read the tuples behind VALUES by the list of columns before it."""
        head = text.rfind("(", max(begin, values.start() - LONGEST_HEADER), values.start())
        if head < 0:
            return
        types = self._types(_CELL[","].finditer(text, head + 1, values.start()))
        row = _TUPLE.match(text, values.end())
        while types and row is not None:
            yield from self._row(text, _CELL[","].finditer(text, row.start(1), row.end(1)), types)
            row = _TUPLE.match(text, row.end())

    def _row(
        self, text: str, cells: Iterable[re.Match[str]], types: Mapping[int, list[str]]
    ) -> Iterator[Finding]:
        for index, cell in enumerate(cells):
            if index in types:
                if cell.start() > FAR_CHARACTERS:
                    span = _with_digits(cell)
                    found = _finding(types[index][0], *span) if span else None
                else:
                    found = self._cell(text, cell, types[index])
                if found is not None:
                    yield found

    def _cell(self, text: str, cell: re.Match[str], types: list[str]) -> Finding | None:
        written = cell.group()
        first = cell.start() + len(written) - len(written.lstrip(_QUOTES))
        stop = cell.start() + len(written.rstrip(_QUOTES))
        if stop - first > 40 or stop - first < 5:  # noqa: PLR2004 - no identifier is that long
            return None
        value = text[first:stop]
        if not value[:1].isdigit() and not value[:1].isalpha() and value[:1] not in "(+":
            return None
        shape = _DIGITS.sub(lambda group: str(len(group.group())), value)
        found = self.numbers.identify(text, first, stop, shape=shape, near=types)
        if found is not None:
            return found
        for type_ in types:
            pattern = self.values.get(type_)
            if pattern is not None and pattern.fullmatch(value):
                return _finding(exact_type(type_, value), first, stop)
        if "PHONE_NUMBER" in types and self.numbers.phones.is_plausible(value):
            return self.numbers.phones.judge(text, first, stop, labels=types)
        return None


def _with_digits(cell: re.Match[str]) -> tuple[int, int] | None:
    """Return the span of what a cell holds, if it has five digits."""
    written = cell[0]
    if len(written) > 40 or not _FIVE_DIGITS.match(written):  # noqa: PLR2004 - as for judged ones
        return None
    value = written.lstrip(_QUOTES)
    first = cell.end() - len(value)
    return first, first + len(value.rstrip(_QUOTES))


def _stretches(cells: Iterable[re.Match[str]]) -> Iterator[Finding]:
    """Yield the stretches of cells with digits, taken unjudged."""
    first = last = -1
    for start, end in filter(None, map(_with_digits, cells)):
        if first >= 0 and start > last + GAP_CHARACTERS:
            yield replace(_finding(_ANY, first, last), confidence=UNJUDGED)
            first = start
        first, last = (start if first < 0 else first), end
    if first >= 0:
        yield replace(_finding(_ANY, first, last), confidence=UNJUDGED)


_FIVE_DIGITS = re.compile(r"(?:\D*\d){5}")


def _finding(type_: str, start: int, end: int) -> Finding:
    return Finding(
        kind="pii",
        type=type_,
        start=start,
        end=end,
        rule=f"pii/{type_.lower()}",
        confidence=COLUMN,
    )

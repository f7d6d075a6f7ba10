"""Finds identifiers that mix letters and digits: a few shared triggers, one pattern for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alos.checks.base import Finding, Trigger
from alos.checks.identifiers import Code
from alos.checks.pii_context import NOT_PERSONAL, Labels, stands_alone

__all__ = ["code_triggers"]

PLAIN_CONFIDENCE = 0.85
LABELLED_CONFIDENCE = 0.95
LONGEST_CODE = 28
LONGEST_LEAD = 6

GROUPS: Mapping[str, str] = {
    "letters": r"[A-Z]{4}[0-9]{2}",
    "letter": r"[A-Z][0-9]{6}",
    "spaced": r"[A-Z] [0-9]{2} [0-9]{2} [0-9]{2}",
    "dashed": r"[XYZ][\- ][0-9]{7}",
    "century": r"[01][0-9]{3}A[0-9]{3}",
}
"""Triggers by group. One for each code costs the scan three times as much as these five."""

_LEAD = re.compile(r"[A-Z0-9]{0,6}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The codes that one trigger fires on."""

    codes: tuple[tuple[Code, re.Pattern[str]], ...]
    labels: Labels

    def confirm(self, text: str, start: int, end: int) -> Finding | None:
        """Try each code of the group at the beginning of the word under the trigger."""
        del end
        lead = _LEAD.search(text[max(0, start - LONGEST_LEAD) : start])
        first = start if lead is None else start - len(lead.group())
        for code, pattern in self.codes:
            value = pattern.match(text, first, first + LONGEST_CODE)
            if value is None or not stands_alone(text, first, value.end()):
                continue
            found = self._judge(code, text, first, value.end())
            if found is not None:
                return found
        return None

    def _judge(self, code: Code, text: str, start: int, end: int) -> Finding | None:
        written = text[start:end]
        compact = "".join(filter(str.isalnum, written))
        near = self.labels.near(text, start, end)
        excused = code.labelled_needs_no_check and code.type in near
        if not excused and not code.check(written if code.keep_separators else compact):
            return None
        if code.type in near:
            confidence = LABELLED_CONFIDENCE
        elif code.needs_label or NOT_PERSONAL in near[:1]:
            return None
        else:
            confidence = PLAIN_CONFIDENCE
        return Finding(
            kind="pii",
            type=code.type,
            start=start,
            end=end,
            rule=f"pii/{code.type.lower()}",
            confidence=confidence,
        )


def code_triggers(codes: Iterable[Code], *, labels: Labels) -> list[Trigger]:
    """Return the trigger of each group that has codes.

    Raises:
        KeyError: A code names a group that does not exist.
    """
    grouped: dict[str, list[tuple[Code, re.Pattern[str]]]] = {}
    for code in codes:
        for group in code.groups:
            grouped.setdefault(group, []).append((code, re.compile(code.pattern)))
    return [
        Trigger(
            rule=f"pii/code_{group}",
            expression=GROUPS[group],
            confirm=_Group(codes=tuple(members), labels=labels).confirm,
            most=640,
            dense_type="DENSE_CODES",
        )
        for group, members in grouped.items()
    ]

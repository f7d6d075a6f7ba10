"""Bounds the work on texts that are dense with hits of one trigger.

Judging a hit costs up to a hundred microseconds, so a text that consists of nothing else would
take a tenth of a second. A trigger may therefore say how many hits of one text it judges. Beyond
that its hits are taken as they stand: a stretch of them is one finding of the trigger's dense
type. That errs on the side of more findings; nothing is left unread.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from alos.domain.finding import Finding, FindingKind

if TYPE_CHECKING:
    from alos.checks.base import Trigger

GAP_CHARACTERS = 32
"""Unjudged hits no further apart than this make one finding."""

ENOUGH_FOUND = 128
"""After so many findings of one trigger in a text, its further hits need no judgement either."""

UNJUDGED = 0.45
"""The confidence of what was taken unjudged; no rule gives this one."""

FAR_CHARACTERS = 4000
"""From here on a text with tables costs less: what a column's name says of a cell is enough."""

COLUMN = 0.75
"""The confidence of what a column's name says of its cells; no other rule gives this one."""

_REACH = 256
_REACH_BACK = 64  # the longest local part of an address


class Budget:
    """Counts the hits of each trigger in one text.

    Attributes:
        covered: Up to where a trigger's last stretch reaches; hits that end there add nothing.
    """

    __slots__ = ("_found", "_judged", "_stretches", "covered")

    def __init__(self) -> None:
        self.covered: dict[int, int] = {}
        self._judged: dict[int, int] = {}
        self._found: dict[int, int] = {}
        self._stretches: dict[int, list[list[int]]] = {}

    def is_spent(self, index: int, trigger: Trigger, text: str, start: int, end: int) -> bool:
        """Count a hit; tell whether it must be taken unjudged."""
        counts = trigger.is_worth_counting
        if counts is not None and not counts(text, start, end):
            return False
        judged = self._judged.get(index, 0)
        most = trigger.most if trigger.most is not None else judged + 1
        if judged >= most or self._found.get(index, 0) >= ENOUGH_FOUND:
            return True
        self._judged[index] = judged + 1
        return False

    def add_found(self, index: int) -> None:
        """Count a finding."""
        self._found[index] = self._found.get(index, 0) + 1

    def take(self, index: int, text: str, start: int, end: int) -> None:
        """Take a hit unjudged, with the whole word or number that it stands in."""
        stretches = self._stretches.setdefault(index, [])
        if stretches and start <= stretches[-1][1] + GAP_CHARACTERS:
            stretches[-1][1] = self.covered[index] = _end_of_run(text, end)
            return
        last = self.covered[index] = _end_of_run(text, end)
        first = _start_of_run(text, start)
        if stretches and first <= stretches[-1][1] + GAP_CHARACTERS:
            stretches[-1][1] = last
        else:
            stretches.append([first, last])

    def findings(self, targets: tuple[object, ...]) -> list[Finding]:
        """Return what was taken unjudged."""
        found: list[Finding] = []
        for index, stretches in self._stretches.items():
            trigger = cast("Trigger", targets[index])
            kind = cast("FindingKind", trigger.rule.partition("/")[0])
            found.extend(
                Finding(
                    kind=kind,
                    type=trigger.dense_type,
                    start=first,
                    end=last,
                    rule=trigger.rule,
                    confidence=UNJUDGED,
                )
                for first, last in stretches
            )
        return found


_RUN_ON = re.compile(r"(?:[\w\-.@+/]|[ \u00a0](?=\d))*")
_RUN_BACK = re.compile(r"[\w.+&'#$*!?^~/-]*")


def _end_of_run(text: str, end: int) -> int:
    """Return where the run of letters, digits and groups of digits at `end` stops."""
    run = _RUN_ON.match(text, end, end + _REACH)
    return run.end() if run else end


def _start_of_run(text: str, start: int) -> int:
    """Return where the word that runs into `start` begins: a local part before its `@`."""
    run = _RUN_BACK.match(text[max(0, start - _REACH_BACK) : start][::-1])
    return start - run.end() if run else start

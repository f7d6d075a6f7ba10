"""Bounds the work on texts that are dense with hits of one trigger.

Judging a hit costs up to a hundred microseconds, so a text that consists of nothing else would
take a tenth of a second. A trigger may therefore say how many hits of one text it judges. Beyond
that its hits are taken as they stand: a stretch of them is one finding of the trigger's dense
type. That errs on the side of more findings; nothing is left unread.
"""

from __future__ import annotations

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

_REACH = 48


class Budget:
    """Counts the hits of each trigger in one text."""

    __slots__ = ("_found", "_judged", "_stretches")

    def __init__(self) -> None:
        self._judged: dict[int, int] = {}
        self._found: dict[int, int] = {}
        self._stretches: dict[int, list[list[int]]] = {}

    def is_spent(self, index: int, trigger: Trigger, text: str, start: int, end: int) -> bool:
        """Count a hit; tell whether it must be taken unjudged."""
        if trigger.most is None:
            return False
        counts = trigger.is_worth_counting
        if counts is not None and not counts(text, start, end):
            return False
        judged = self._judged.get(index, 0)
        if judged >= trigger.most or self._found.get(index, 0) >= ENOUGH_FOUND:
            return True
        self._judged[index] = judged + 1
        return False

    def add_found(self, index: int) -> None:
        """Count a finding."""
        self._found[index] = self._found.get(index, 0) + 1

    def take(self, index: int, text: str, start: int, end: int) -> None:
        """Take a hit unjudged, with the rest of the word or number that it begins."""
        stretches = self._stretches.setdefault(index, [])
        if stretches and start <= stretches[-1][1] + GAP_CHARACTERS:
            stretches[-1][1] = max(stretches[-1][1], _end_of_run(text, end))
        else:
            stretches.append([start, _end_of_run(text, end)])

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


def _end_of_run(text: str, end: int) -> int:
    """Return where the run of letters, digits and groups of digits at `end` stops."""
    last = min(len(text), end + _REACH)
    while end < last and (
        text[end].isalnum()
        or text[end] in "-_.@+/"
        or (text[end] in " \u00a0" and text[end + 1 : end + 2].isdigit())
    ):
        end += 1
    return end

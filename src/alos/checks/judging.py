"""Judges the hits of one text, each where it must be and no more often than that."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, cast

from alos.checks.density import COLUMN, FAR_CHARACTERS, UNJUDGED, Budget

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alos.checks.base import Need, Trigger
    from alos.domain.finding import Finding

Hit = tuple[int, int, int]
"""Where a target matched: its end, its start (0 for what is reported once), its number."""


class Judging:
    """The hits of triggers in one text, and what was found there.

    Attributes:
        found: The findings so far; others than triggers add theirs.
    """

    __slots__ = ("_ahead", "_budget", "_enough", "_late", "_settled", "_targets", "_text", "found")

    def __init__(self, targets: tuple[object, ...], text: str, enough: int | None) -> None:
        """Begin with a text.

        Args:
            targets: What the hits are of, by their number.
            text: What was read.
            enough: How many credentials are enough; None for all.
        """
        self.found: list[Finding] = []
        self._targets = targets
        self._text = text
        self._enough = enough
        self._budget = Budget()
        self._settled: dict[int, int] = {}  # up to where the last finding of a trigger reaches
        self._ahead: dict[Need, tuple[int, int, int]] = {}
        self._late: list[Hit] = []

    def add(self, hits: Iterable[Hit]) -> bool:
        """Judge hits of triggers, at once or with the late ones; say whether that is enough."""
        targets, settled, covered = self._targets, self._settled, self._budget.covered
        judge, late = self._judge, self._late.append
        for hit in hits:
            end, start, index = hit
            if start < settled.get(index, 0) or end <= covered.get(index, 0):
                continue
            trigger = cast("Trigger", targets[index])
            if trigger.needs and not self._has_near(trigger.needs, hit):
                continue
            if trigger.yields_above < 1:
                late(hit)
            elif judge(trigger, hit) and self.is_enough():
                return True
        return False

    def is_enough(self) -> bool:
        """Tell whether the last finding was the last credential that was asked for."""
        return are_enough(self.found, self._enough)

    def finish(self) -> list[Finding]:
        """Judge the late hits, add what was taken unjudged, and return all findings."""
        if self._late:
            self._judge_late()
        if not self.is_enough():
            self.found.extend(self._budget.findings(self._targets))
        return self.found

    def _judge(self, trigger: Trigger, hit: Hit) -> bool:
        """Confirm one hit, or take it unjudged where the trigger has hit too often.

        Returns:
            Whether that made a finding.
        """
        end, start, index = hit
        text = self._text
        if trigger.most is not None and self._budget.is_spent(index, trigger, text, start, end):
            self._budget.take(index, text, start, end)
            return False
        finding = trigger.confirm(text, start, end)
        if finding is None:
            return False
        self._budget.add_found(index)
        self._settled[index] = finding.end
        self.found.append(finding)
        return True

    def _judge_late(self) -> None:
        """Judge the hits that lie in no surer finding of the same kind.

        Nor in what was taken unjudged, or read off a far column: that is found already.
        """
        known = [*self.found, *self._budget.findings(self._targets)]
        known.sort(key=lambda one: one.start)
        taken = [one for one in known if _is_taken(one)]
        sure = [one for one in known if not _is_taken(one)]
        taken_from = [one.start for one in taken]
        sure_from = [one.start for one in sure]
        covered, settled = self._budget.covered, self._settled
        for hit in self._late:
            end, start, index = hit
            if start < settled.get(index, 0) or end <= covered.get(index, 0):
                continue
            trigger = cast("Trigger", self._targets[index])
            if taken and _lies_in(trigger, end, taken, bisect_right(taken_from, start + 1), 0.0):
                continue
            at = bisect_left(sure_from, end)
            if at and _lies_in(trigger, end, sure, at, trigger.yields_above):
                continue
            if self._judge(trigger, hit) and self.is_enough():
                return

    def _has_near(self, needs: Sequence[Need], hit: Hit) -> bool:
        """Tell whether all that a trigger needs begins in reach of its hit.

        What was seen is remembered, so that all hits that need it cost one walk over the text:
        from `since` on nothing begins before `at`; there something does, or, where that is
        `until`, nobody has looked further. A hit that reaches back before `since` is let through.
        """
        end, start, _ = hit
        for need in needs:
            first = max(0, start - need.before) if need.before else end
            limit = end + need.after
            since, at, until = self._ahead.get(need, (0, 0, 0))
            if first < since:
                continue
            if at < first:
                since = at = until = first
            if at == until <= limit:
                until = limit + 1 + at - since  # the longer in vain, the further at once
                match = need.pattern.search(self._text, at, until + need.width)
                at = min(match.start(), until) if match else until
                self._ahead[need] = (since, at, until)
            if at > limit:
                return False
        return True


def are_enough(found: Sequence[Finding], enough: int | None) -> bool:
    """Tell whether `found` ends with the last credential that was asked for."""
    return (
        enough is not None
        and len(found) >= enough
        and found[-1].kind == "secret"
        and sum(one.kind == "secret" for one in found) >= enough
    )


def _lies_in(
    trigger: Trigger, end: int, findings: Sequence[Finding], before: int, above: float
) -> bool:
    """Tell whether a hit that ends at `end` lies in one of the last findings up to `before`."""
    for one in findings[max(0, before - 3) : before]:
        if end <= one.end and one.confidence > above and trigger.rule.startswith(one.kind):
            return True
    return False


def _is_taken(one: Finding) -> bool:
    """Tell whether a finding stands for what was not judged one by one."""
    return one.confidence == UNJUDGED or (
        one.kind == "pii" and one.confidence == COLUMN and one.start > FAR_CHARACTERS
    )

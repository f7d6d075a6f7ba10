"""Replaces findings by labels, so that what was found stands nowhere afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alos.domain.finding import Finding


def label(finding: Finding) -> str:
    """Return what stands in place of a finding: its type in brackets, `[GITHUB_TOKEN]`."""
    return f"[{finding.type.upper()}]"


def redact(text: str, findings: Iterable[Finding]) -> str:
    """Return `text` with every finding replaced by its label.

    Findings may overlap or touch (they come from several kinds): each run of overlapping ones is
    replaced as a whole by the label of its most confident member. Pure; nothing is kept.
    """
    pieces: list[str] = []
    end = len(text)
    for start, stop, name in reversed(_runs(findings)):
        pieces.append(text[min(stop, end) : end])
        pieces.append(name)
        end = min(start, end)
    pieces.append(text[:end])
    return "".join(reversed(pieces))


def _runs(findings: Iterable[Finding]) -> list[tuple[int, int, str]]:
    """Merge overlapping findings into runs with one label each, in order."""
    runs: list[tuple[int, int, str]] = []
    best = 0.0
    for one in sorted(findings, key=lambda one: (one.start, -one.confidence, -one.end)):
        if runs and one.start < runs[-1][1]:
            start, stop, name = runs[-1]
            name = label(one) if one.confidence > best else name
            best = max(best, one.confidence)
            runs[-1] = (start, max(stop, one.end), name)
        else:
            best = one.confidence
            runs.append((one.start, one.end, label(one)))
    return runs

"""What a check saw in a text: where and of which type, never the text itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FindingKind = Literal["secret", "pii", "forbidden", "injection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One span of one text that a rule confirmed.

    Attributes:
        kind: The family that decides what the boundary does with it.
        type: What it is, in capitals (`GITHUB_TOKEN`, `IBAN_CODE`): the label that redaction
            writes. An organisation's own dictionary names its type itself.
        start: First character of the value, counted in characters of the text as scanned.
        end: One past the last character. For a disguised value (base64, percent, …) the span
            covers the disguised form.
        rule: Id of the rule that confirmed it; stable across releases of the rule set.
        confidence: 0 to 1; how sure the rule is, used to settle overlaps and thresholds.
    """

    kind: FindingKind
    type: str
    start: int
    end: int
    rule: str
    confidence: float

    def __post_init__(self) -> None:
        """Refuse a span or a confidence that can't be.

        Raises:
            ValueError: The span is empty or negative, or the confidence is outside 0 to 1.
        """
        if not 0 <= self.start < self.end:
            raise ValueError("a finding covers at least one character")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError("confidence lies between 0 and 1")

    def moved(self, characters: int) -> Finding:
        """Return the same finding, `characters` further on (or back, when negative)."""
        return Finding(
            kind=self.kind,
            type=self.type,
            start=self.start + characters,
            end=self.end + characters,
            rule=self.rule,
            confidence=self.confidence,
        )

    def at(self, start: int, end: int) -> Finding:
        """Return the same finding over another span (of the disguised or joined text)."""
        return Finding(
            kind=self.kind,
            type=self.type,
            start=start,
            end=end,
            rule=self.rule,
            confidence=self.confidence,
        )

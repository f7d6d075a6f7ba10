"""Replaces findings by numbered tokens, so that who may can put the values back.

A value gets the same token wherever it stands in a call, and two values never share one, so that a
model can tell them apart: `[EMAIL_ADDRESS_1]`, `[EMAIL_ADDRESS_2]`. Credentials never get one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alos.checks.redact import label

if TYPE_CHECKING:
    from alos.domain.finding import Finding


@dataclass(slots=True)
class Tokens:
    """The tokens of one call.

    Attributes:
        values: token → the value it stands for.
    """

    values: dict[str, str] = field(default_factory=dict)
    _tokens: dict[tuple[str, str], Finding] = field(default_factory=dict, repr=False)
    _counts: dict[str, int] = field(default_factory=dict, repr=False)

    def give(self, text: str, finding: Finding) -> Finding:
        """Return the finding under a type of its own, whose label is the value's token.

        Raises:
            ValueError: it is a credential, which is never to be put back.
        """
        if finding.kind == "secret":
            raise ValueError("a credential gets no token")
        value = text[finding.start : finding.end]
        known = self._tokens.get((finding.type, value))
        if known is None:
            number = self._counts[finding.type] = self._counts.get(finding.type, 0) + 1
            known = replace(finding, type=f"{finding.type}_{number}")
            self._tokens[finding.type, value] = known
            self.values[label(known)] = value
        return replace(finding, type=known.type)

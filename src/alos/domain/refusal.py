"""Every "no" that ALOS says: a stable reason code, one sentence, and what to do next.

A refusal is a value. Faults (a part of ours that broke) are exceptions, drawn in
:mod:`alos.domain.fault`; ``pipeline/run.py`` turns them into a refusal of class "down".
"""

from dataclasses import dataclass

from alos.domain.reason import ReasonCode
from alos.domain.wording import WORDING

__all__ = ["ReasonCode", "Refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One "no".

    Attributes:
        code: the stable reason.
        detail: what in particular, in our own words: names of ours (a rule, a model, a cap,
            a field), never text of the caller's.
        retry_after_seconds: set only where waiting helps.
    """

    code: ReasonCode
    detail: str = ""
    retry_after_seconds: int | None = None

    @property
    def sentence(self) -> str:
        """What happened, and what to do about it; safe to show to the caller."""
        what, remedy = WORDING[self.code]
        middle = f" ({self.detail})" if self.detail else ""
        return f"{what}{middle}. {remedy}"

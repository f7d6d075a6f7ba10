"""What graders read of one answer, whatever the wire format."""

from dataclasses import dataclass

from alos.domain.refusal import ReasonCode
from alos.domain.request import AnswerView

_LONGEST_MODEL = 100
JUDGED_REFUSALS = frozenset(
    {
        ReasonCode.SECRET_FOUND,
        ReasonCode.PII_FOUND,
        ReasonCode.FORBIDDEN_INPUT,
        ReasonCode.PART_OPAQUE,
        ReasonCode.PART_HOSTED,
        ReasonCode.FIELD_UNKNOWN,
        ReasonCode.OUTPUT_LIMIT,
        ReasonCode.SHAPE_NOT_RELEASED,
        ReasonCode.ANSWER_BLOCKED,
    }
)
"""Refusals that say something about the workflow; any other one is an error of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, or the gateway's "no" in its place.

    Attributes:
        text: everything a person will read; empty where the gateway refused.
        tool_calls: (name, arguments as text) in order.
        refusal: the reason code where the gateway refused.
        model: the provider's own word for what answered; empty where it said none.
    """

    text: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()
    refusal: ReasonCode | None = None
    model: str = ""
    cost_nanousd: int = 0
    duration_ms: int = 0


def to_answer(view: AnswerView, *, cost_nanousd: int, duration_ms: int) -> Answer:
    """Take over what a wire format read."""
    return Answer(
        text="\n".join(view.texts),
        tool_calls=view.tool_calls,
        model=(view.model or "")[:_LONGEST_MODEL],
        cost_nanousd=cost_nanousd,
        duration_ms=duration_ms,
    )

"""What a drill has to show, judged from the records of its calls and from nobody's word."""

from dataclasses import dataclass

from alos.domain.ids import CallId, Digest
from alos.domain.record import ClosingEntry, Fact, Outcome
from alos.domain.refusal import ReasonCode
from alos.domain.standing import StandingFallback
from alos.domain.workflow import FallbackKind

_ANSWERS = {FallbackKind.STATIC_TEXT: "text", FallbackKind.QUEUE: "queue"}
"""What the record names as having answered in the place of the route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a drill has to show.

    Attributes:
        what: in words, as it should be.
        saw: in our own words, what the record says.
        call: the record; ``None`` where the step is no call.
    """

    what: str
    passed: bool
    saw: str
    call: CallId | None = None


def judge_served(what: str, closing: ClosingEntry, digest: Digest) -> Step:
    """The model answered, and it was this digest that was run."""
    passed = (
        closing.outcome is Outcome.ANSWERED
        and closing.release == digest
        and closing.sent_hash is not None
        and Fact.FALLBACK not in dict(closing.facts)
    )
    return Step(what=what, passed=passed, saw=describe(closing), call=closing.call_id)


def judge_cut(what: str, closing: ClosingEntry, reason: ReasonCode, last: bytes) -> Step:
    """A stream that had begun let nothing of the answer out any more, and said why.

    Args:
        what: the step.
        closing: its record.
        reason: why it has to have been cut.
        last: everything that the caller got after the stop.
    """
    passed = (
        closing.outcome is Outcome.CUT
        and closing.reason is reason
        and closing.answer_bytes == 0
        and reason.encode() in last
    )
    return Step(what=what, passed=passed, saw=describe(closing), call=closing.call_id)


def judge_stopped(what: str, closing: ClosingEntry, fallback: StandingFallback | None) -> Step:
    """Nothing went to a model: refused, or answered by the fallback where the bundle says so."""
    facts = dict(closing.facts)
    says_fallback = fallback is not None and fallback.when_stopped
    is_refusal = closing.outcome is Outcome.REFUSED and not says_fallback
    is_fallback = says_fallback and Fact.FALLBACK in facts
    passed = (
        closing.reason is ReasonCode.WORKFLOW_STOPPED
        and closing.sent_hash is None
        and (is_refusal or is_fallback)
    )
    return Step(what=what, passed=passed, saw=describe(closing), call=closing.call_id)


def judge_fallback(what: str, closing: ClosingEntry, kind: FallbackKind, model: str) -> Step:
    """What the bundle documents answered: its text, its queue, or its other model (``model``)."""
    answered_by = dict(closing.facts).get(Fact.FALLBACK, "")
    wanted = model if kind is FallbackKind.MODEL else _ANSWERS[kind]
    is_right_model = closing.model == model if kind is FallbackKind.MODEL else True
    passed = closing.outcome is Outcome.ANSWERED and answered_by == wanted and is_right_model
    return Step(what=what, passed=passed, saw=describe(closing), call=closing.call_id)


def describe(closing: ClosingEntry) -> str:
    """A record in one line of our own words."""
    said = [str(closing.outcome)]
    if closing.model is not None and closing.outcome is Outcome.ANSWERED:
        said.append(f"by {closing.model}")
    if (fallback := dict(closing.facts).get(Fact.FALLBACK)) is not None:
        said.append(f"fallback {fallback}")
    if closing.reason is not None:
        said.append(str(closing.reason))
    if closing.release is not None:
        said.append(f"release {closing.release[7:19]}")
    if closing.outcome is Outcome.CUT:
        said.append(f"{closing.answer_bytes} bytes of the answer after the stop")
    return ", ".join(said)

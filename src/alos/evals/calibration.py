"""How far a judging model agrees with people: on answers that people have labelled.

Agreement alone flatters a judge that always says yes; so the word rests on Cohen's kappa, which
takes off what chance would agree on, and the error that lets bad work through is told apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.evaluation import ERROR_SHARE, FALSE_PASS_RATE, Interval
from alos.evals.statistics import (
    get_kappa,
    get_kappa_interval,
    get_upper_bound,
    get_wilson_interval,
)

FEWEST_LABELS = 20
FEWEST_OF_A_KIND = 5
"""Labels of each kind: answers that people took, and that people rejected."""
LEAST_KAPPA = 0.6
"""Where "substantial" agreement begins: J. R. Landis, G. G. Koch, "The measurement of observer
agreement for categorical data", Biometrics 33 (1977), 159-174; a convention, not a law."""


class CalibrationWord(StrEnum):
    """What became of a calibration; only ``AGREES`` is a yes."""

    AGREES = "agrees"
    WEAK = "weak"
    """Better than chance, and not enough to rely on."""
    CHANCE = "chance"
    """Not shown to agree better than somebody who never read the answers."""
    UNREADABLE = "unreadable"
    """The judge does not keep to its form."""
    UNANSWERED = "unanswered"
    """Calls to the judge failed."""
    TOO_FEW = "too_few"
    """Too few labels, or too few of one kind, to tell."""


SENTENCES = {
    CalibrationWord.AGREES: "The judge agrees with the labels; it may decide cases like these.",
    CalibrationWord.WEAK: (
        f"The judge agrees better than chance, but kappa is below {LEAST_KAPPA:g}: write a"
        " narrower rubric, name a stronger model, or use a grader that needs no judge."
    ),
    CalibrationWord.CHANCE: (
        "The judge is not shown to agree better than chance: don't rely on it. Name a stronger"
        " model, write a narrower rubric, or label more answers."
    ),
    CalibrationWord.UNREADABLE: (
        "The judge does not answer in its form, so its verdicts count as no grade and a run that"
        " rests on it can't pass. Name a stronger model."
    ),
    CalibrationWord.UNANSWERED: (
        "Calls to the judge failed; see `alos call search --run`, mend that, calibrate again."
    ),
    CalibrationWord.TOO_FEW: (
        f"Too few labels to tell: at least {FEWEST_LABELS}, of which {FEWEST_OF_A_KIND} say that"
        f" the rubric holds and {FEWEST_OF_A_KIND} that it does not."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled answer beside the judge's word.

    Attributes:
        human: the label.
        judge: ``None`` where it gave no verdict that counts.
        answered: whether there was an answer of the judge at all.
    """

    name: str
    human: bool
    judge: bool | None
    answered: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far a judge agrees.

    Attributes:
        labels: all of them; ``agreed`` of these the judge decided like the label.
        false_yes: answers that people rejected and the judge took, of ``rejected``.
        false_no: the reverse, of ``taken``.
        agreement: agreed / labels, with Wilson's 95 % interval; no verdict agrees with nothing.
        kappa: over the answers that the judge decided; ``None`` where it can't be worked out.
        false_yes_bound: exact one-sided 95 % upper bound of the share of false yes.
    """

    word: CalibrationWord
    labels: int
    agreed: int
    taken: int
    rejected: int
    false_yes: int
    false_no: int
    unreadable: int
    unanswered: int
    agreement: float
    agreement_interval: Interval
    kappa: float | None
    kappa_interval: Interval
    false_yes_bound: float


def calibrate(judged: Sequence[Judged]) -> Calibration:
    """Compare a judge's words with the labels."""
    decided = [(one.human, one.judge) for one in judged if one.judge is not None]
    agreed = sum(human == judge for human, judge in decided)
    taken = sum(one.human for one in judged)
    rejected = len(judged) - taken
    false_yes = sum(judge and not human for human, judge in decided)
    interval = get_kappa_interval(decided, FALSE_PASS_RATE)
    kappa = get_kappa(decided)
    unanswered = sum(not one.answered for one in judged)
    unreadable = len(judged) - len(decided) - unanswered
    return Calibration(
        word=_get_word(judged, unreadable, unanswered, kappa, interval),
        labels=len(judged),
        agreed=agreed,
        taken=taken,
        rejected=rejected,
        false_yes=false_yes,
        false_no=sum(human and not judge for human, judge in decided),
        unreadable=unreadable,
        unanswered=unanswered,
        agreement=agreed / len(judged) if judged else 0.0,
        agreement_interval=get_wilson_interval(agreed, len(judged), FALSE_PASS_RATE),
        kappa=kappa,
        kappa_interval=interval,
        false_yes_bound=get_upper_bound(false_yes, rejected, FALSE_PASS_RATE),
    )


def _get_word(
    judged: Sequence[Judged],
    unreadable: int,
    unanswered: int,
    kappa: float | None,
    interval: Interval,
) -> CalibrationWord:
    labels, taken = len(judged), sum(one.human for one in judged)
    if labels < FEWEST_LABELS or min(taken, labels - taken) < FEWEST_OF_A_KIND:
        return CalibrationWord.TOO_FEW
    if unanswered > ERROR_SHARE * labels:
        return CalibrationWord.UNANSWERED
    if unreadable > ERROR_SHARE * labels:
        return CalibrationWord.UNREADABLE
    if kappa is None or interval.low is None or interval.low <= 0:
        return CalibrationWord.CHANCE
    return CalibrationWord.AGREES if kappa >= LEAST_KAPPA else CalibrationWord.WEAK

"""Drift: what a live digest's set says tonight beside the run that let it go live.

Nothing of ours has changed between the two, so what has is on the provider's side: the model
behind a name, its speed, whether it answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.evaluation import Cause, Comparison, Verdict, Word

LEVEL = 0.01
"""Of the exact one-sided sign test each night: where nothing has changed, no more than one night
in a hundred says that something has."""


class DriftWord(StrEnum):
    """What a nightly run found."""

    SAME = "same"
    REGRESSED = "regressed"
    """It fails, or it loses cases beyond chance."""
    CHANGED = "changed"
    """The provider names another model than it did; no loss is shown."""
    UNMEASURED = "unmeasured"
    """Too much of it had no answer or no grade to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The run that is compared with.

    Attributes:
        models: what the provider called the models that answered; empty where nobody noted it.
    """

    run: str
    comparison: Comparison
    models: tuple[str, ...]
    cost_usd: str
    latency_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What a nightly run found, and beside what; ``earlier`` is ``None`` without a gate run."""

    word: DriftWord
    earlier: Earlier | None
    models: tuple[str, ...]


_UNMEASURED = {Cause.UNDECIDED_CASES, Cause.MUST_PASS_UNDECIDED, Cause.OVER_COST}


def find_drift(verdict: Verdict, earlier: Earlier | None, models: Sequence[str]) -> Drift:
    """Say what a nightly run found.

    Args:
        verdict: tonight's.
        earlier: the newest gate run of the same digest that passed.
        models: what the provider calls the models that answered tonight.
    """
    return Drift(
        word=_get_word(verdict, earlier, models), earlier=earlier, models=tuple(sorted(models))
    )


def _get_word(verdict: Verdict, earlier: Earlier | None, models: Sequence[str]) -> DriftWord:
    found = earlier.comparison if earlier is not None else None
    if found is not None and found.lost and found.p_value < LEVEL:
        return DriftWord.REGRESSED
    if _UNMEASURED & set(verdict.causes):
        return DriftWord.UNMEASURED
    if verdict.word is Word.FAIL:
        return DriftWord.REGRESSED
    if earlier is not None and earlier.models and set(models) != set(earlier.models):
        return DriftWord.CHANGED
    return DriftWord.SAME


def describe_drift(drift: Mapping[str, object]) -> str:
    """One sentence of a result's ``drift``, for people."""
    lost = drift["lost"]
    count = len(lost) if isinstance(lost, list) else 0
    said = {
        DriftWord.SAME: "as when it passed its gate",
        DriftWord.REGRESSED: f"worse than when it passed its gate ({count} cases lost)",
        DriftWord.CHANGED: "the provider answers with another model than when it passed its gate",
        DriftWord.UNMEASURED: "too much had no answer or no grade to tell",
    }
    return said[DriftWord(str(drift["outcome"]))]

"""Counts of calls that ended in this process, for the metrics: our own words and ids only."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from alos.domain.organisation import SizeClass
from alos.domain.record import Fact, Outcome
from alos.pipeline.progress import Ending, Progress

_SIZES: Final = {int(size): size.name.lower() for size in SizeClass}
_AGAIN: Final = {Fact.CACHED_FROM: "cache", Fact.REPLAYED_FROM: "idempotency_key"}


@dataclass(slots=True)
class Tally:
    """Belongs to one pipeline.

    Attributes:
        answered: calls that a model answered, by (workflow, size of the model).
        again: answers given again, by (workflow, ``cache`` or ``idempotency_key``).
        escalated: calls that a rule sent to the larger model, by (workflow, rule).
        near_misses: answered calls that are near misses, by (workflow, why).
    """

    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    again: Counter[tuple[str, str]] = field(default_factory=Counter)
    escalated: Counter[tuple[str, str]] = field(default_factory=Counter)
    near_misses: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, progress: Progress, ending: Ending) -> None:
        """Count a call whose record is closed."""
        workflow, facts = progress.workflow, progress.facts
        if workflow is None or ending.outcome is not Outcome.ANSWERED:
            return
        if progress.candidate is not None:
            self.answered[workflow.id, get_size(progress.candidate.model.size_rank)] += 1
        for fact, how in _AGAIN.items():
            if fact in facts:
                self.again[workflow.id, how] += 1
        if (rule := facts.get(Fact.ESCALATED)) is not None:
            self.escalated[workflow.id, rule] += 1
        if (why := facts.get(Fact.NEAR_MISS)) is not None:
            self.near_misses[workflow.id, why] += 1


def get_size(rank: int) -> str:
    """A size class in words."""
    return _SIZES.get(rank) or str(rank)

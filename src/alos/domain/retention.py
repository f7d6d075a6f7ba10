"""Which bodies end together, and after how many days.

A body's *retention class* is written into its reference when it is stored; how many days that
class has is asked when it may end, of the configuration that applies then. So a term that the
organisation shortens holds for what is already stored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from alos.domain.boundary import DataClass
from alos.domain.ids import WorkflowId
from alos.domain.organisation import Retention

STANDARD: Final = "standard"
REQUIRED_FROM_TIER: Final = 2
"""From this tier on a call whose bodies can't be kept is refused."""


class BodyRule(NamedTuple):
    """How the bodies of one workflow are kept.

    Attributes:
        classes: (data class, retention class) of those with a term of their own, the shortest
            term first; a body takes the first whose data class was found in it.
        standard: the retention class of every other body.
        is_kept: false where the term is zero days: bodies are not stored at all.
        is_required: a call is refused where its bodies can't be stored.
        days: the standard term, for comparison with a vendor's; ``None`` where undecided.
    """

    classes: tuple[tuple[str, str], ...] = ()
    standard: str = STANDARD
    is_kept: bool = True
    is_required: bool = False
    days: int | None = None

    def get_class(self, found: Iterable[str]) -> str:
        """The retention class of a body in which these data classes were found."""
        if self.classes and (present := set(found)):
            for data_class, retention_class in self.classes:
                if data_class in present:
                    return retention_class
        return self.standard


NO_OWN_TERM: Final = BodyRule()
"""Everything ends by the standard term."""


def build_body_rule(
    retention: Retention, workflow: WorkflowId, workflow_days: int | None, tier: int
) -> BodyRule:
    """The rule of one workflow; its own term may only be shorter."""
    suffix = f"@{workflow}" if workflow_days is not None else ""
    by_term = sorted(retention.body_days_by_class.items(), key=lambda one: (one[1], one[0]))
    return BodyRule(
        classes=tuple((name.value, f"{name.value}{suffix}") for name, _ in by_term),
        standard=f"{STANDARD}{suffix}",
        is_kept=0 not in {retention.body_days, workflow_days},
        is_required=tier >= REQUIRED_FROM_TIER,
        days=_get_shorter(retention.body_days, workflow_days),
    )


def is_decided(retention: Retention) -> bool:
    """Whether the organisation has said how long, and which policy of its own says so."""
    return (
        retention.body_days is not None
        and retention.record_days is not None
        and bool(retention.reference.strip())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms that apply now.

    Attributes:
        by_workflow: days of the workflows that have a term of their own.
    """

    retention: Retention
    by_workflow: Mapping[WorkflowId, int]

    def get_days(self, retention_class: str) -> int | None:
        """How many days a class has; ``None`` where nobody has decided that yet.

        A data class without a term of its own any more has the standard one, and so has a
        workflow.
        """
        name, _, workflow = retention_class.partition("@")
        days = self.retention.body_days
        by_class = self.retention.body_days_by_class
        if name in set(DataClass) and DataClass(name) in by_class:
            days = by_class[DataClass(name)]
        own = self.by_workflow.get(WorkflowId(workflow)) if workflow else None
        return _get_shorter(days, own)

    def is_over(self, retention_class: str, day: str, *, today: date) -> bool:
        """Whether what was stored on ``day`` (UTC) has to go: kept for whole days after it."""
        days = self.get_days(retention_class)
        if days is None:
            return False
        return today > date.fromisoformat(day) + timedelta(days=days)


def _get_shorter(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)

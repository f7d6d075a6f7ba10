"""Who is in a stage: the bucketing of units, and the order of the stages.

The algorithm is published with vectors (``docs/reference/rollout.md``), so that a client can
work out for itself which side it is on. Its version stands in every release.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

from alos.domain.ids import WorkflowId
from alos.domain.rollout_plan import RolloutStage, StageName

BUCKET_ALGORITHM = "alos-bucket-v1"
BUCKETS = 10_000
"""Buckets; a percentage with two decimals is a whole number of them."""
_HASHED_BYTES = 8
STAGES = tuple(StageName)
"""In the order of a rollout."""


def get_bucket(workflow: WorkflowId, unit: str) -> int:
    """The bucket of a unit, 0 to 9,999: the same for ever, and unlike between workflows.

    The first 8 bytes of SHA-256(workflow id ‖ ":" ‖ unit) as a big-endian number, scaled to
    10,000 (multiplied, then shifted right by 64 bits).
    """
    hashed = sha256(f"{workflow}:{unit}".encode()).digest()[:_HASHED_BYTES]
    return int.from_bytes(hashed, "big") * BUCKETS >> (8 * _HASHED_BYTES)


def is_in_percent(workflow: WorkflowId, unit: str, percent: float) -> bool:
    """Whether a unit is among the first ``percent`` (0 to 100) of the buckets.

    A larger share holds every unit that a smaller one holds.
    """
    return get_bucket(workflow, unit) < round(percent * BUCKETS / 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Who a call is for, as a rollout counts.

    Attributes:
        name: the person's id, else what ``x-alos-unit`` says, else empty (in no cohort).
        groups: the person's directory groups; a service account has none.
    """

    name: str
    groups: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom a granted release serves.

    Attributes:
        groups: directory groups that are in from the internal stage on.
        percent: share of all units that are in besides (0 to 100).
    """

    stage: StageName
    groups: frozenset[str] = frozenset()
    percent: float = 0

    def holds(self, workflow: WorkflowId, unit: Unit) -> bool:
        """Whether the release serves this unit; a wider reach never drops one."""
        if self.stage is StageName.ALL:
            return True
        if not self.groups.isdisjoint(unit.groups):
            return True
        return bool(unit.name) and is_in_percent(workflow, unit.name, self.percent)


NOBODY = Reach(stage=StageName.INTERNAL)
"""Of a release that a guard holds: everybody gets the one before."""


def get_reach(stages: tuple[RolloutStage, ...], name: StageName) -> Reach:
    """Add up the stages to ``name``: who was in before stays in.

    Raises:
        KeyError: the rollout has no such stage.
    """
    groups: frozenset[str] = frozenset()
    percent = 0.0
    for stage in stages:
        groups |= stage.groups
        percent = max(percent, stage.percent or 0.0)
        if stage.name is name:
            return Reach(stage=name, groups=groups, percent=percent)
    raise KeyError(name)


def get_next_stage(after: StageName | None) -> StageName | None:
    """The stage that may be granted next; ``None`` after the last."""
    if after is None:
        return STAGES[0]
    place = STAGES.index(after) + 1
    return STAGES[place] if place < len(STAGES) else None

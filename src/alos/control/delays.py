"""How long kill switches took from the pull until they were in force here, by how they came."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

BOUNDS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(slots=True)
class Delays:
    """A histogram for each way: ``here``, ``store``, ``channel`` and ``kill_file``."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    sums_seconds: dict[str, float] = field(default_factory=dict)

    def note(self, way: str, seconds: float) -> None:
        """Count one pull; clocks of hosts may differ, so it is never below zero."""
        seconds = max(0.0, seconds)
        counted = self.counts.setdefault(way, [0] * (len(BOUNDS_SECONDS) + 1))
        place = sum(seconds > bound for bound in BOUNDS_SECONDS)
        counted[place] += 1
        self.sums_seconds[way] = self.sums_seconds.get(way, 0.0) + seconds

    def list_buckets(self, way: str) -> Sequence[tuple[str, int]]:
        """(upper bound, pulls at or below it), the last of them ``+Inf``."""
        total, listed = 0, []
        for bound, count in zip((*BOUNDS_SECONDS, "+Inf"), self.counts[way], strict=True):
            total += count
            listed.append((str(bound), total))
        return listed

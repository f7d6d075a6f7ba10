"""What an evaluation run finds: tries, cases, and the verdict over a golden set."""

from dataclasses import dataclass
from enum import StrEnum

from alos.domain.golden import CaseKind
from alos.domain.ids import CallId, Digest
from alos.domain.tier import Tier

FALSE_PASS_RATE = 0.05
"""Chance that the first gate run passes a workflow whose true rate is at the floor."""
ERROR_SHARE = 0.05
"""Largest share of cases without a decision (errors, skips) with which a run may pass."""

JUDGED = "call_"
"""A question to a judge names, where a case would stand, the call it is about."""


class Word(StrEnum):
    """The verdict in one word."""

    PASS = "pass"  # noqa: S105 - the word of the glossary
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class CaseState(StrEnum):
    """How a try, or a case over all its tries, ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """No answer, or no grade: it says nothing about the workflow, and is never left out."""
    SKIPPED = "skipped"


class Cause(StrEnum):
    """Why a verdict is not PASS; a verdict names every cause that holds."""

    NO_CASES = "no_cases"
    TOO_FEW_CASES = "too_few_cases"
    MUST_PASS_FAILED = "must_pass_failed"  # noqa: S105 - a cause
    MUST_PASS_WEAKENED = "must_pass_weakened"  # noqa: S105 - a cause
    MUST_PASS_UNDECIDED = "must_pass_undecided"  # noqa: S105 - a cause
    BELOW_THRESHOLD = "below_threshold"
    BELOW_FLOOR = "below_floor"
    WORSE_THAN_LIVE = "worse_than_live"
    OVER_COST = "over_cost"
    OVER_LATENCY = "over_latency"
    EXTRA_ANSWERS = "extra_answers"
    UNDECIDED_CASES = "undecided_cases"
    NOT_PROVEN = "not_proven"
    NEVER_PROVABLE = "never_provable"
    """Not even a perfect score of so few cases reaches the floor at this run's level."""


class RunPurpose(StrEnum):
    """What a run is for; only gate runs count for ``k``."""

    GATE = "gate"
    NIGHTLY = "nightly"
    TRIAL = "trial"
    """An author's look; it decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One call for one case, graded.

    Attributes:
        reasons: what did not hold, in our own words; empty where it passed.
        excerpt: the start of the answer, credentials and personal data redacted.
        score: share of the criteria's weight that held, 0 to 1.
    """

    call_id: CallId | None
    state: CaseState
    reasons: tuple[str, ...] = ()
    cost_nanousd: int = 0
    duration_ms: int = 0
    excerpt: str = ""
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case with all its tries.

    Attributes:
        fingerprint: SHA-256 (hexadecimal) over input and criteria; two results may be compared
            only where it is the same.
    """

    case_id: str
    kind: CaseKind
    must_pass: bool
    fingerprint: str
    tries: tuple[Try, ...]

    @property
    def state(self) -> CaseState:
        """More than half of the tries must pass; of a must-pass case every one.

        A case stays in ERROR only where its failed tries could still be outvoted.
        """
        states = [one.state for one in self.tries]
        total = len(states)
        passed, failed = states.count(CaseState.PASSED), states.count(CaseState.FAILED)
        if total == 0 or states.count(CaseState.SKIPPED) == total:
            return CaseState.SKIPPED
        needed = total if self.must_pass else total // 2 + 1
        if passed >= needed:
            return CaseState.PASSED
        return CaseState.FAILED if failed > total - needed else CaseState.ERROR

    @property
    def is_mixed(self) -> bool:
        """Whether tries of the same input disagree."""
        return len({one.state for one in self.tries}) > 1

    @property
    def cost_nanousd(self) -> int:
        """Of all tries."""
        return sum(one.cost_nanousd for one in self.tries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a run is judged by.

    Attributes:
        pass_rate: least observed share, 0 to 1.
        floor: what the lower bound must reach, 0 to 1.
        run_number: the run is the k-th gate run since the lineage's last live release, from 1.
        latency_seconds: bound of the quantile ``latency_quantile`` of a try's time.
    """

    tier: Tier
    pass_rate: float
    max_cost_nanousd: int
    latency_seconds: float
    latency_quantile: float
    run_number: int = 1

    @property
    def floor(self) -> float:
        """The tier's floor of the lower bound."""
        return self.tier.minimum_lower_bound

    @property
    def alpha(self) -> float:
        """Level of this run: over all runs of a lineage false passes add up to at most 8.3 %.

        The sum of 1/k² over all k is π²/6, so the levels 0.05/k² sum to 0.0822.
        """
        return FALSE_PASS_RATE / self.run_number**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run beside the live release's, on the cases that both have.

    Attributes:
        lost: cases that the live release passed and this run failed.
        gained: the reverse.
        p_value: exact one-sided, that so many are lost where nothing changed.
    """

    live: Digest
    shared: int
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval; ``None`` at an end means that it has no bound there."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a run says, with all numbers it rests on.

    Attributes:
        cases, passed, failed, errors, skipped: numbers of cases; the last four add up to the
            first, and nothing is left out of the denominator.
        rate: passed / cases.
        lower_bound: exact one-sided, at level ``rule.alpha``.
        add_cases: so many more would decide, were the rate to stay as it is; ``None`` where
            no number would, or none is needed.
        cost_per_success_nanousd: ``None`` without a success.
    """

    word: Word
    causes: tuple[Cause, ...]
    rule: Rule
    cases: int
    passed: int
    failed: int
    errors: int
    skipped: int
    rate: float
    lower_bound: float
    add_cases: int | None
    must_pass_failed: tuple[str, ...]
    comparison: Comparison | None
    cost_nanousd: int
    latency_seconds: float
    cost_per_success_nanousd: float | None
    cost_per_success_interval: Interval

"""How often the gate blocks an unchanged workflow, and how often it sees a drop.

By simulation of whole verdicts (the product's own `get_verdict`), beside the closed form of the
same rule computed from binomial sums. Two rules are shown: the first gate run of a lineage (rate,
floor, must-pass), and the paired comparison with a live release whose results are known.

    ./run bench evals [--trials N] [--tier T]
"""

import argparse
import math
from secrets import SystemRandom
from typing import NamedTuple

from alos.domain.evaluation import CaseResult, CaseState, Rule, Try, Word
from alos.domain.golden import CaseKind
from alos.domain.ids import Digest
from alos.domain.tier import Tier
from alos.evals.statistics import get_loss_p_value, get_upper_tail, is_proven
from alos.evals.verdict import compare, get_verdict

SIZES = (10, 20, 30, 50, 100)
DROPS = (0.0, 0.05, 0.10, 0.20)
TRUE_RATE = 0.97
"""Pass rate of the unchanged workflow; each case passes or fails anew each time."""
LIVE = Digest("sha256:" + "0" * 64)


class Row(NamedTuple):
    """One line of the table: how often a verdict was not PASS."""

    cases: int
    drop: float
    simulated: float
    closed: float


def make_rule(cases: int, tier: Tier) -> Rule:
    """The tier's rule; a set smaller than the tier asks for is judged by Tier 0's."""
    if cases < tier.minimum_cases:
        tier = Tier.INTERNAL
    return Rule(
        tier=tier,
        pass_rate=0.9,
        max_cost_nanousd=1,
        latency_seconds=1,
        latency_quantile=0.95,
    )


def draw(cases: int, rate: float, random: SystemRandom) -> list[CaseResult]:
    """The results of one run."""
    states = [
        CaseState.PASSED if random.random() < rate else CaseState.FAILED for _ in range(cases)
    ]
    return [
        CaseResult(
            case_id=str(number),
            kind=CaseKind.HAPPY,
            must_pass=False,
            fingerprint=str(number),
            tries=(Try(call_id=None, state=state),),
        )
        for number, state in enumerate(states)
    ]


def get_pmf(passed: int, cases: int, rate: float) -> float:
    """P(X = passed)."""
    return math.comb(cases, passed) * rate**passed * (1 - rate) ** (cases - passed)


def block_alone(cases: int, rate: float, rule: Rule) -> float:
    """Closed form: P(not PASS) of a first run, from rate and floor."""
    return 1 - sum(
        get_pmf(passed, cases, rate)
        for passed in range(cases + 1)
        if passed >= rule.pass_rate * cases - 1e-9
        and is_proven(passed, cases, floor=rule.floor, alpha=rule.alpha)
    )


def block_paired(cases: int, before: float, now: float) -> float:
    """Closed form: P(significant loss) against a live release with independent results.

    Lost and gained are trinomial: each case is lost with before·(1 - now), gained with
    (1 - before)·now.
    """
    lost_rate, gained_rate = before * (1 - now), (1 - before) * now
    changed = lost_rate + gained_rate
    total = 0.0
    for number in range(cases + 1):
        least = next(
            (lost for lost in range(number + 1) if get_loss_p_value(lost, number - lost) < 0.05),  # noqa: PLR2004
            None,
        )
        if least is not None and least > 0:
            tail = get_upper_tail(least, number, lost_rate / changed)
            total += get_pmf(number, cases, changed) * tail
    return total


def simulate(trials: int, tier: Tier) -> tuple[list[Row], list[Row]]:
    """Both tables."""
    random = SystemRandom()
    alone, paired = [], []
    for cases in SIZES:
        rule = make_rule(cases, tier)
        for drop in DROPS:
            rate = TRUE_RATE - drop
            blocked = worse = 0
            for _ in range(trials):
                results = draw(cases, rate, random)
                blocked += get_verdict(results, rule).word is not Word.PASS
                live = {one.case_id: one for one in draw(cases, TRUE_RATE, random)}
                found = compare(results, live, LIVE)
                worse += bool(found.lost) and found.p_value < 0.05  # noqa: PLR2004
            alone.append(Row(cases, drop, blocked / trials, block_alone(cases, rate, rule)))
            paired.append(Row(cases, drop, worse / trials, block_paired(cases, TRUE_RATE, rate)))
    return alone, paired


def write(title: str, rows: list[Row]) -> None:
    """A Markdown table: simulated, and in brackets the closed form."""
    print(f"\n{title}\n")
    print("| cases | unchanged | 5 points down | 10 points | 20 points |")
    print("|---|---|---|---|---|")
    for cases in SIZES:
        cells = [f"{row.simulated:.1%} ({row.closed:.1%})" for row in rows if row.cases == cases]
        print(f"| {cases} | {' | '.join(cells)} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2_000)
    parser.add_argument("--tier", type=int, default=2)
    given = parser.parse_args()
    alone, paired = simulate(given.trials, Tier(given.tier))
    print(f"true pass rate {TRUE_RATE:.0%} before, {given.trials} simulated runs each;")
    print("simulated share, and in brackets the closed form")
    write(f"Blocked by rate and floor (Tier {given.tier}; 10 cases: Tier 0), first run", alone)
    write("Blocked by the paired comparison with the live release alone", paired)


if __name__ == "__main__":
    main()

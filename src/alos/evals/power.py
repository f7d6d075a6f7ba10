"""What a golden set can prove before it is run: slips allowed, and how often a drop is blocked."""

import math

from alos.domain.evaluation import Rule
from alos.evals.statistics import get_fewest_cases, is_proven

USUAL_RATE = 0.97
"""The true rate from which a drop is told in examples."""


def get_slips(cases: int, rule: Rule) -> int | None:
    """How many cases may fail in a run that passes; ``None`` where not even none may."""
    for failed in range(cases + 1):
        if not _passes(cases - failed, cases, rule):
            return failed - 1 if failed else None
    return cases


def get_block_rate(cases: int, true_rate: float, rule: Rule) -> float:
    """How often a run is no PASS, by threshold and floor alone, at a true rate; exact."""
    return 1.0 - math.fsum(
        math.comb(cases, passed) * true_rate**passed * (1 - true_rate) ** (cases - passed)
        for passed in range(cases + 1)
        if _passes(passed, cases, rule)
    )


def _passes(passed: int, cases: int, rule: Rule) -> bool:
    reached = passed >= rule.pass_rate * cases - 1e-9
    return reached and is_proven(passed, cases, floor=rule.floor, alpha=rule.alpha)


def describe_set(cases: int, rule: Rule) -> str:
    """What a set of so many cases can prove, in one sentence or two."""
    slips = get_slips(cases, rule)
    if slips is None:
        wanted = max(rule.tier.minimum_cases, get_fewest_cases(rule.floor, rule.alpha))
        return (
            f"{cases} cases can't pass: not even a perfect score proves the floor of"
            f" {rule.floor:.2f} (Tier {rule.tier}); {wanted} could"
        )
    unchanged = get_block_rate(cases, USUAL_RATE, rule)
    seen = get_block_rate(cases, USUAL_RATE - 0.1, rule)
    return (
        f"{cases} cases pass with up to {slips} failed; an unchanged workflow that is right"
        f" {USUAL_RATE:.0%} of the time is blocked in {unchanged:.0%} of the runs, one that lost"
        f" 10 points in {seen:.0%}"
    )

"""The verdict: what a run over a golden set proves, and what it can't tell.

PASS = observed rate at the threshold or above, no must-pass case failed, the exact lower bound
at the tier's floor or above, no significant loss against the live release, within cost and
latency, and nearly every case decided. Anything else is FAIL where the run shows that, and
INCONCLUSIVE where it only fails to show the contrary.
"""

from collections.abc import Iterator, Mapping, Sequence

from alos.domain.evaluation import (
    ERROR_SHARE,
    FALSE_PASS_RATE,
    CaseResult,
    CaseState,
    Cause,
    Comparison,
    Rule,
    Verdict,
    Word,
)
from alos.domain.ids import Digest
from alos.evals.statistics import (
    get_deciding_cases,
    get_fewest_cases,
    get_loss_p_value,
    get_lower_bound,
    get_quantile,
    get_ratio_interval,
    is_proven,
)

FAILS = frozenset(
    {
        Cause.MUST_PASS_FAILED,
        Cause.MUST_PASS_WEAKENED,
        Cause.BELOW_THRESHOLD,
        Cause.BELOW_FLOOR,
        Cause.WORSE_THAN_LIVE,
        Cause.OVER_COST,
        Cause.OVER_LATENCY,
    }
)
"""Causes that a run shows; the others say that it shows too little."""
_ROUNDING = 1e-9
"""A share written as a decimal is no exact number; 18 of 20 is 0.9."""


def get_verdict(
    results: Sequence[CaseResult],
    rule: Rule,
    *,
    comparison: Comparison | None = None,
    known: Sequence[Cause] = (),
    spent_nanousd: int | None = None,
) -> Verdict:
    """Judge a run.

    Args:
        results: one for every case of the set, those without an answer too.
        rule: thresholds, tier and run number.
        comparison: with the live release, where there is one.
        known: causes found elsewhere (an aborted run, answers beyond the plan, …).
        spent_nanousd: all that the run cost, failed calls and judges too; the tries' own cost
            unless given.
    """
    states = [result.state for result in results]
    passed = states.count(CaseState.PASSED)
    cases = len(results)
    rate = passed / cases if cases else 0.0
    bound = get_lower_bound(passed, cases, rule.alpha)
    latency = get_quantile(_list_seconds(results), rule.latency_quantile)
    tried = sum(result.cost_nanousd for result in results)
    cost = tried if spent_nanousd is None else spent_nanousd
    must_pass = [one for one in results if one.must_pass]
    causes = dict.fromkeys(known)
    causes |= dict.fromkeys(_find_shown(results, rule, comparison))
    if cost > rule.max_cost_nanousd:
        causes[Cause.OVER_COST] = None
    if latency > rule.latency_seconds:
        causes[Cause.OVER_LATENCY] = None
    causes |= dict.fromkeys(_find_unproven(results, rule))
    flags = [state is CaseState.PASSED for state in states]
    return Verdict(
        word=_get_word(causes),
        causes=tuple(causes),
        rule=rule,
        cases=cases,
        passed=passed,
        failed=states.count(CaseState.FAILED),
        errors=states.count(CaseState.ERROR),
        skipped=states.count(CaseState.SKIPPED),
        rate=rate,
        lower_bound=bound,
        add_cases=_get_missing(passed, cases, rule) if causes else None,
        must_pass_failed=tuple(one.case_id for one in must_pass if one.state is CaseState.FAILED),
        comparison=comparison,
        cost_nanousd=cost,
        latency_seconds=latency,
        cost_per_success_nanousd=cost / passed if passed else None,
        cost_per_success_interval=get_ratio_interval(
            [result.cost_nanousd for result in results], flags, FALSE_PASS_RATE
        ),
    )


def compare(
    results: Sequence[CaseResult], live: Mapping[str, CaseResult], digest: Digest
) -> Comparison:
    """Pair a run's cases with the live release's, by name and only where nothing of them changed.

    Args:
        results: the run's.
        live: the live release's results by case id.
        digest: the live release.
    """
    pairs = [
        (result, live[result.case_id])
        for result in results
        if result.case_id in live
        and live[result.case_id].fingerprint == result.fingerprint
        and {result.state, live[result.case_id].state} <= {CaseState.PASSED, CaseState.FAILED}
    ]
    lost = tuple(a.case_id for a, b in pairs if a.state is CaseState.FAILED and _is_passed(b))
    gained = tuple(a.case_id for a, b in pairs if _is_passed(a) and b.state is CaseState.FAILED)
    return Comparison(
        live=digest,
        shared=len(pairs),
        lost=lost,
        gained=gained,
        p_value=get_loss_p_value(len(lost), len(gained)),
    )


def _is_passed(result: CaseResult) -> bool:
    return result.state is CaseState.PASSED


def _list_seconds(results: Sequence[CaseResult]) -> list[float]:
    return [
        one.duration_ms / 1_000
        for result in results
        for one in result.tries
        if one.state in {CaseState.PASSED, CaseState.FAILED}
    ]


def _find_shown(
    results: Sequence[CaseResult], rule: Rule, comparison: Comparison | None
) -> Iterator[Cause]:
    """What the run shows, even were every undecided case to pass."""
    if any(one.must_pass and one.state is CaseState.FAILED for one in results):
        yield Cause.MUST_PASS_FAILED
    failed = sum(one.state is CaseState.FAILED for one in results)
    if results:
        best = len(results) - failed
        if best < rule.pass_rate * len(results) - _ROUNDING:
            yield Cause.BELOW_THRESHOLD
        elif best < rule.floor * len(results) - _ROUNDING:
            yield Cause.BELOW_FLOOR
    if comparison is not None and comparison.lost and comparison.p_value < FALSE_PASS_RATE:
        yield Cause.WORSE_THAN_LIVE


def _find_unproven(results: Sequence[CaseResult], rule: Rule) -> Iterator[Cause]:
    """What the run can't show."""
    if not results:
        yield Cause.NO_CASES
        return
    cases = len(results)
    if cases < rule.tier.minimum_cases:
        yield Cause.TOO_FEW_CASES
    undecided = [one for one in results if one.state in {CaseState.ERROR, CaseState.SKIPPED}]
    if len(undecided) > ERROR_SHARE * cases:
        yield Cause.UNDECIDED_CASES
    if any(one.must_pass for one in undecided):
        yield Cause.MUST_PASS_UNDECIDED
    if get_fewest_cases(rule.floor, rule.alpha) > cases:
        yield Cause.NEVER_PROVABLE
    passed = sum(one.state is CaseState.PASSED for one in results)
    proven = is_proven(passed, cases, floor=rule.floor, alpha=rule.alpha)
    if not proven or passed < rule.pass_rate * cases - _ROUNDING:
        yield Cause.NOT_PROVEN


def _get_word(causes: Mapping[Cause, None]) -> Word:
    if not causes:
        return Word.PASS
    return Word.FAIL if FAILS & causes.keys() else Word.INCONCLUSIVE


def _get_missing(passed: int, cases: int, rule: Rule) -> int | None:
    """How many more cases would decide; the tier's minimum and a perfect score count in."""
    least = max(rule.tier.minimum_cases, get_fewest_cases(rule.floor, rule.alpha))
    if passed == cases:
        return max(0, least - cases) or None
    size = get_deciding_cases(passed, cases, floor=rule.floor, alpha=rule.alpha)
    return None if size is None else max(0, max(size, least) - cases) or None

"""The verdict says PASS only where a run proves it, and why not in every other case."""

from collections.abc import Sequence
from typing import Any

import pytest

from alos.domain.evaluation import CaseResult, CaseState, Cause, Rule, Try, Verdict, Word
from alos.domain.golden import CaseKind
from alos.domain.ids import Digest
from alos.domain.tier import Tier
from alos.evals.verdict import compare, get_verdict

P, F, E, S = CaseState.PASSED, CaseState.FAILED, CaseState.ERROR, CaseState.SKIPPED
LIVE = Digest("sha256:" + "0" * 64)


def make_case(
    number: int, *states: CaseState, must_pass: bool = False, cost: int = 0, ms: int = 10
) -> CaseResult:
    tries = tuple(
        Try(call_id=None, state=state, cost_nanousd=cost, duration_ms=ms) for state in states
    )
    return CaseResult(
        case_id=f"case-{number}",
        kind=CaseKind.HAPPY,
        must_pass=must_pass,
        fingerprint=f"{number}",
        tries=tries,
    )


def make_cases(passed: int, failed: int = 0, errors: int = 0) -> list[CaseResult]:
    states = [P] * passed + [F] * failed + [E] * errors
    return [make_case(number, state) for number, state in enumerate(states)]


def make_rule(tier: int = 2, *, rate: float = 0.9, run_number: int = 1) -> Rule:
    return Rule(
        tier=Tier(tier),
        pass_rate=rate,
        max_cost_nanousd=1_000_000_000,
        latency_seconds=15,
        latency_quantile=0.95,
        run_number=run_number,
    )


def judge(results: Sequence[CaseResult], rule: Rule | None = None) -> Verdict:
    return get_verdict(results, rule or make_rule())


@pytest.mark.parametrize(
    ("tier", "passed", "failed"),
    [(0, 10, 0), (0, 9, 1), (1, 9, 1), (2, 20, 0), (2, 18, 2), (3, 30, 0), (3, 28, 2), (4, 48, 2)],
)
def test_the_smallest_set_of_each_tier_passes_with_a_slip_or_two(
    tier: int, passed: int, failed: int
) -> None:
    verdict = judge(make_cases(passed, failed), make_rule(tier))
    assert verdict.word is Word.PASS, verdict.causes


def test_a_rate_below_the_threshold_fails() -> None:
    verdict = judge(make_cases(17, 3))
    assert verdict.word is Word.FAIL
    assert Cause.BELOW_THRESHOLD in verdict.causes


def test_a_must_pass_case_fails_the_run_whatever_the_rate() -> None:
    results = [*make_cases(49), make_case(99, F, must_pass=True)]
    verdict = judge(results)
    assert verdict.word is Word.FAIL
    assert verdict.must_pass_failed == ("case-99",)


def test_a_high_rate_on_few_cases_is_inconclusive_and_says_how_many_decide() -> None:
    verdict = judge(make_cases(18, 2), make_rule(3))
    assert verdict.word is Word.INCONCLUSIVE
    assert {Cause.NOT_PROVEN, Cause.TOO_FEW_CASES} <= set(verdict.causes)
    assert verdict.add_cases is not None
    size = 20 + verdict.add_cases
    settled = judge(make_cases(size * 18 // 20, size - size * 18 // 20), make_rule(3, rate=0.85))
    assert settled.word is Word.PASS


def test_a_rate_at_the_floor_is_no_matter_of_more_cases() -> None:
    verdict = judge(make_cases(12, 8), make_rule(2, rate=0.5))
    assert verdict.word is Word.FAIL
    assert Cause.BELOW_FLOOR in verdict.causes
    assert verdict.add_cases is None


def test_errors_stay_in_the_denominator_and_block() -> None:
    verdict = judge(make_cases(18, 0, 2))
    assert verdict.word is Word.INCONCLUSIVE
    assert Cause.UNDECIDED_CASES in verdict.causes
    assert verdict.cases == 20
    assert verdict.rate == 0.9


def test_one_error_in_twenty_may_be_but_counts_as_not_passed() -> None:
    verdict = judge(make_cases(19, 0, 1))
    assert verdict.word is Word.PASS
    assert verdict.rate == 0.95
    assert judge(make_cases(17, 2, 1)).word is Word.INCONCLUSIVE  # 17 of 20 are not 0.9


def test_an_error_on_a_must_pass_case_never_passes() -> None:
    results = [*make_cases(49), make_case(99, E, must_pass=True)]
    assert judge(results).causes == (Cause.MUST_PASS_UNDECIDED,)


def test_an_all_error_run_is_no_failure_of_the_workflow() -> None:
    verdict = judge(make_cases(0, 0, 20))
    assert verdict.word is Word.INCONCLUSIVE
    assert verdict.failed == 0


def test_an_empty_set_proves_nothing() -> None:
    verdict = judge([])
    assert verdict.word is Word.INCONCLUSIVE
    assert verdict.causes == (Cause.NO_CASES,)


def test_repeats_are_no_further_cases() -> None:
    thrice = [make_case(number, P, P, P) for number in range(10)]
    verdict = judge(thrice)
    assert verdict.cases == 10
    assert Cause.TOO_FEW_CASES in verdict.causes
    assert verdict.lower_bound == judge(make_cases(10)).lower_bound


@pytest.mark.parametrize(
    ("states", "must_pass", "state"),
    [
        ((P, P, F), False, P),
        ((P, F, F), False, F),
        ((P, F), False, F),
        ((P, P, F), True, F),
        ((P, P, E), True, E),
        ((P, E, E), False, E),
        ((P, P, E), False, P),
        ((F, E, E), False, E),
        ((F, F, E), False, F),
        ((S, S), False, S),
        ((), False, S),
    ],
)
def test_a_case_is_decided_by_more_than_half_of_its_tries(
    states: tuple[CaseState, ...], must_pass: Any, state: CaseState
) -> None:
    assert make_case(1, *states, must_pass=must_pass).state is state


def test_the_second_run_is_tested_harder() -> None:
    first = judge(make_cases(18, 2))
    second = judge(make_cases(18, 2), make_rule(run_number=2))
    assert first.word is Word.PASS
    assert second.word is Word.INCONCLUSIVE
    assert second.rule.alpha == 0.0125
    assert second.lower_bound < first.lower_bound
    assert second.add_cases


def test_where_a_perfect_score_proves_nothing_it_says_how_many_to_add() -> None:
    verdict = judge(make_cases(10), make_rule(0, run_number=3))
    assert verdict.word is Word.INCONCLUSIVE
    assert Cause.NEVER_PROVABLE in verdict.causes
    assert verdict.add_cases == 1
    assert judge(make_cases(11), make_rule(0, run_number=3)).word is Word.PASS


def test_a_loss_against_the_live_release_fails_only_where_it_is_significant() -> None:
    live = {one.case_id: one for one in make_cases(50)}
    few = make_cases(46, 4)
    verdict = get_verdict(few, make_rule(), comparison=compare(few, live, LIVE))
    assert verdict.word is Word.PASS  # 4 lost, none gained: p = 1/16
    many = make_cases(45, 5)
    verdict = get_verdict(many, make_rule(), comparison=compare(many, live, LIVE))
    assert verdict.word is Word.FAIL
    assert verdict.causes == (Cause.WORSE_THAN_LIVE,)


def test_only_unchanged_cases_are_paired() -> None:
    live = {one.case_id: one for one in make_cases(20)}
    changed = [
        CaseResult(
            case_id=one.case_id,
            kind=one.kind,
            must_pass=False,
            fingerprint="other",
            tries=one.tries,
        )
        for one in make_cases(15, 5)
    ]
    assert compare(changed, live, LIVE).shared == 0


def test_cost_and_latency_over_budget_fail() -> None:
    dear = [make_case(number, P, cost=100_000_000) for number in range(20)]
    assert judge(dear).causes == (Cause.OVER_COST,)
    slow = [*make_cases(18), make_case(90, P, ms=20_000), make_case(91, P, ms=20_000)]
    assert judge(slow).causes == (Cause.OVER_LATENCY,)
    assert judge([*make_cases(19), make_case(90, P, ms=20_000)]).word is Word.PASS


def test_no_success_has_no_cost_per_success() -> None:
    assert judge(make_cases(0, 20)).cost_per_success_nanousd is None

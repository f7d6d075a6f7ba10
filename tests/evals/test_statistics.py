"""Each formula beside values that others published, and what must hold of any numbers."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.evals.statistics import (
    get_deciding_cases,
    get_fewest_cases,
    get_kappa,
    get_loss_p_value,
    get_lower_bound,
    get_quantile,
    get_ratio_interval,
    get_upper_bound,
    get_upper_tail,
    get_wilson_interval,
    is_proven,
)

NEWCOMBE_EXACT = [
    (81, 263, 0.2527, 0.3676),
    (15, 148, 0.0578, 0.1617),
    (0, 20, 0.0, 0.1684),
    (1, 29, 0.0009, 0.1776),
]
"""R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, Table I, method 5 (exact)."""
NEWCOMBE_SCORE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]
"""The same table, method 3 (score)."""


@pytest.mark.parametrize(("passed", "cases", "low", "high"), NEWCOMBE_EXACT)
def test_the_exact_bounds_are_those_of_newcombes_table(
    passed: int, cases: int, low: float, high: float
) -> None:
    assert get_lower_bound(passed, cases, 0.025) == pytest.approx(low, abs=5e-5)
    assert get_upper_bound(passed, cases, 0.025) == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(("passed", "cases", "low", "high"), NEWCOMBE_SCORE)
def test_the_score_interval_is_that_of_newcombes_table(
    passed: int, cases: int, low: float, high: float
) -> None:
    interval = get_wilson_interval(passed, cases, 0.05)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_the_bound_of_mendels_peas_is_the_one_in_the_manual_of_r() -> None:
    # binom.test(682, 925): 0.7076683 0.7654066, two-sided at 95 %
    assert get_lower_bound(682, 925, 0.025) == pytest.approx(0.7076683, abs=1e-7)
    assert get_upper_bound(682, 925, 0.025) == pytest.approx(0.7654066, abs=1e-7)


@pytest.mark.parametrize("cases", [1, 10, 20, 59, 300])
def test_a_perfect_score_has_the_bound_in_closed_form(cases: int) -> None:
    assert get_lower_bound(cases, cases, 0.05) == pytest.approx(0.05 ** (1 / cases), abs=1e-12)


def test_fifty_nine_clean_cases_prove_ninety_five_percent() -> None:
    # the success-run rule of acceptance sampling: n = ln(0.05) / ln(0.95)
    assert get_fewest_cases(0.95, 0.05) == 59
    assert get_fewest_cases(0.90, 0.05) == 29


@pytest.mark.parametrize(
    ("lost", "gained", "p_value"),
    # binomial(n, 1/2) as in any table of the sign test
    [(5, 0, 1 / 32), (4, 0, 1 / 16), (9, 1, 11 / 1024), (8, 2, 56 / 1024), (0, 0, 1.0)],
)
def test_a_paired_loss_has_the_p_value_of_the_sign_test(
    lost: int, gained: int, p_value: float
) -> None:
    assert get_loss_p_value(lost, gained) == pytest.approx(p_value, rel=1e-9)


def test_kappa_is_that_of_the_example_everybody_prints() -> None:
    # 50 proposals, two readers: 20 both yes, 15 both no, 5 and 10 apart; kappa = 0.40
    pairs = [(True, True)] * 20 + [(False, False)] * 15
    pairs += [(True, False)] * 5 + [(False, True)] * 10
    assert get_kappa(pairs) == pytest.approx(0.4)
    assert get_kappa([(True, True)] * 9) is None
    assert get_kappa([]) is None


def test_the_ratio_interval_solves_fiellers_equation() -> None:
    costs = [10, 12, 9, 30, 11, 8, 14, 10]
    passed = [True, True, False, True, True, True, True, False]
    interval = get_ratio_interval(costs, passed, 0.05)
    number = len(costs)
    for end in (interval.low, interval.high):
        assert end is not None
        rest = [cost - end * flag for cost, flag in zip(costs, passed, strict=True)]
        mean = sum(rest) / number
        spread = math.sqrt(sum((one - mean) ** 2 for one in rest) / (number * (number - 1)))
        assert abs(mean) == pytest.approx(1.959964 * spread, rel=1e-5)


def test_without_a_success_the_cost_of_one_has_no_upper_end() -> None:
    assert get_ratio_interval([5, 5], [False, False], 0.05).high is None
    assert get_ratio_interval([5] * 30, [True] + [False] * 29, 0.05).high is None


def test_a_quantile_is_a_value_that_was_seen() -> None:
    assert get_quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.95) == 10
    assert get_quantile(list(range(1, 21)), 0.95) == 19
    assert get_quantile([], 0.95) == 0.0


counts = st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.05, 0.0125, 0.05 / 9, 0.001])


@given(counts, levels)
def test_the_bound_lies_below_the_rate_and_grows_with_the_passes(
    count: tuple[int, int], alpha: float
) -> None:
    passed, cases = count
    bound = get_lower_bound(passed, cases, alpha)
    assert 0.0 <= bound <= passed / cases
    if passed < cases:
        assert get_lower_bound(passed + 1, cases, alpha) > bound
    assert get_lower_bound(passed, cases, alpha / 4) <= bound


@given(counts, levels, st.floats(0.01, 0.99))
def test_a_bound_reaches_a_floor_exactly_where_the_test_says_so(
    count: tuple[int, int], alpha: float, floor: float
) -> None:
    passed, cases = count
    bound = get_lower_bound(passed, cases, alpha)
    if abs(bound - floor) > 1e-9:
        assert is_proven(passed, cases, floor=floor, alpha=alpha) == (bound >= floor)


@given(st.integers(1, 60), st.sampled_from([0.6, 0.7, 0.8, 0.85]), levels)
def test_a_true_rate_at_the_floor_is_proven_no_oftener_than_alpha(
    cases: int, floor: float, alpha: float
) -> None:
    proving = [n for n in range(cases + 1) if is_proven(n, cases, floor=floor, alpha=alpha)]
    chance = get_upper_tail(proving[0], cases, floor) if proving else 0.0
    assert chance <= alpha + 1e-9


@settings(deadline=None)  # a search over sizes takes as long as the machine is slow
@given(counts, st.sampled_from([0.6, 0.7, 0.8, 0.85]))
def test_the_deciding_number_decides_and_one_fewer_does_not(
    count: tuple[int, int], floor: float
) -> None:
    passed, cases = count
    size = get_deciding_cases(passed, cases, floor=floor, alpha=0.05)
    if size is None:
        return
    assert is_proven(passed * size // cases, size, floor=floor, alpha=0.05)
    if size > cases:
        one_fewer = size - 1
        assert not is_proven(passed * one_fewer // cases, one_fewer, floor=floor, alpha=0.05)


@given(st.integers(0, 40), st.integers(0, 40))
def test_more_losses_never_look_like_less(lost: int, gained: int) -> None:
    assert get_loss_p_value(lost + 1, gained) <= get_loss_p_value(lost, gained) + 1e-12

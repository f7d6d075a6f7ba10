"""A test that is looked at after every call keeps its error rate, and sees harm soon."""

import math
from random import Random  # noqa: TID251 - the same calls each time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.evals.sequential import STAKES, BoundedMeanTest

ALPHA = 0.05


def run(test: BoundedMeanTest, rate: float, calls: int, chance: Random, window: int = 0) -> None:
    for start in range(0, calls, 5):
        test.take([float(chance.random() < rate) for _ in range(5)], window + start // 200)
        if test.is_over:
            return


@pytest.mark.parametrize("bound", [0.05, 0.3])
def test_it_speaks_falsely_no_more_often_than_it_may_however_often_it_is_looked_at(
    bound: float,
) -> None:
    chance = Random(1)  # noqa: S311 - a simulation
    false = 0
    for _ in range(200):
        test = BoundedMeanTest(bound=bound, alpha=ALPHA)
        run(test, bound, 1_500, chance)
        false += test.is_over
    assert false <= 200 * ALPHA + 3 * math.sqrt(200 * ALPHA)


def test_one_step_of_capital_is_fair_at_the_bound() -> None:
    """E[1 + λ (x - bound)] = 1 for any x whose mean is the bound, so the capital can't grow."""
    bound = 0.2
    for share in STAKES:
        stake = share / bound
        mean = bound * (1 + stake * (1 - bound)) + (1 - bound) * (1 - stake * bound)
        assert mean == pytest.approx(1)
        assert 1 - stake * bound > 0  # never ruined


@given(st.lists(st.floats(0, 1), max_size=60), st.floats(0.01, 0.9))
@settings(max_examples=50, deadline=None)
def test_values_in_one_batch_or_one_by_one_are_the_same(values: list[float], bound: float) -> None:
    whole = BoundedMeanTest(bound=bound, alpha=1e-9)
    single = BoundedMeanTest(bound=bound, alpha=1e-9)
    whole.take(values, 0)
    for value in values:
        single.take([value], 0)
    if values:
        assert whole.get_log_evidence() == pytest.approx(single.get_log_evidence(), abs=1e-6)
    assert (whole.values, whole.mean) == (single.values, pytest.approx(single.mean))


@given(st.lists(st.floats(0, 0.2), max_size=200))
@settings(max_examples=30, deadline=None)
def test_values_that_are_all_below_the_bound_never_make_it_speak(values: list[float]) -> None:
    test = BoundedMeanTest(bound=0.2, alpha=0.5)
    for place, value in enumerate(values):
        test.take([value], place // 10)
    assert not test.is_over
    assert test.get_log_evidence() <= 1e-9


def test_plain_harm_is_seen_within_a_few_calls() -> None:
    test = BoundedMeanTest(bound=0.05, alpha=0.01 / 3)
    test.take([1.0] * 5, 0)
    assert test.is_over


def test_harm_that_begins_late_is_seen_because_each_window_looks_afresh() -> None:
    chance = Random(2)  # noqa: S311 - a simulation
    test = BoundedMeanTest(bound=0.05, alpha=0.01)
    run(test, 0.01, 10_000, chance)
    assert not test.is_over
    run(test, 0.3, 400, chance, window=60)
    assert test.is_over
    assert test.values < 10_400


def test_many_windows_keep_few_bets() -> None:
    test = BoundedMeanTest(bound=0.5, alpha=0.01)
    for window in range(1_000):
        test.take([0.0], window)
    assert len(test._bets) <= 64
    assert test.get_log_evidence() <= 0

"""What a set can prove is said before it is run, and is what the verdict then does."""

import pytest

from alos.domain.evaluation import Word
from alos.evals.power import describe_set, get_block_rate, get_slips
from tests.evals.test_verdict import judge, make_cases, make_rule


@pytest.mark.parametrize(("tier", "cases"), [(0, 10), (1, 14), (2, 20), (3, 30), (4, 50)])
def test_the_slips_said_are_the_slips_that_pass(tier: int, cases: int) -> None:
    rule = make_rule(tier)
    slips = get_slips(cases, rule)
    assert slips is not None
    assert slips >= 1
    assert judge(make_cases(cases - slips, slips), rule).word is Word.PASS
    assert judge(make_cases(cases - slips - 1, slips + 1), rule).word is not Word.PASS


def test_a_set_that_is_too_small_says_how_many_could() -> None:
    rule = make_rule(2)
    assert get_slips(5, rule) is None
    assert "20 could" in describe_set(5, rule)


def test_a_perfect_workflow_is_never_blocked_and_a_broken_one_always() -> None:
    rule = make_rule(2)
    assert get_block_rate(20, 1.0, rule) == pytest.approx(0.0)
    assert get_block_rate(20, 0.0, rule) == pytest.approx(1.0)
    assert get_block_rate(20, 0.8, rule) > get_block_rate(20, 0.97, rule)
    assert "20 cases pass with up to 2 failed" in describe_set(20, rule)

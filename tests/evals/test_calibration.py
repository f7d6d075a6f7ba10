"""How far a judge agrees with people: the numbers, and the word that rests on them."""

import math
from collections import Counter

import pytest

from alos.evals.calibration import CalibrationWord, Judged, calibrate
from alos.evals.statistics import get_kappa, get_kappa_error, get_kappa_interval

Pairs = list[tuple[object, object]]


def make(
    yes_yes: int, yes_no: int, no_yes: int, no_no: int, *, unreadable: int = 0, unanswered: int = 0
) -> list[Judged]:
    """Labels by (human, judge); the last ``unreadable`` and ``unanswered`` are without verdict."""
    pairs: list[tuple[bool, bool | None, bool]] = [
        *[(True, True, True)] * yes_yes,
        *[(True, False, True)] * yes_no,
        *[(False, True, True)] * no_yes,
        *[(False, False, True)] * no_no,
        *[(False, None, True)] * unreadable,
        *[(False, None, False)] * unanswered,
    ]
    return [Judged(name="c", human=a, judge=b, answered=c) for a, b, c in pairs]


def get_delta_error(pairs: Pairs) -> float:
    """The delta method by numbers alone: kappa's slope in each cell, and their covariance."""
    number, step = len(pairs), 1e-6
    cells = {pair: count / number for pair, count in Counter(pairs).items()}

    def kappa_of(shares: dict[tuple[object, object], float]) -> float:
        total = math.fsum(shares.values())
        agreed = math.fsum(s for (a, b), s in shares.items() if a == b) / total
        names = {name for pair in shares for name in pair}
        chance = math.fsum(
            math.fsum(s for (a, _), s in shares.items() if a == name)
            * math.fsum(s for (_, b), s in shares.items() if b == name)
            for name in names
        )
        return (agreed - chance / total**2) / (1 - chance / total**2)

    slopes = {
        pair: (kappa_of({**cells, pair: share + step}) - kappa_of({**cells, pair: share - step}))
        / (2 * step)
        for pair, share in cells.items()
    }
    mean = math.fsum(cells[pair] * slope for pair, slope in slopes.items())
    spread = math.fsum(cells[pair] * slope**2 for pair, slope in slopes.items()) - mean**2
    return math.sqrt(spread / number)


# 100 patients, two raters, three diagnoses: Fleiss, Cohen, Everitt's own kind of table
THREE: Pairs = (
    [("p", "p")] * 75 + [("p", "n")] + [("p", "o")] * 4 + [("n", "p")] * 5
    + [("n", "n")] * 4 + [("n", "o")] + [("o", "o")] * 10
)  # fmt: skip


@pytest.mark.parametrize(
    "pairs",
    [
        THREE,
        [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15,
        [(1, 1)] * 30 + [(1, 0)] * 2 + [(0, 0)] * 8,
        [(1, 1)] * 3 + [(1, 0)] * 4 + [(0, 1)] * 5 + [(0, 0)] * 2,
    ],
)
def test_the_error_of_kappa_is_what_the_delta_method_gives(pairs: Pairs) -> None:
    kappa = get_kappa(pairs)
    assert kappa is not None
    assert get_kappa_error(pairs, kappa) == pytest.approx(get_delta_error(pairs), rel=1e-4)


def test_kappa_and_its_error_of_the_printed_example() -> None:
    kappa = get_kappa(THREE)
    assert kappa == pytest.approx(0.676, abs=5e-4)
    assert get_kappa_error(THREE, kappa) == pytest.approx(0.088, abs=5e-4)
    found = get_kappa_interval(THREE, 0.05)
    assert (found.low, found.high) == (
        pytest.approx(0.505, abs=1e-3),
        pytest.approx(0.848, abs=1e-3),
    )


@pytest.mark.parametrize(
    ("judged", "word"),
    [
        (make(20, 1, 1, 20), CalibrationWord.AGREES),
        (make(15, 5, 5, 15), CalibrationWord.WEAK),
        (make(25, 0, 15, 0), CalibrationWord.CHANCE),  # it always says yes
        (make(10, 10, 10, 10), CalibrationWord.CHANCE),
        (make(2, 20, 20, 2), CalibrationWord.CHANCE),  # it says the contrary
        (make(20, 0, 0, 18, unreadable=3), CalibrationWord.UNREADABLE),
        (make(0, 0, 0, 20, unreadable=20), CalibrationWord.TOO_FEW),
        (make(20, 0, 0, 0, unreadable=20), CalibrationWord.UNREADABLE),
        (make(20, 0, 0, 0, unanswered=20), CalibrationWord.UNANSWERED),
        (make(10, 0, 0, 9), CalibrationWord.TOO_FEW),
        (make(30, 0, 0, 4), CalibrationWord.TOO_FEW),
        ([], CalibrationWord.TOO_FEW),
    ],
)
def test_only_a_judge_that_agrees_beyond_chance_is_a_yes(
    judged: list[Judged], word: CalibrationWord
) -> None:
    assert calibrate(judged).word is word


def test_a_judge_that_always_says_yes_may_agree_often_and_lets_everything_through() -> None:
    found = calibrate(make(90, 0, 10, 0))
    assert found.agreement == pytest.approx(0.9)
    assert (found.kappa, found.word) == (pytest.approx(0), CalibrationWord.CHANCE)
    assert (found.false_yes, found.rejected, found.false_yes_bound) == (10, 10, 1.0)


def test_what_has_no_verdict_stays_among_the_labels() -> None:
    found = calibrate(make(10, 0, 0, 10, unreadable=1, unanswered=1))
    assert (found.labels, found.agreed) == (22, 20)
    assert found.agreement == pytest.approx(20 / 22)

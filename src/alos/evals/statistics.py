"""The statistics of a verdict, each formula with its source; standard library only.

All bounds are exact (no normal approximation) except where a function says otherwise.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from statistics import NormalDist

from alos.domain.evaluation import Interval

_BISECTIONS = 60
"""Halvings of [0, 1]: more than a double can tell apart."""
MOST_CASES = 1_000
"""Where a search for a number of cases ends; nobody writes more by hand."""


def get_upper_tail(passed: int, cases: int, rate: float) -> float:
    """P(X ≥ passed) for X binomial with ``cases`` trials at ``rate``."""
    if passed <= 0:
        return 1.0
    if passed > cases or rate <= 0:
        return 0.0
    if rate >= 1:
        return 1.0
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    total = math.lgamma(cases + 1)
    terms = (
        total
        - math.lgamma(count + 1)
        - math.lgamma(cases - count + 1)
        + count * log_rate
        + (cases - count) * log_rest
        for count in range(passed, cases + 1)
    )
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def get_lower_bound(passed: int, cases: int, alpha: float) -> float:
    """Exact one-sided lower bound of a rate, at confidence 1 - ``alpha``.

    The rate at which so many or more passes have probability ``alpha``: C. J. Clopper,
    E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", Biometrika 26 (1934), 404-413.
    """
    if cases == 0 or passed == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if get_upper_tail(passed, cases, middle) < alpha:
            low = middle
        else:
            high = middle
    return low


def get_upper_bound(passed: int, cases: int, alpha: float) -> float:
    """Exact one-sided upper bound; the lower bound of the failures, turned round."""
    return 1.0 - get_lower_bound(cases - passed, cases, alpha) if cases else 1.0


def get_wilson_interval(passed: int, cases: int, alpha: float) -> Interval:
    """Two-sided score interval at confidence 1 - ``alpha``; approximate, for display only.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927), 209-212.
    """
    if cases == 0:
        return Interval(low=0.0, high=1.0)
    z = NormalDist().inv_cdf(1 - alpha / 2)
    rate = passed / cases
    scale = 1 + z * z / cases
    middle = (rate + z * z / (2 * cases)) / scale
    half = z * math.sqrt(rate * (1 - rate) / cases + z * z / (4 * cases * cases)) / scale
    return Interval(low=max(0.0, middle - half), high=min(1.0, middle + half))


def get_loss_p_value(lost: int, gained: int) -> float:
    """Exact one-sided p-value that paired cases got worse: P(X ≥ lost), X binomial(n, 1/2).

    Only cases whose result changed tell: Q. McNemar, Psychometrika 12 (1947), 153-157, in the
    exact form of the sign test (W. J. Dixon, A. M. Mood, JASA 41 (1946), 557-566).
    """
    return get_upper_tail(lost, lost + gained, 0.5)


def get_fewest_cases(floor: float, alpha: float) -> int:
    """Fewest cases with which a perfect score reaches ``floor``: floor^n ≤ alpha."""
    return max(1, math.ceil(math.log(alpha) / math.log(floor) - 1e-9))


def is_proven(passed: int, cases: int, *, floor: float, alpha: float) -> bool:
    """Whether the exact lower bound reaches ``floor``: the same test without a search."""
    return cases > 0 and get_upper_tail(passed, cases, floor) <= alpha + 1e-12


def get_deciding_cases(passed: int, cases: int, *, floor: float, alpha: float) -> int | None:
    """Fewest cases, at least ``cases``, that would prove ``floor`` at the rate seen so far.

    Returns:
        ``None`` where the rate itself is not above the floor, so that no number would.
    """
    if cases == 0:
        return get_fewest_cases(floor, alpha)
    for size in range(cases, MOST_CASES + 1):
        # whole cases: of so many, as many pass as the rate says, rounded down
        if is_proven(passed * size // cases, size, floor=floor, alpha=alpha):
            return size
        if passed <= floor * cases:
            return None
    return None


def get_ratio_interval(costs: Sequence[int], passed: Sequence[bool], alpha: float) -> Interval:
    """Interval of cost per success, over cases with their cost and whether they passed.

    The ratio of two means of paired values: E. C. Fieller, "Some problems in interval
    estimation", JRSS B 16 (1954), 175-185, with a normal quantile (approximate; for display).

    Returns:
        No upper end where so few passed that the number of successes can't be told from none.
    """
    number = len(costs)
    successes = sum(passed)
    if number < 2 or successes == 0:  # noqa: PLR2004 - a variance needs two
        return Interval(low=0.0, high=None)
    z = NormalDist().inv_cdf(1 - alpha / 2)
    cost, success = sum(costs) / number, successes / number
    scale = number * (number - 1)
    var_cost = sum((one - cost) ** 2 for one in costs) / scale
    var_success = sum((one - success) ** 2 for one in passed) / scale
    both = sum((a - cost) * (b - success) for a, b in zip(costs, passed, strict=True)) / scale
    a = success**2 - z * z * var_success
    b = cost * success - z * z * both
    c = cost**2 - z * z * var_cost
    root = b * b - a * c
    if a <= 0 or root < 0:
        return Interval(low=0.0, high=None)
    return Interval(low=max(0.0, (b - math.sqrt(root)) / a), high=(b + math.sqrt(root)) / a)


def get_quantile(values: Sequence[float], quantile: float) -> float:
    """The smallest value with at least that share at or below it (type 1); 0 of none.

    R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996), 361-365.
    """
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(quantile * len(ordered) - 1e-9) - 1)]


def get_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Agreement of two raters beyond chance; ``None`` where chance alone would agree always.

    J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960), 37-46.
    """
    number = len(pairs)
    if number == 0:
        return None
    agreed = sum(a == b for a, b in pairs) / number
    first, second = _get_margins(pairs)
    chance = math.fsum(share * second.get(name, 0.0) for name, share in first.items())
    return None if chance >= 1 else (agreed - chance) / (1 - chance)


def get_kappa_interval(pairs: Sequence[tuple[Hashable, Hashable]], alpha: float) -> Interval:
    """Two-sided large-sample interval of kappa at confidence 1 - ``alpha``; approximate.

    J. L. Fleiss, J. Cohen, B. S. Everitt, "Large sample standard errors of kappa and weighted
    kappa", Psychological Bulletin 72 (1969), 323-327.

    Returns:
        No end on either side where kappa can't be worked out.
    """
    kappa = get_kappa(pairs)
    if kappa is None:
        return Interval(low=None, high=None)
    half = NormalDist().inv_cdf(1 - alpha / 2) * get_kappa_error(pairs, kappa)
    return Interval(low=max(-1.0, kappa - half), high=min(1.0, kappa + half))


def get_kappa_error(pairs: Sequence[tuple[Hashable, Hashable]], kappa: float) -> float:
    """The large-sample standard error of ``kappa`` over ``pairs`` (Fleiss et al., as above)."""
    number = len(pairs)
    first, second = _get_margins(pairs)
    cells = {pair: count / number for pair, count in Counter(pairs).items()}
    chance = math.fsum(share * second.get(name, 0.0) for name, share in first.items())
    same = math.fsum(
        cell * (1 - (first[a] + second[b]) * (1 - kappa)) ** 2
        for (a, b), cell in cells.items()
        if a == b
    )
    other = (1 - kappa) ** 2 * math.fsum(
        cell * (second.get(a, 0.0) + first.get(b, 0.0)) ** 2
        for (a, b), cell in cells.items()
        if a != b
    )
    rest = (kappa - chance * (1 - kappa)) ** 2
    return math.sqrt(max(0.0, same + other - rest) / number) / (1 - chance)


def _get_margins(
    pairs: Sequence[tuple[Hashable, Hashable]],
) -> tuple[dict[Hashable, float], dict[Hashable, float]]:
    """The share of each label, of either rater."""
    number = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    return (
        {name: count / number for name, count in first.items()},
        {name: count / number for name, count in second.items()},
    )

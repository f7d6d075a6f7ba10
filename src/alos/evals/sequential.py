"""A test that may be looked at after every call and still keeps its error rate.

It tests "the mean of these values, each from 0 to 1, is at most a bound" by betting against it.
Whoever stakes a share of their capital that the next value is above the bound wins nothing in the
long run while the bound holds, so a large capital is evidence against it: I. Waudby-Smith,
A. Ramdas, "Estimating means of bounded random variables by betting", Journal of the Royal
Statistical Society B 86 (2024), 1-27. The capital of stake ``λ`` after values ``x`` is
``Π (1 + λ (x - bound))``. J. Ville's inequality (1939) says that it ever reaches
``1 / alpha`` with probability ``alpha`` at most, for any number of looks.

Some stakes are tried side by side, since nobody knows how bad it will be. And a new bet begins
with each window of time, so that harm that begins late is not hidden behind a good past: the bet
of the ``j``-th window has the weight ``6 / (π² j²)`` of the capital, and all weights add up to 1.
A mixture of such capitals is one, too.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

STAKES = (0.02, 0.05, 0.12, 0.25, 0.5, 0.8)
"""Shares of the largest stake that can't lose everything, ``1 / bound``."""
_SMALLEST_BOUND = 1e-4
_MOST_BETS = 64
"""Older bets that are worth the least are given up; that can only lower the evidence."""


@dataclass(slots=True)
class _Bet:
    weight: float
    log_capitals: list[float]


@dataclass(slots=True)
class BoundedMeanTest:
    """One test, which grows with the values that it takes.

    Attributes:
        bound: the mean that is still fine, above 0 and below 1.
        alpha: the share of tests that ever speak while the mean is at most the bound.
        values: how many it took.
        total: their sum.
        is_over: it has spoken; it stays so.
    """

    bound: float
    alpha: float
    values: int = 0
    total: float = 0.0
    is_over: bool = False
    _window: int | None = None
    _begun: int = 0
    _left: float = 1.0
    _bets: list[_Bet] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Keep the largest stake finite."""
        self.bound = max(self.bound, _SMALLEST_BOUND)

    def take(self, values: Iterable[float], window: int) -> None:
        """Take values of one window of time; windows come in order.

        Args:
            values: each from 0 to 1.
            window: number of the window; a new number begins a new bet.
        """
        if window != self._window:
            self._begin(window)
        counted = Counter(values)
        won = [0.0] * len(STAKES)
        for value, count in counted.items():
            for place, share in enumerate(STAKES):
                won[place] += count * math.log1p(share / self.bound * (value - self.bound))
        for bet in self._bets:
            for place, gain in enumerate(won):
                bet.log_capitals[place] += gain
        self.values += sum(counted.values())
        self.total += math.fsum(value * count for value, count in counted.items())
        needed = -math.log(self.alpha)
        if self._get_most() >= needed and self.get_log_evidence() >= needed:
            self.is_over = True

    @property
    def mean(self) -> float:
        """Of all values so far; 0 before the first."""
        return self.total / self.values if self.values else 0.0

    def get_log_evidence(self) -> float:
        """Natural logarithm of the whole capital, which began as 1."""
        terms = [math.log(self._left)] if self._left > 0 else []
        share = math.log(len(STAKES))
        for bet in self._bets:
            weight = math.log(bet.weight) - share
            terms += (weight + capital for capital in bet.log_capitals)
        highest = max(terms)
        return highest + math.log(math.fsum(math.exp(one - highest) for one in terms))

    def _get_most(self) -> float:
        """No less than the evidence, at a fraction of the work."""
        highest = max(max(bet.log_capitals) for bet in self._bets)
        return max(0.0, highest) + math.log(1 + len(self._bets) * len(STAKES))

    def _begin(self, window: int) -> None:
        self._window = window
        self._begun += 1
        weight = 6 / (math.pi * self._begun) ** 2
        self._left = max(0.0, self._left - weight)
        self._bets.append(_Bet(weight=weight, log_capitals=[0.0] * len(STAKES)))
        if len(self._bets) > _MOST_BETS:
            worst = min(
                self._bets[:-1], key=lambda bet: max(bet.log_capitals) + math.log(bet.weight)
            )
            self._bets.remove(worst)

"""How often a guard halts a rollout that is fine, and how soon one that is not.

    PYTHONPATH=src python -m benchmarks.rollout_guards --rollouts 2000

Simulated calls, a fixed seed, the product's own test. A rollout is 6,000 calls in 60 windows,
looked at after every 20 calls, with three guards that share an error rate of 1 %.
"""

import argparse
from random import Random  # noqa: TID251 - the same rollouts each time

from alos.control.guards import STAGE_ALPHA
from alos.evals.sequential import BoundedMeanTest

CALLS, WINDOWS, LOOK = 6_000, 60, 20
GUARDS = 3


def simulate(
    chance: Random, *, bound: float, before: float, after: float, turn: int, calls: int = CALLS
) -> int | None:
    """Calls until the guard speaks; ``None`` where it never does."""
    test = BoundedMeanTest(bound=bound, alpha=STAGE_ALPHA / GUARDS)
    for start in range(0, calls, LOOK):
        rate = before if start < turn else after
        values = [float(chance.random() < rate) for _ in range(LOOK)]
        test.take(values, start * WINDOWS // CALLS)
        if test.is_over:
            return start + LOOK
    return None


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=2_000)
    rollouts = parser.parse_args().rollouts
    chance = Random(8)  # noqa: S311 - a simulation
    print("| bound | rate | one guard halts falsely | three guards promise at most |")
    print("|---|---|---|---|")
    for bound in (0.02, 0.05, 0.1, 0.3):
        for share in (1.0, 0.8):
            rate = bound * share
            found = [
                simulate(chance, bound=bound, before=rate, after=rate, turn=0)
                for _ in range(rollouts)
            ]
            false = sum(one is not None for one in found)
            print(f"| {bound} | {rate:.3f} | {false} of {rollouts} | {STAGE_ALPHA:.0%} |")
    print()
    print(
        "| bound | rate before | harm | begins at call | halted | calls until then (50 %, 95 %) |"
    )
    print("|---|---|---|---|---|---|")
    few = max(1, rollouts // 10)
    for bound, before, after in (
        (0.05, 0.02, 0.1),
        (0.05, 0.02, 0.2),
        (0.05, 0.02, 0.5),
        (0.1, 0.05, 0.3),
        (0.3, 0.2, 0.6),
    ):
        for turn in (0, 3_000):
            taken = sorted(
                one - turn
                for _ in range(few)
                if (one := simulate(chance, bound=bound, before=before, after=after, turn=turn))
                is not None
                and one > turn
            )
            middle, late = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
            print(
                f"| {bound} | {before} | {after} | {turn:,} | {len(taken)} of {few}"
                f" | {middle}, {late} |"
            )


if __name__ == "__main__":
    main()

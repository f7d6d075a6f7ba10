"""How long it takes until what one of three gateways is told is in force on the others.

    PYTHONPATH=src python -m benchmarks.news_across_gateways --rounds 3

Three processes on one real PostgreSQL and one real Valkey, started anew for each round. The time
runs from the answer of the first gateway (for a leaver: from when the directory's request was
sent) until the last of the others acts on it; what is asked of them takes part of it.
"""

import argparse
from statistics import median

import pytest

from tests.control.organisation_folder import NO_WAIVERS
from tests.e2e.cluster import run_cluster
from tests.e2e.news import News


def main() -> None:
    """Print a line for each kind of news."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    found: dict[str, list[float]] = {}
    for _ in range(parser.parse_args().rounds):
        with (
            pytest.MonkeyPatch.context() as patch,
            run_cluster(patch, 3, changes=NO_WAIVERS) as cluster,
        ):
            for name, seconds in News(cluster).of_everything():
                found.setdefault(name, []).append(seconds)
    for name, figures in found.items():
        print(f"| {name} | {median(figures):.2f} s | {max(figures):.2f} s |")


if __name__ == "__main__":
    main()

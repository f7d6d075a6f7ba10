"""What one governed call costs: CPU time per call beside nginx and a server that does nothing.

./run bench                      all subjects, about two minutes
./run bench --seconds 2 --rounds 1
"""

import argparse
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a file

from benchmarks.harness import report
from benchmarks.harness.alos import alos_gateway, why_not
from benchmarks.harness.echo import echo
from benchmarks.harness.measure import Plan, Row, measure
from benchmarks.harness.nginx import nginx_proxy
from benchmarks.harness.subject import NotStarted, Subject
from benchmarks.harness.upstream import upstream

RESULTS = Path(__file__).parent / "results"
_DOWN = 3
_DISTURBED = 0.05


def main() -> int:
    """Measures, prints the table and writes the result; exit 0 done, 1 calls failed, 3 can't."""
    arguments = parse()
    missing = [tool for tool in ("wrk", "nginx") if shutil.which(tool) is None]
    if missing:
        names = " and ".join(missing)
        print(f"bench: needs {names}. On Debian or Ubuntu: apt-get install {' '.join(missing)}")
        return _DOWN
    subjects, notes = choose(arguments.only)
    plan = make_plan(arguments)
    if not plan.subject_cores:
        notes.append("One core: load, upstream and subject share it, so latencies say little.")
    try:
        with upstream(plan.load_cores) as model:
            if not model.streams:
                notes.append("Streams were not measured: the upstream needs a C compiler (gcc).")
            rows = measure(subjects, model, plan, lambda text: print(f"bench: {text}", flush=True))
            notes += failures(rows) + disturbances(rows)
            written = report.to_json(rows, model, plan, notes)
            report.show(rows, model, plan, notes)
    except NotStarted as error:
        print(f"bench: did not start: {error}")
        return _DOWN
    stamp = f"{datetime.now(UTC):%Y-%m-%d-%H%M}"  # noqa: TID251 - a file's name
    file = arguments.output or RESULTS / f"gateway_call-{stamp}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(written)
    print(f"bench: written to {os.path.relpath(file)}")
    return 1 if failures(rows) else 0


def parse() -> argparse.Namespace:
    """The options, whose defaults are the published run."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5, help="of load in each round")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is told")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", action="append", metavar="NAME", help="part of a subject's name")
    parser.add_argument("--output", type=Path, help="file for the result as JSON")
    return parser.parse_args()


def choose(only: list[str] | None) -> tuple[list[Subject], list[str]]:
    """The subjects to measure, and a note on each that can't be."""
    subjects, notes = [nginx_proxy(), echo()], []
    if (reason := why_not()) is None:
        subjects.append(alos_gateway())
    else:
        notes.append(f"alos was not measured: {reason}")
    if only:
        subjects = [one for one in subjects if any(part in one.name for part in only)]
    return subjects, notes


def make_plan(arguments: argparse.Namespace) -> Plan:
    """The subject gets the last core for itself where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    alone = {cores[-1]} if len(cores) > 1 else set()
    return Plan(
        seconds=arguments.seconds,
        rounds=arguments.rounds,
        connections=arguments.connections,
        subject_cores=alone,
        load_cores=set(cores) - alone if alone else set(),
    )


def failures(rows: list[Row]) -> list[str]:
    """A note for each row in which calls failed: its figures are worth nothing."""
    return [
        f"{row.subject}, {row.shape}: {row.median.failures} of {row.median.requests} calls failed"
        for row in rows
        if row.median.failures
    ]


def disturbances(rows: list[Row]) -> list[str]:
    """A note for each row that had to share its core."""
    return [
        f"{row.subject}, {row.shape}: others took {row.median.taken_by_others:.0%} of its core"
        for row in rows
        if row.median.taken_by_others > _DISTURBED
    ]


if __name__ == "__main__":
    sys.exit(main())

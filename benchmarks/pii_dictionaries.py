"""Measures what a dictionary of N entries costs: `python benchmarks/pii_dictionaries.py 50000`."""

from __future__ import annotations

import argparse
import inspect
import random  # noqa: TID251 - a repeatable sample
import re
import statistics
import sys
import textwrap
import time

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.dictionaries import Dictionary, build_dictionary_pack

SUFFIXES = ("Ltd", "GmbH", "Inc", "Group", "Holdings", "Bank", "Partners", "AG")
WITH_SUFFIX = 0.7


def main(count: int) -> None:
    """Print compile time and median scan time over 1,500-character pieces of source text."""
    source = "\n".join(
        inspect.getsource(module) for module in (argparse, inspect, statistics, textwrap)
    )
    words = sorted(set(re.findall(r"[A-Za-z]{4,12}", source)))
    dice = random.Random(20)  # noqa: S311 - a repeatable sample
    entries: set[str] = set()
    while len(entries) < count:
        name = f"{dice.choice(words).title()} {dice.choice(words).title()}"
        entries.add(f"{name} {dice.choice(SUFFIXES)}" if dice.random() < WITH_SUFFIX else name)
    begin = time.perf_counter()
    pack = build_dictionary_pack([Dictionary(type="CUSTOMER_DATA", entries=sorted(entries))])
    scanner = build_scanner([pack])
    compiled = time.perf_counter() - begin
    bare = build_scanner([build_dictionary_pack([Dictionary(type="X", entries=["zyxwvut"])])])
    pieces = [source[at : at + 1500] for at in range(0, len(source) - 1500, 1500)]
    print(f"entries {count}, literals {len(pack.triggers)}, compile {compiled:.1f} s")
    print(f"scan of 1,500 characters: median {median_us(scanner, pieces):.1f} µs")
    print(f"the same with one entry: median {median_us(bare, pieces):.1f} µs")


def median_us(scanner: Scanner, pieces: list[str]) -> float:
    """Return the median CPU time of a scan of one piece in microseconds."""
    times: list[int] = []
    for _ in range(20):
        for piece in pieces:
            begin = time.thread_time_ns()
            scanner.scan(piece)
            times.append(time.thread_time_ns() - begin)
    return statistics.median(times) / 1000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)

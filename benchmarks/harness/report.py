"""Writes down what was measured, where, and with what: JSON to keep and a table to read."""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.harness.measure import Plan, Row
from benchmarks.harness.upstream import Upstream

YARDSTICK = "nginx proxy_pass"
_PACKAGES = ("httptools", "hyperscan", "msgspec", "pyreqwest", "uvicorn", "uvloop")


def to_json(rows: Sequence[Row], upstream: Upstream, plan: Plan, notes: list[str]) -> str:
    """Everything that a reader needs to judge the figures or to repeat them."""
    told: dict[str, Any] = {
        "command": "./run bench " + " ".join(sys.argv[1:]),
        "machine": machine(),
        "versions": versions(),
        "upstream": upstream.kind,
        "plan": asdict(plan)
        | {name: sorted(getattr(plan, name)) for name in ("subject_cores", "load_cores")},
        "notes": notes,
        "rows": [asdict(row) | {"times_nginx": times_yardstick(row, rows)} for row in rows],
    }
    return json.dumps(told, indent=2) + "\n"


def table(rows: Sequence[Row], upstream: Upstream, plan: Plan) -> Table:
    """The medians, one line a subject and shape."""
    title = f"{plan.connections} connections, {plan.rounds} x {plan.seconds} s, {upstream.kind}"
    made = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    made.add_column("subject", no_wrap=True)
    made.add_column("call", no_wrap=True)
    for name in ("CPU µs", "x nginx", "calls/s", "p50 ms", "p99 ms", "alone µs", "MB"):
        made.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        figures = row.median
        ratio = times_yardstick(row, rows)
        made.add_row(
            row.subject,
            row.shape,
            f"{figures.cpu_us_per_request:.1f}",
            "" if ratio is None else f"{ratio:.1f}",
            f"{figures.requests_per_second:,.0f}",
            f"{figures.p50_us / 1000:.2f}",
            f"{figures.p99_us / 1000:.2f}",
            f"{figures.alone_p50_us:.0f}",
            f"{figures.resident_mb:.0f}",
        )
    return made


def show(rows: Sequence[Row], upstream: Upstream, plan: Plan, notes: list[str]) -> None:
    """Prints the table and what must be known beside it."""
    console = Console(width=None if sys.stdout.isatty() else 120)  # whole figures in a file
    console.print(table(rows, upstream, plan))
    for note in notes:
        console.print(f"- {note}")


def times_yardstick(row: Row, rows: Sequence[Row]) -> float | None:
    """How many times nginx's CPU a call takes; none where nginx was not measured beside it."""
    for other in rows:
        if (other.subject, other.shape) == (YARDSTICK, row.shape):
            return row.median.cpu_us_per_request / other.median.cpu_us_per_request
    return None


def machine() -> dict[str, Any]:
    """The machine without anything that names it."""
    models = re.findall(r"(?m)^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text())
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "kernel": platform.release(),
        "sha256_of_1400_bytes_us": round(_calibrate(), 2),
    }


def _calibrate() -> float:
    """Best of ten: tells a slow machine, or a slow minute, from a slow subject."""
    block, count = bytes(1400), 10_000

    def once() -> float:
        started = time.process_time()
        for _ in range(count):
            hashlib.sha256(block).digest()
        return (time.process_time() - started) / count * 1e6

    return min(once() for _ in range(10))


def versions() -> dict[str, str]:
    """What took part."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for command in (["nginx", "-v"], ["wrk", "-v"]):
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
        found[command[0]] = (result.stdout + result.stderr).splitlines()[0].strip()
    return found

"""What a process and everything it started has used: CPU time and memory, from /proc."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """CPU time since the start and memory now, over a whole process tree."""

    run_ns: int
    """From schedstat, in nanoseconds; threads that have ended are not in it."""
    ticks_ns: int
    """utime + stime, in whole clock ticks; threads that have ended are in it."""
    resident_bytes: int


def tree(root: int) -> list[int]:
    """A process and all its descendants that are alive."""
    parents = {pid: int(fields[1]) for pid, fields in _all_stats()}
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def usage(root: int) -> Usage:
    """Adds up what the tree below `root` has used."""
    pids = tree(root)
    return Usage(
        run_ns=sum(_run_ns(pid) for pid in pids),
        ticks_ns=sum(_ticks(pid) for pid in pids) * 1_000_000_000 // _TICKS_PER_SECOND,
        resident_bytes=sum(_resident_bytes(pid) for pid in pids),
    )


def core_ns(cores: set[int]) -> int:
    """Time that these cores spent in processes or lost to other machines, not in interrupts."""
    total = 0
    for line in (PROC / "stat").read_text().splitlines():
        name, *fields = line.split()
        if name.removeprefix("cpu") in {str(core) for core in cores}:
            user, nice, system, steal = (int(fields[index]) for index in (0, 1, 2, 7))
            total += user + nice + system + steal
    return total * 1_000_000_000 // _TICKS_PER_SECOND


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Processes started inside run on these cores; no cores means anywhere."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _all_stats() -> Iterator[tuple[int, list[str]]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            yield int(folder.name), fields


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5)); none if the process is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _run_ns(pid: int) -> int:
    total = 0
    for thread in _threads(pid):
        try:
            total += int((thread / "schedstat").read_text().split()[0])
        except OSError:  # it has just ended
            continue
    return total


def _threads(pid: int) -> list[Path]:
    try:
        return list((PROC / str(pid) / "task").iterdir())
    except OSError:
        return []


def _resident_bytes(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if fields else 0

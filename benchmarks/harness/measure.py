"""Measures one subject under load, and several in turns so that a slow minute hits them all."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from benchmarks.harness import load
from benchmarks.harness.conversation import PATHS, write_request
from benchmarks.harness.processes import Usage, core_ns, usage
from benchmarks.harness.subject import CHAT_PATH, Subject, running
from benchmarks.harness.upstream import Upstream

_WARM_UP_SECONDS = 1
_ALONE_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How hard and how long."""

    seconds: int
    rounds: int
    connections: int
    subject_cores: set[int]
    load_cores: set[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one subject did in one round."""

    cpu_us_per_request: float
    cpu_us_per_request_by_ticks: float
    upstream_cpu_us_per_request: float
    requests_per_second: float
    p50_us: int
    p99_us: int
    alone_p50_us: int
    """Median latency of one connection without others beside it."""
    resident_mb: float
    taken_by_others: float
    """Share of the subject's cores that went to anybody else; figures above 0.05 are doubtful."""
    requests: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A subject and a shape of call: the median of each figure over the rounds."""

    subject: str
    shape: str
    median: Round
    rounds: list[Round]


def measure(
    subjects: Sequence[Subject], upstream: Upstream, plan: Plan, progress: Callable[[str], None]
) -> list[Row]:
    """Runs every subject and shape once a round.

    Raises:
        NotStarted: a subject did not come up.
    """
    shapes = list(PATHS) if upstream.streams else ["plain"]
    found: dict[tuple[str, str], list[Round]] = {
        (subject.name, shape): [] for shape in shapes for subject in subjects
    }
    for number in range(plan.rounds):
        for subject in subjects:
            progress(f"round {number + 1} of {plan.rounds}: {subject.name}")
            for shape in shapes:
                result = measure_once(subject, upstream, plan, shape=shape)
                found[subject.name, shape].append(result)
    return [
        Row(subject=name, shape=shape, median=_median(rounds), rounds=rounds)
        for (name, shape), rounds in found.items()
    ]


def measure_once(subject: Subject, upstream: Upstream, plan: Plan, *, shape: str) -> Round:
    """Starts the subject afresh, warms it up, and measures it."""
    body = write_request(shape)
    with running(subject, upstream=upstream.base_url, cores=plan.subject_cores) as server:
        headers = {"content-type": "application/json"} | server.headers

        def press(connections: int, seconds: int) -> load.Load:
            return load.run(
                server.chat_url.removesuffix(CHAT_PATH) + PATHS[shape],
                body=body,
                headers=headers,
                connections=connections,
                seconds=seconds,
                cores=plan.load_cores,
            )

        press(plan.connections, _WARM_UP_SECONDS)
        alone = press(1, _ALONE_SECONDS)
        before = _Reading.of(server.pid, upstream.pid, plan.subject_cores)
        seen = press(plan.connections, plan.seconds)
        after = _Reading.of(server.pid, upstream.pid, plan.subject_cores)
    return _figures(seen, alone, before, after)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """The meters at one moment."""

    server: Usage
    upstream: Usage
    cores_ns: int

    @classmethod
    def of(cls, server: int, upstream: int, cores: set[int]) -> "_Reading":
        return cls(server=usage(server), upstream=usage(upstream), cores_ns=core_ns(cores))


def _figures(seen: load.Load, alone: load.Load, before: _Reading, after: _Reading) -> Round:
    count = max(seen.requests, 1)
    run_ns = after.server.run_ns - before.server.run_ns
    ticks_ns = after.server.ticks_ns - before.server.ticks_ns
    upstream_ns = after.upstream.run_ns - before.upstream.run_ns
    others_ns = after.cores_ns - before.cores_ns - run_ns
    return Round(
        cpu_us_per_request=run_ns / 1000 / count,
        cpu_us_per_request_by_ticks=ticks_ns / 1000 / count,
        upstream_cpu_us_per_request=upstream_ns / 1000 / count,
        requests_per_second=seen.requests / (seen.duration_us / 1e6),
        p50_us=seen.p50_us,
        p99_us=seen.p99_us,
        alone_p50_us=alone.p50_us,
        resident_mb=after.server.resident_bytes / 1e6,
        taken_by_others=max(0.0, others_ns / 1000 / seen.duration_us),
        requests=seen.requests,
        failures=seen.failures,
    )


def _median(rounds: list[Round]) -> Round:
    columns = [asdict(one) for one in rounds]
    middle = {name: statistics.median(c[name] for c in columns) for name in columns[0]}
    totals = {name: sum(c[name] for c in columns) for name in ("requests", "failures")}
    return Round(**(middle | totals))

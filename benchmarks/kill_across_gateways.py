"""How long a kill on one of four gateways takes until the last stream on any of them is cut.

    PYTHONPATH=src python -m benchmarks.kill_across_gateways --rounds 5

Four processes on one real PostgreSQL and one real Valkey, one endless stream through each; the
switch is pulled through the first one's API, with everything up, then without either part.
"""

import argparse
import asyncio
import time
from http import HTTPStatus
from statistics import median

import pytest

from tests.e2e.cluster import Cluster, run_cluster
from tests.e2e.gateway import Gateway
from tests.e2e.organisation import SUPPORT
from tests.e2e.test_kill_across_gateways import (
    TARGET,
    begin_streams,
    is_served,
    pull_and_wait,
    wait_for,
)

CASES: tuple[tuple[str, ...], ...] = ((), ("postgresql",), ("valkey",))


async def measure(cluster: Cluster, key: str, parts: tuple[str, ...]) -> float:
    """Seconds from the pull until the last of the streams was at its end."""
    first, second, *_ = cluster.gateways
    await wait_for(cluster, key, is_served, 30)

    async def pull() -> None:
        await asyncio.to_thread(first.manage, "POST", "/api/v1/stops", TARGET)

    streams = await begin_streams(cluster, key)
    with cluster.stopped(*parts):
        seconds = await pull_and_wait(streams, pull)
    revive(second)
    return seconds


def revive(gateway: Gateway) -> None:
    """Take the switch back, as soon as the store that has just come back lets it."""
    while gateway.manage("POST", "/api/v1/revivals", TARGET)[0] != HTTPStatus.OK:
        time.sleep(0.1)


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with pytest.MonkeyPatch.context() as patch, run_cluster(patch) as cluster:
        key = cluster.gateways[0].create_key(SUPPORT)
        for parts in CASES:
            found = [asyncio.run(measure(cluster, key, parts)) for _ in range(rounds)]
            down = parts[0] if parts else "nothing"
            print(f"{down} down: median {median(found):.3f} s, worst {max(found):.3f} s")


if __name__ == "__main__":
    main()

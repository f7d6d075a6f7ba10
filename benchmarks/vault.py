"""What storing a call's two bodies costs: CPU of the process, and bytes on disk.

``PYTHONPATH=src python -m benchmarks.vault [--calls 20000] [--at-once 64] [--bytes 1400]``

Both bodies of a call are put and then waited for, as ``pipeline/finish.py`` does. The figure is
the whole process's CPU time, writer thread included, without what an empty task costs.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from alos.domain.ids import WorkspaceId
from alos.domain.vault import Shelf
from alos.store.vault.files import FileVault
from alos.store.vault.master import FileMasterKey

SHELF = Shelf(WorkspaceId("support"), "standard", "2026-11-25")


async def _run(folder: Path, calls: int, at_once: int, size: int) -> None:
    vault = await FileVault.start(folder / "keys", folder / "bodies", FileMasterKey(bytes(32)))
    body = os.urandom(size)

    async def store(call: str) -> None:
        references = [
            vault.put(body, shelf=SHELF, label=f"{call}/{kind}") for kind in ("request", "answer")
        ]
        await vault.sync(references)

    async def nothing(_: str) -> None:
        await asyncio.sleep(0)

    async def work(todo: int, one: object) -> None:
        assert callable(one)
        for number in range(todo):
            await one(f"call_{number:026}")

    spent = []
    for one in (nothing, store):
        start, wall = time.process_time(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work(calls // at_once, one))
        spent.append((time.process_time() - start, time.perf_counter() - wall))
    await vault.stop()
    (idle, _), (busy, wall) = spent
    done = calls // at_once * at_once
    on_disk = _measure(folder)
    print(f"{done} calls, 2 bodies of {size} bytes, {at_once} at once")
    print(f"{(busy - idle) / done * 1e6:.1f} CPU-us a call, {done / wall:,.0f} calls/s")
    print(f"{done / vault.metrics.batches:.1f} calls a batch")
    print(f"{on_disk / done - 2 * size:.1f} bytes a call beyond the bodies themselves")


def _measure(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--bytes", type=int, default=1_400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(Path(folder), given.calls, given.at_once, given.bytes))


if __name__ == "__main__":
    main()

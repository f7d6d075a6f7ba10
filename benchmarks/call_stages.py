"""Where the CPU time of a governed call goes: by stage on the event loop, and by thread.

    PYTHONPATH=src:. python -m benchmarks.call_stages
    PYTHONPATH=src:. python -m benchmarks.call_stages --shape stream --at-once 16

The whole installation in this process, 64 calls at once and the model server of `./run bench`
behind it, but no HTTP server in front: what that costs is in `./run bench` beside the echo. Each
stage's time leaves out the stages inside it, and of a stage that waits only its own steps count.
Measuring adds some microseconds for each stage to the one around it, so `run` looks dearer than it
is. The least of the rounds is told.
"""

import argparse
import asyncio
import gc
import inspect
import json
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from shutil import copytree
from time import thread_time_ns
from types import coroutine
from typing import Any

import uvloop

from alos.pipeline.admit import Admit
from alos.pipeline.again import Again
from alos.pipeline.budget import Budget
from alos.pipeline.check import Check
from alos.pipeline.dispatch import Dispatch
from alos.pipeline.endings import Endings
from alos.pipeline.examine import Examine, StreamExaminer
from alos.pipeline.finish import Finish
from alos.pipeline.identify import Identify
from alos.pipeline.keep import Keep
from alos.pipeline.run import Pipeline
from alos.providers.http import HttpProvider
from alos.server.bootstrap import Installation, build
from alos.server.settings import Settings
from alos.store.journal import FileJournal
from benchmarks.harness.alos import CONFIG, WORKFLOW
from benchmarks.harness.conversation import PATHS, write_request
from benchmarks.harness.upstream import upstream

_CALLS = 2048
_STAGES: dict[str, tuple[type[Any], str]] = {
    "run: the order of the stages": (Pipeline, "run"),
    "identify": (Identify, "__call__"),
    "admit: read the request, workflow, gate, prompt, route": (Admit, "__call__"),
    "again: idempotency, cache": (Again, "claim"),
    "journal: the opening, written": (FileJournal, "open"),
    "budget": (Budget, "__call__"),
    "check: detectors over the request": (Check, "__call__"),
    "dispatch: candidates, breakers, the answer read": (Dispatch, "__call__"),
    "provider: the HTTP client": (HttpProvider, "send"),
    "examine: detectors over the answer": (Examine, "__call__"),
    "examine: events of a stream": (StreamExaminer, "take"),
    "endings": (Endings, "close"),
    "finish: money, hashes, the record": (Finish, "__call__"),
    "keep: both bodies encrypted": (Keep, "__call__"),
    "journal: the closings of a batch, sealed and written": (FileJournal, "_write_waiting"),
    "journal: a batch answered, receipts": (FileJournal, "_on_synced"),
}


class Meter:
    """Own CPU time of each stage on the event loop."""

    def __init__(self) -> None:
        self.spent_ns: Counter[str] = Counter()
        self._inside: list[int] = []

    def watch(self, name: str, cls: type[Any], method: str) -> None:
        """Time a method from now on."""
        work = getattr(cls, method)
        if inspect.iscoroutinefunction(work):

            async def timed(*args: Any, **kwargs: Any) -> Any:
                return await self._drive(name, work(*args, **kwargs))
        else:

            def timed(*args: Any, **kwargs: Any) -> Any:
                return self._step(name, lambda: work(*args, **kwargs))

        setattr(cls, method, timed)

    def _step(self, name: str, work: Callable[[], Any]) -> Any:
        start = thread_time_ns()
        self._inside.append(0)
        try:
            return work()
        finally:
            whole, inner = thread_time_ns() - start, self._inside.pop()
            self.spent_ns[name] += whole - inner
            if self._inside:
                self._inside[-1] += whole

    @coroutine
    def _drive(self, name: str, work: Any) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = lambda: work.send(None)  # noqa: E731 (rebound below)
        while True:
            try:
                waits_for = self._step(name, step)
            except StopIteration as end:
                return end.value
            try:
                given = yield waits_for
                step = lambda given=given: work.send(given)  # noqa: E731
            except BaseException as error:  # noqa: BLE001 (handed on, as `await` does)
                step = lambda error=error: work.throw(error)  # noqa: E731


def get_thread_ns() -> dict[str, int]:
    """CPU time of each thread of this process, by its name."""
    spent: Counter[str] = Counter()
    for one in threading.enumerate():
        line = Path(f"/proc/self/task/{one.native_id}/schedstat").read_text()
        name = "shipper and sealer" if one.name.startswith(("asyncio", "uvloop")) else one.name
        spent[name] += int(line.split()[0])
    return dict(spent)


async def make_key(installation: Installation) -> str:
    """A key for the benchmark's workflow, made as the command line does."""
    wish = {"workflows": [WORKFLOW], "principal": None, "expires_at_unix": None}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(wish).encode()}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "http_version": "1.1", "scheme": "http", "method": "POST",
        "path": "/api/v1/keys", "raw_path": b"/api/v1/keys", "query_string": b"", "client": None,
        "server": None, "headers": headers,
    }  # fmt: skip
    await installation.local(scope, receive, send)
    return str(json.loads(b"".join(one.get("body", b"") for one in sent))["key"])


def make_call(installation: Installation, shape: str, key: str) -> Callable[[], Awaitable[None]]:
    """What makes one call, and looks that it was answered."""
    body = write_request(shape)
    headers = [
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {key}".encode()),
    ]
    headers.append((b"content-length", b"%d" % len(body)))
    extensions = {"alos.gone": lambda _: None, "alos.known": lambda: None}
    scope = {"type": "http", "method": "POST", "path": PATHS[shape], "headers": headers}
    scope |= {"client": ("127.0.0.1", 1), "extensions": extensions}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200, message  # noqa: PLR2004

    return lambda: installation.public(dict(scope), receive, send)


async def measure(home: Path, base_url: str, options: argparse.Namespace) -> None:
    """Print the table."""
    copytree(CONFIG, home / "config")
    organisation = home / "config" / "alos.yaml"
    organisation.write_text(organisation.read_text().replace("http://127.0.0.1:1", base_url))
    meter = Meter()
    for name, (cls, method) in _STAGES.items():
        meter.watch(name, cls, method)
    settings = Settings(home=home / "home", config=home / "config", dev=True)
    installation = await build(settings)
    call = make_call(installation, options.shape, await make_key(installation))

    async def press(calls: int) -> None:
        for _ in range(calls):
            await asyncio.ensure_future(call())

    await press(100)
    gc.collect()  # as `alos serve` does
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    best: tuple[dict[str, int], dict[str, int]] | None = None
    for _ in range(options.rounds):
        meter.spent_ns.clear()
        before = get_thread_ns()
        async with asyncio.TaskGroup() as group:
            for _ in range(options.at_once):
                group.create_task(press(_CALLS // options.at_once))
        threads = {name: ns - before.get(name, 0) for name, ns in get_thread_ns().items()}
        if best is None or sum(threads.values()) < sum(best[1].values()):
            best = dict(meter.spent_ns), threads
    await installation.close()
    assert best is not None, "at least one round"
    stages, threads = best
    stages["door, loop, sockets and the rest"] = threads["MainThread"] - sum(stages.values())
    for title, spent in (("on the event loop", stages), ("by thread", threads)):
        print(f"\n{title}, CPU us a call")
        for name, ns in sorted(spent.items(), key=lambda one: -one[1]):
            if ns > _CALLS * 500:
                print(f"{ns / _CALLS / 1_000:8.1f}  {name}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=PATHS, default="plain")
    parser.add_argument("--at-once", type=int, default=64, choices=(1, 4, 16, 64, 256))
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with upstream({cores[0]}) as model, tempfile.TemporaryDirectory() as folder:
        os.sched_setaffinity(0, {cores[-1]})
        uvloop.run(measure(Path(folder), model.base_url, options))


if __name__ == "__main__":
    main()

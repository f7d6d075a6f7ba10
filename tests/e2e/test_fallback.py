"""A workflow whose model is down: its text, and a queue that outlives the process."""

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import RARE, SUPPORT, get_path

QUEUED = (
    (get_path(RARE), "kind: static_text", "kind: queue\n  queue: on-call\n  when_stopped: true"),
    (get_path(RARE), "requests_per_minute: 2", "requests_per_minute: 1000"),
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway(changes=QUEUED) as running:
        yield running


async def test_the_static_text_answers_whole_and_streamed_while_the_model_is_down(
    gateway: Gateway,
) -> None:
    key = gateway.create_key(SUPPORT)
    whole = await ask(gateway.port, say("[[fail]] hello"), key=key)
    streamed = await ask(gateway.port, say("[[fail]] hello", stream=True), key=key)
    assert (whole.status, streamed.status) == (HTTPStatus.OK, HTTPStatus.OK)
    assert whole.headers["x-alos-fallback"] == streamed.headers["x-alos-fallback"] == "text"
    assert b"Please write the reply" in whole.body
    assert b"Please write the reply" in streamed.body
    assert streamed.body.endswith(b"data: [DONE]\n\n")
    record = gateway.wait_until_shipped(whole.headers["x-alos-call"])["record"]
    assert record["reason"] == "alos_upstream_failed"


async def test_a_request_waits_for_a_person_also_after_the_process_was_killed(
    gateway: Gateway,
) -> None:
    key = gateway.create_key(RARE)
    answer = await ask(gateway.port, say("[[fail]] the disk of db1 is full"), key=key)
    assert answer.status == HTTPStatus.ACCEPTED
    held_id = answer.headers["x-alos-hold"]
    gateway.kill()
    gateway.start()
    listed = json.loads(gateway.cli("held", "list", "--json").stdout)
    assert held_id in [one["id"] for one in listed]
    shown = gateway.cli("held", "show", held_id)
    assert "the disk of db1 is full" in shown.stdout
    upstreams = json.loads(gateway.cli("upstreams", "--json").stdout)
    assert upstreams["connections"][0]["in_use"] == 0


async def test_a_stopped_workflow_answers_nothing_but_its_fallback(gateway: Gateway) -> None:
    key = gateway.create_key(RARE)
    assert gateway.cli("kill", RARE, "--reason", "drill").returncode == 0
    before = len(gateway.upstream.bodies)
    answer = await ask(gateway.port, say("hello"), key=key)
    assert answer.headers["x-alos-reason"] == "alos_workflow_stopped"
    assert answer.headers["x-alos-fallback"] == "queue"
    assert len(gateway.upstream.bodies) == before
    assert gateway.cli("revive", RARE).returncode == 0

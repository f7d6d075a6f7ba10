"""A release that goes bad while it rolls out is halted by the gateway, with nobody looking."""

import asyncio
import json
import time
from collections.abc import Iterator

import pytest

from tests.control.organisation_folder import NO_WAIVERS
from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import SUPPORT, get_path
from tests.e2e.test_evals import run, write_golden_set
from tests.e2e.test_from_gate_to_night import RELEASE, do, vote
from tests.e2e.upstream import run_upstream

GUARD = (
    get_path(SUPPORT),
    "above: 0.05, window_minutes: 60, minimum_calls: 20, action: kill",
    "above: 0.05, window_minutes: 60, minimum_calls: 20, action: halt",
)
LEAKED = "The key is AKIA" + "Q3EGRWLW" + "XBN7ZP2M, keep it."
LONGEST_SECONDS = 60


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with (
        run_upstream() as upstream,
        lay_out_gateway(upstream, changes=(*NO_WAIVERS, GUARD)) as made,
    ):
        write_golden_set(made.config)
        made.start()
        yield made


def get_halted(gateway: Gateway) -> str:
    shown = json.loads(do(gateway, "release", "show", RELEASE, "--json").stdout)
    return str(shown["halted"])


async def ask_times(gateway: Gateway, key: str, count: int) -> list[int]:
    answers = [await ask(gateway.port, say(), key=key) for _ in range(count)]
    return [answer.status for answer in answers]


def test_calls_worse_than_the_bound_halt_the_release_and_good_ones_do_not(
    gateway: Gateway,
) -> None:
    machine = gateway.create_key(SUPPORT, principal="support-console")
    assert run(gateway, "gate", "--key", machine).returncode == 0
    do(gateway, "release", "submit", str(gateway.config / "workflows" / SUPPORT))
    vote(gateway, "emil", "pm")
    vote(gateway, "dan", "security")
    do(gateway, "release", "promote", RELEASE)
    person = gateway.create_key(SUPPORT, principal="ben")  # of the internal stage's group
    assert asyncio.run(ask_times(gateway, person, 40)) == [200] * 40
    assert get_halted(gateway) == ""

    gateway.upstream.says = LEAKED
    until = time.monotonic() + LONGEST_SECONDS
    while not (halted := get_halted(gateway)) and time.monotonic() < until:
        asyncio.run(ask_times(gateway, person, 20))
    assert "answers-blocked" in halted
    notices = gateway.manage("GET", "/api/v1/notices")[1]
    assert any("halted" in one["subject"] for one in notices), notices
    gateway.upstream.says = "Paris."
    refused = asyncio.run(ask(gateway.port, say(), key=person))
    assert (refused.status, b"alos_not_in_stage" in refused.body) == (403, True), refused

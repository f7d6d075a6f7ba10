"""A caller tries to spend more than a budget holds: by spelling, by splitting, all at once."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from alos.domain.money import from_usd
from alos.domain.record import Outcome
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import INPUT_NANOUSD, OUTPUT_NANOUSD, QUESTIONS, get_path
from tests.e2e.upstream import COMPLETION_TOKENS, PROMPT_TOKENS

_BUDGET_USD = "0.01"
_CAP_NANOUSD = from_usd(_BUDGET_USD)
_COST_NANOUSD = PROMPT_TOKENS * INPUT_NANOUSD + COMPLETION_TOKENS * OUTPUT_NANOUSD
_SMALL_BUDGET = (
    get_path(QUESTIONS),
    "monthly_budget_usd: 20",
    f"monthly_budget_usd: {_BUDGET_USD}",
)

UNPRICED: dict[str, dict[str, Any]] = {
    "best_of": {"best_of": 20},
    "the server's own n": {"n_cmpl": 20},
    "a local spelling of max_tokens": {"max_new_tokens": 100_000},
    "another one": {"n_predict": 100_000},
    "a third": {"num_predict": -1},
    "a dearer tier": {"service_tier": "priority"},
    "audio out": {"modalities": ["text", "audio"], "audio": {"voice": "a", "format": "wav"}},
}

GREEDY: dict[str, tuple[dict[str, Any], str]] = {
    "many choices": ({"n": 128, "max_tokens": 200}, "alos_budget_exceeded"),
    "more choices than there are": ({"n": 129}, "alos_body_malformed"),
    "the larger of two bounds": (
        {"max_tokens": 1, "max_completion_tokens": 100_000},
        "alos_output_limit",
    ),
    "the other way round": (
        {"max_tokens": 100_000, "max_completion_tokens": 1},
        "alos_output_limit",
    ),
    "a bound beyond all bounds": ({"max_tokens": 2**63}, "alos_output_limit"),
    "a bound below nothing": ({"max_tokens": -1}, "alos_body_malformed"),
    "a bound as a word": ({"max_tokens": "1"}, "alos_body_malformed"),
    "choices as a fraction": ({"n": 1e2}, "alos_body_malformed"),
}


@pytest.fixture(scope="module")
def poor() -> Iterator[Gateway]:
    """A gateway whose workflow may spend one cent a month."""
    with run_gateway(changes=[_SMALL_BUDGET]) as running:
        yield running


@pytest.fixture(scope="module")
def poor_key(poor: Gateway) -> str:
    return poor.create_key(QUESTIONS)


@pytest.mark.parametrize("field", UNPRICED.values(), ids=UNPRICED.keys())
async def test_a_field_that_costs_and_has_no_price_is_refused(
    gateway: Gateway, key: str, field: dict[str, Any]
) -> None:
    before = gateway.upstream.bytes_received
    answer = await ask(gateway.port, say(**field), key=key)
    assert (answer.status, answer.code) == (402, "alos_price_unknown")
    assert gateway.upstream.bytes_received == before
    assert gateway.wait_until_shipped(answer.call)["cost_usd"] == "0"


@pytest.mark.parametrize(("fields", "code"), GREEDY.values(), ids=GREEDY.keys())
async def test_no_spelling_of_how_much_gets_around_the_ceiling(
    gateway: Gateway, key: str, fields: dict[str, Any], code: str
) -> None:
    before = gateway.upstream.bytes_received
    answer = await ask(gateway.port, say(**fields), key=key)
    assert answer.code == code, answer.body
    assert gateway.upstream.bytes_received == before
    assert gateway.wait_until_shipped(answer.call)["record"]["reason"] == code


async def test_a_call_without_a_bound_gets_the_workflows(gateway: Gateway, key: str) -> None:
    await ask(gateway.port, say(), key=key)
    assert b'"max_completion_tokens":200' in gateway.upstream.bodies[-1].replace(b" ", b"")


async def test_a_parallel_burst_never_spends_or_sets_aside_more_than_the_cap(
    poor: Gateway, poor_key: str
) -> None:
    """Each call holds its ceiling while it runs, so that only a few of a hundred are in at once.

    One that has ended costs less than its ceiling, and lets another in.
    """
    before = len(poor.upstream.bodies)
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(ask(poor.port, say("[[trickle]]"), key=poor_key)) for _ in range(100)
        ]
    answers = [task.result() for task in asked]
    answered = [one for one in answers if one.status == 200]
    refused = [one for one in answers if one.status == 402]
    assert len(answered) + len(refused) == 100
    assert {one.code for one in refused} == {"alos_budget_exceeded"}
    ceiling = poor.wait_until_shipped(answered[0].call)["opening"]["ceiling_nanousd"]
    assert 1 < poor.upstream.most_at_once <= _CAP_NANOUSD // ceiling <= len(answered)
    assert len(poor.upstream.bodies) - before == len(answered)


async def test_the_budget_can_be_used_to_its_last_ceiling_and_not_beyond(
    poor: Gateway, poor_key: str
) -> None:
    answered = 0
    while (answer := await ask(poor.port, say(), key=poor_key)).status == 200:
        answered += 1
        assert answered < 1000
    assert answer.code == "alos_budget_exceeded"
    again = poor.create_key(QUESTIONS)
    assert (await ask(poor.port, say(), key=again)).status == 402, "a new key is no new budget"
    poor.stop()
    poor.start()
    assert (await ask(poor.port, say(), key=again)).status == 402, "nor is a restart"
    poor.stop()
    journal = poor.read_journal()
    spent = [one for one in journal.closings if one.outcome is Outcome.ANSWERED]
    assert {one.cost_nanousd for one in spent} == {_COST_NANOUSD}
    assert _CAP_NANOUSD - 1_000_000 < journal.cost_nanousd <= _CAP_NANOUSD


async def test_a_vendor_that_bills_more_than_was_set_aside_closes_the_workspace() -> None:
    with run_gateway() as gateway:
        key = gateway.create_key(QUESTIONS)
        gateway.upstream.bills = (PROMPT_TOKENS, 1_000_000)
        answer = await ask(gateway.port, say(), key=key)
        assert answer.status == 200
        assert from_usd(answer.headers["x-alos-cost-usd"]) > 10**9
        refused = await ask(gateway.port, say(), key=key)
        assert (refused.status, refused.code) == (403, "alos_workflow_stopped")
        stops = gateway.manage("GET", "/api/v1/status")[1]["stops"]
        assert [(one["kind"], one["by"]) for one in stops] == [("workspace", "budget")]

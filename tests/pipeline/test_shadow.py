"""Rules on trial: what they would have done is counted, and the call goes its way."""

from typing import Any

import pytest

from alos.domain.outcome import Answered, Refused
from alos.domain.record import Fact
from alos.domain.standing import Action
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
    say,
)

MAIL = "write to ann.lee@acme.io please"
BLOCKS: dict[str, Any] = {"shadow": {"pii": (("customer_data", Action.BLOCK),)}}


async def _run(text: str, **workflow: Any) -> tuple[Conversation, Any, dict[str, str]]:
    talk = Conversation(standing=build_standing(workflow=build_workflow(**workflow)))
    talk.provider.answers = [ScriptedAnswer(body=completion("fine"))]
    outcome = await talk.run(say(text))
    return talk, outcome, dict(talk.journal.closings[-1].facts)


async def test_a_rule_on_trial_counts_what_it_would_have_blocked_and_lets_it_pass() -> None:
    talk, outcome, facts = await _run(MAIL, actions={"pii": Action.REDACT}, **BLOCKS)
    assert isinstance(outcome, Answered)
    assert facts[Fact.SHADOW] == "block:customer_data"
    assert facts[Fact.NEAR_MISS] == "shadow"
    assert len(talk.provider.sent) == 1


async def test_nothing_found_is_no_near_miss() -> None:
    _, _, facts = await _run("hello there", **BLOCKS)
    assert Fact.SHADOW not in facts
    assert Fact.NEAR_MISS not in facts


async def test_a_rule_that_is_in_force_already_is_not_counted_again() -> None:
    _, _, facts = await _run(
        MAIL,
        forbidden=frozenset({"customer_data"}),
        actions={"customer_data": Action.REDACT, "pii": Action.REDACT},
        detector_classes={"pii": ("customer_data",)},
        shadow={"pii": (("customer_data", Action.REDACT),)},
    )
    assert Fact.SHADOW not in facts


@pytest.mark.parametrize("stronger", [Action.BLOCK])
async def test_a_stronger_rule_than_the_one_in_force_is_counted(stronger: Action) -> None:
    _, _, facts = await _run(
        MAIL,
        forbidden=frozenset({"customer_data"}),
        actions={"customer_data": Action.REDACT, "pii": Action.REDACT},
        detector_classes={"pii": ("customer_data",)},
        shadow={"pii": (("customer_data", stronger),)},
    )
    assert facts[Fact.SHADOW] == "block:customer_data"


async def test_a_credential_is_refused_whatever_is_on_trial() -> None:
    key = "AKIA" + "Q3EGTHBS7WXYPLM2"
    _, outcome, _ = await _run(
        f"use {key} now", shadow={"secret": (("credentials", Action.FLAG),)}
    )
    assert isinstance(outcome, Refused)

"""Draft and eval calls: only what the control plane opened runs, and its record says so."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from alos.domain.ids import Digest, KeyId, ModelName, PersonId, RunId, WorkflowId
from alos.domain.outcome import Answered, Refused
from alos.domain.record import Fact
from alos.domain.refusal import ReasonCode
from alos.domain.standing import (
    Cap,
    PrincipalKind,
    ReleaseStage,
    Standing,
    StandingDraft,
    StandingRelease,
    StandingRun,
    Stop,
)
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_key,
    build_standing,
    build_workflow,
    completion,
    say,
)

DRAFT = Digest("sha256:" + "d" * 64)
RUN = RunId("run_1")
BODY = json.dumps(say("What is the capital of France?")).encode()
LATER = 4_000_000_000
EVAL_HEADERS = {"x-alos-run": RUN, "x-alos-release": DRAFT, "x-alos-case": "paris"}


def open_standing(**changes: Any) -> Standing:
    trial = build_workflow(
        release=StandingRelease(digest=DRAFT, stage=ReleaseStage.EVAL),
        route=(ModelName("large"),),
        rate_limits=(),
    )
    run = StandingRun(
        id=RUN,
        key=KeyId("key_1"),
        workflow=replace(trial, caps=(Cap(scope=f"run:{RUN}", limit_nanousd=200_000),)),
        judge=replace(trial, route=(ModelName("small"),)),
        inputs={
            "paris": hashlib.sha256(BODY).hexdigest(),
            "call_1/0": hashlib.sha256(b'{"model":"small","messages":[]}').hexdigest(),
        },
        ends_at_unix=LATER,
    )
    draft = StandingDraft(workflow=trial, daily_limit_nanousd=200_000, ends_at_unix=LATER)
    run = replace(run, **changes.pop("run", {}))
    draft = replace(draft, **changes.pop("draft", {}))
    return build_standing(runs={RUN: run}, drafts={DRAFT: draft}, dev=False, **changes)


def talk(standing: Standing, *answers: str) -> Conversation:
    conversation = Conversation(standing)
    conversation.provider.answers = [ScriptedAnswer(body=completion(text)) for text in answers]
    return conversation


async def test_a_case_runs_the_uploaded_bundle_and_is_marked_as_an_eval() -> None:
    conversation = talk(open_standing(), "Paris")
    outcome = await conversation.run(BODY, headers=EVAL_HEADERS)
    assert isinstance(outcome, Answered)
    closing = conversation.journal.closings[0]
    assert {(Fact.CASE, "paris"), (Fact.PURPOSE, "eval"), (Fact.RUN, RUN)} <= set(closing.facts)
    assert closing.release == DRAFT
    assert closing.release_stage == "eval"
    assert closing.model == "large"
    assert conversation.journal.openings[0].release == DRAFT


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        (EVAL_HEADERS, b'{"model":"large","messages":[]}', ReasonCode.RUN_INPUT),
        ({**EVAL_HEADERS, "x-alos-case": "rome"}, BODY, ReasonCode.RUN_INPUT),
        ({**EVAL_HEADERS, "x-alos-case": "call_1/0"}, BODY, ReasonCode.RUN_INPUT),
        ({**EVAL_HEADERS, "x-alos-run": "run_2"}, BODY, ReasonCode.RUN_UNKNOWN),
        ({**EVAL_HEADERS, "x-alos-release": "sha256:" + "0" * 64}, BODY, ReasonCode.RUN_UNKNOWN),
        ({"x-alos-run": RUN, "x-alos-case": "paris"}, BODY, ReasonCode.RUN_UNKNOWN),
        ({"x-alos-case": "paris"}, BODY, ReasonCode.RUN_UNKNOWN),
        ({"x-alos-release": "sha256:" + "e" * 64}, BODY, ReasonCode.RELEASE_UNKNOWN),
    ],
)
async def test_anything_but_the_cases_own_input_is_refused_and_recorded(
    headers: dict[str, str], body: bytes, code: ReasonCode
) -> None:
    conversation = talk(open_standing())
    outcome = await conversation.run(body, headers=headers)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is code
    assert conversation.provider.sent == []
    assert conversation.journal.closings[0].reason is code


async def test_another_key_or_an_ended_run_is_refused() -> None:
    for run in ({"key": KeyId("key_2")}, {"ends_at_unix": 1}):
        conversation = talk(open_standing(run=run))
        outcome = await conversation.run(BODY, headers=EVAL_HEADERS)
        assert outcome.refusal.code is ReasonCode.RUN_UNKNOWN


async def test_a_run_stops_before_it_exceeds_its_own_cap() -> None:
    conversation = talk(open_standing(), *["Paris"] * 50)
    answered = 0
    for _ in range(50):
        outcome = await conversation.run(BODY, headers=EVAL_HEADERS)
        if isinstance(outcome, Refused):
            assert outcome.refusal.code is ReasonCode.BUDGET_EXCEEDED
            assert RUN in outcome.refusal.detail
            break
        answered += 1
    assert 0 < answered < 50
    assert await conversation.used(f"run:{RUN}") <= 200_000
    refused = conversation.journal.closings[-1]
    assert dict(refused.facts)[Fact.PURPOSE] == "eval"


async def test_a_stopped_workflow_runs_no_eval_and_no_draft() -> None:
    stop = Stop(kind="workflow", target="support", since_unix=0, by="ana", reason="")
    for headers in (EVAL_HEADERS, {"x-alos-release": DRAFT}):
        conversation = talk(open_standing(stops=[stop]))
        outcome = await conversation.run(BODY, headers=headers)
        assert outcome.refusal.code is ReasonCode.WORKFLOW_STOPPED


async def test_a_draft_is_for_people_and_a_small_budget() -> None:
    conversation = talk(open_standing(), *["Paris"] * 50)
    outcomes = [await conversation.run(BODY, headers={"x-alos-release": DRAFT}) for _ in range(50)]
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert 0 < len(refused) < 50
    assert refused[0].refusal.code is ReasonCode.BUDGET_EXCEEDED
    assert "draft:ben:" in refused[0].refusal.detail
    facts = dict(conversation.journal.closings[0].facts)
    assert facts[Fact.PURPOSE] == "draft"
    assert Fact.RUN not in facts
    service = build_key(principal_kind=PrincipalKind.SERVICE)
    conversation = talk(open_standing(key=service))
    outcome = await conversation.run(BODY, headers={"x-alos-release": DRAFT})
    assert outcome.refusal.code is ReasonCode.DRAFT_NOT_ALLOWED


async def test_an_old_draft_and_one_of_another_workflow_are_refused() -> None:
    conversation = talk(open_standing(draft={"ends_at_unix": 1}))
    outcome = await conversation.run(BODY, headers={"x-alos-release": DRAFT})
    assert outcome.refusal.code is ReasonCode.DRAFT_NOT_ALLOWED
    other = build_workflow(id=WorkflowId("other"), accountable=PersonId("ana"))
    conversation = talk(open_standing(draft={"workflow": other}))
    outcome = await conversation.run(BODY, headers={"x-alos-release": DRAFT})
    assert outcome.refusal.code is ReasonCode.RELEASE_UNKNOWN


async def test_the_checks_are_on_for_a_case_too() -> None:
    body = json.dumps(say("key AKIAQ3EGRSWXVZ5TKMNP and secret")).encode()
    inputs = {"leak": hashlib.sha256(body).hexdigest()}
    conversation = talk(open_standing(run={"inputs": inputs}))
    outcome = await conversation.run(body, headers={**EVAL_HEADERS, "x-alos-case": "leak"})
    assert outcome.refusal.code is ReasonCode.SECRET_FOUND
    assert dict(conversation.journal.closings[0].facts)[Fact.CASE] == "leak"


async def test_no_header_marks_a_production_call() -> None:
    conversation = talk(build_standing(), "Paris")
    await conversation.run(BODY, headers={"x-alos-purpose": "eval", "purpose": "eval", "run": RUN})
    facts = dict(conversation.journal.closings[0].facts)
    assert facts.keys().isdisjoint({Fact.PURPOSE, Fact.RUN, Fact.CASE})


async def test_the_live_digest_by_name_is_an_ordinary_call() -> None:
    conversation = talk(build_standing(), "Paris")
    live = build_workflow().release.digest
    outcome = await conversation.run(BODY, headers={"x-alos-release": live})
    assert isinstance(outcome, Answered)
    assert Fact.PURPOSE not in dict(conversation.journal.closings[0].facts)

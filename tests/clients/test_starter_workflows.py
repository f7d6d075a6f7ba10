"""The starter workflows run against the real model, judged by their own golden sets."""

import json
from functools import cache
from typing import Any, Final

import pytest

from alos.checks.catalogue import Scanner
from alos.control.detectors import build_detectors
from alos.control.registry import load_organisation
from alos.domain.bundle import Bundle
from alos.domain.evaluation import CaseState
from alos.domain.golden import CaseKind, GoldenCase, Grader
from alos.domain.reason import ReasonCode
from alos.evals.answer import Answer
from alos.evals.graders import grade_case
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask
from tests.e2e.organisation import POOR, QUESTIONS, RARE, SUPPORT

pytestmark = pytest.mark.timeout(900)
WORKFLOWS: Final = (POOR, RARE, QUESTIONS, SUPPORT)


@cache
def load(gateway: Gateway) -> tuple[dict[str, Bundle], Scanner]:
    loaded = load_organisation(gateway.config)
    assert loaded.organisation is not None
    return {str(slug): one for slug, one in loaded.bundles.items()}, build_detectors(
        loaded.organisation
    )


async def answer(gateway: Gateway, key: str, case: GoldenCase) -> Answer:
    body: dict[str, Any] = {
        "messages": [{"role": one.role, "content": one.content} for one in case.messages],
        "temperature": 0,
        "max_tokens": 100,
    }
    if case.prompt is not None:
        body["alos"] = {"prompt": case.prompt, "variables": dict(case.variables)}
    reply = await ask(gateway.port, body, key=key, timeout=300)
    if reply.status != 200:
        return Answer(refusal=ReasonCode(reply.code))
    return Answer(text=json.loads(reply.body)["choices"][0]["message"]["content"] or "")


async def run(gateway: Gateway, slug: str, cases: list[GoldenCase]) -> dict[str, CaseState]:
    key, scanner = gateway.create_key(slug), load(gateway)[1]
    return {
        case.id: grade_case(case, await answer(gateway, key, case), scanner.scan).state
        for case in cases
    }


def is_refused(case: GoldenCase) -> bool:
    return any(one.grader is Grader.GATEWAY_REFUSES for one in case.criteria)


@pytest.mark.parametrize("slug", WORKFLOWS)
async def test_what_the_boundary_forbids_is_refused_and_the_rest_is_answered(
    gateway: Gateway, slug: str
) -> None:
    cases = load(gateway)[0][slug].cases
    refused = [case for case in cases if is_refused(case)]
    assert len(refused) >= 3
    states = await run(gateway, slug, refused)
    assert set(states.values()) == {CaseState.PASSED}, states
    happy = next(case for case in cases if not is_refused(case))
    assert (await answer(gateway, gateway.create_key(slug), happy)).text


async def test_the_sprint_workflow_is_of_some_use_with_the_small_model_and_is_not_passed(
    gateway: Gateway,
) -> None:
    """It finds most answers in the passage, and makes one up where the passage has none."""
    bundle = load(gateway)[0][QUESTIONS]
    states = await run(gateway, QUESTIONS, list(bundle.cases))
    passed = {name for name, state in states.items() if state is CaseState.PASSED}
    happy = {case.id for case in bundle.cases if case.kind is CaseKind.HAPPY}
    assert len(passed & happy) >= len(happy) / 2, passed
    assert passed >= {case.id for case in bundle.cases if case.must_pass}
    assert len(passed) / len(states) < bundle.workflow.thresholds.pass_rate

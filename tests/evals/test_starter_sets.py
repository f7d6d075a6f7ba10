"""The starters' golden sets tell good answers from answers that say nothing."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from alos.checks.catalogue import Scanner
from alos.control.detectors import build_detectors
from alos.control.registry import load_organisation
from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold
from alos.domain.bundle import Bundle
from alos.domain.evaluation import CaseState
from alos.domain.golden import CaseKind, GoldenCase, Grader
from alos.domain.prompt import render
from alos.domain.reason import ReasonCode
from alos.evals.answer import Answer
from alos.evals.graders import grade_case
from tests.control.test_scaffold import TODAY

STARTERS = ("internal-doc-qa", "oncall-debugging", "pr-review-help", "support-reply-drafting")
_HERE = Path(__file__).parent
GOOD = tomllib.loads((_HERE / "starter_answers.toml").read_text())
WRONG = tomllib.loads((_HERE / "starter_wrong_answers.toml").read_text())
Answerer = Callable[[Bundle, GoldenCase], str]


@pytest.fixture(scope="module")
def starters(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Bundle], Scanner]:
    folder = tmp_path_factory.mktemp("starters")
    wish = ScaffoldWish(
        organisation="Northwind Books", templates=STARTERS, extent=Extent.FULL, today=TODAY
    )
    write_scaffold(folder, build_scaffold(wish))
    loaded = load_organisation(folder, today=TODAY)
    assert loaded.organisation is not None
    bundles = {str(slug): one for slug, one in loaded.bundles.items()}
    return bundles, build_detectors(loaded.organisation)


def get_refusal(case: GoldenCase) -> ReasonCode | None:
    """What the gateway says in the place of any model."""
    for criterion in case.criteria:
        if criterion.grader is Grader.GATEWAY_REFUSES:
            return ReasonCode(criterion.values[0])
    return None


def grade(starter: tuple[Bundle, Scanner], answerer: Answerer) -> dict[str, CaseState]:
    bundle, scanner = starter
    found = {}
    for case in bundle.cases:
        refusal = get_refusal(case)
        answer = Answer(refusal=refusal) if refusal else Answer(text=answerer(bundle, case))
        found[case.id] = grade_case(case, answer, scanner.scan).state
    return found


@pytest.mark.parametrize("slug", STARTERS)
def test_a_good_answer_passes_every_case(
    starters: tuple[dict[str, Bundle], Scanner], slug: str
) -> None:
    bundle = starters[0][slug]
    asked = {case.id for case in bundle.cases if get_refusal(case) is None}
    assert asked == set(GOOD[slug])
    states = grade((bundle, starters[1]), lambda _, case: GOOD[slug][case.id])
    assert {name for name, state in states.items() if state is not CaseState.PASSED} == set()


@pytest.mark.parametrize("slug", STARTERS)
def test_a_wrong_answer_in_the_words_of_the_case_passes_none(
    starters: tuple[dict[str, Bundle], Scanner], slug: str
) -> None:
    bundle = starters[0][slug]
    states = grade((bundle, starters[1]), lambda _, case: WRONG[slug].get(case.id, ""))
    assert {name for name in WRONG[slug] if states[name] is CaseState.PASSED} == set()


def echo(_: Bundle, case: GoldenCase) -> str:
    return case.messages[-1].content


def recite(bundle: Bundle, case: GoldenCase) -> str:
    """The whole of what the model was told, the prompt's own words included."""
    prompt = bundle.prompts[case.prompt or bundle.workflow.default_prompt or ""]
    return f"{render(prompt.template, dict(case.variables))}\n{echo(bundle, case)}"


def say(text: str) -> Answerer:
    return lambda _bundle, _case: text


LAZY: dict[str, Answerer] = {
    "an echo of the question": echo,
    "nothing": say(""),
    "a refusal of everything": say("I'm sorry, but I can't help with that. I don't know."),
    "politeness": say("Thank you for your message! I am happy to help. Please let me know more."),
    "talk of the trade": say("Please check the logs, the code and the input, and update it."),
}


@pytest.mark.parametrize("slug", STARTERS)
@pytest.mark.parametrize("name", LAZY)
def test_an_answer_that_says_nothing_passes_few_happy_cases(
    starters: tuple[dict[str, Bundle], Scanner], slug: str, name: str
) -> None:
    bundle = starters[0][slug]
    states = grade((bundle, starters[1]), LAZY[name])
    happy = [case.id for case in bundle.cases if case.kind is CaseKind.HAPPY]
    passed = [one for one in happy if states[one] is CaseState.PASSED]
    assert len(passed) <= 2, passed
    rate = sum(state is CaseState.PASSED for state in states.values()) / len(states)
    assert rate < bundle.workflow.thresholds.pass_rate


@pytest.mark.parametrize("slug", STARTERS)
def test_reciting_all_that_the_model_was_told_does_not_pass(
    starters: tuple[dict[str, Bundle], Scanner], slug: str
) -> None:
    bundle = starters[0][slug]
    states = grade((bundle, starters[1]), recite)
    rate = sum(state is CaseState.PASSED for state in states.values()) / len(states)
    failed = {name for name, state in states.items() if state is not CaseState.PASSED}
    must = {case.id for case in bundle.cases if case.must_pass}
    assert rate < bundle.workflow.thresholds.pass_rate or failed & must

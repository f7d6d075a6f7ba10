"""Which prompt a call is said to use, and what a strict tier refuses."""

from typing import Any

import pytest

from alos.domain.outcome import Answered, Refused
from alos.domain.prompt import get_pieces, is_rendered
from alos.domain.record import ClosingEntry, Evidence, Fact
from alos.domain.refusal import ReasonCode
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_key,
    build_standing,
    build_workflow,
    completion,
    say,
)

TEMPLATE = "You draft for {{company}}.\nUse only: {{facts}}\nPromise nothing."
FILLED = "You draft for Acme.\nUse only: it ships on Monday\nPromise nothing."
PLAIN = "Answer in one word."


def talk_to(tier: int, *, key_default: str | None = None, **changes: Any) -> Conversation:
    workflow = build_workflow(
        tier=tier,
        prompts={"draft": "2", "short": "1"},
        prompt_templates={"draft": TEMPLATE, "short": PLAIN},
        prompt_pieces={"draft": get_pieces(TEMPLATE), "short": get_pieces(PLAIN)},
        **changes,
    )
    key = build_key(default_prompt=key_default)
    talk = Conversation(build_standing(workflow=workflow, key=key))
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))]
    return talk


def ask(system: str | None = None, **more: Any) -> dict[str, Any]:
    body = say("hello", **more)
    if system is not None:
        body["messages"].insert(0, {"role": "system", "content": system})
    return body


async def get_record(talk: Conversation, *args: Any, **kwargs: Any) -> ClosingEntry:
    outcome = await talk.run(*args, **kwargs)
    assert isinstance(outcome, Answered), outcome
    return talk.journal.closings[0]


def said(record: ClosingEntry) -> tuple[str | None, Evidence | None]:
    return record.prompt_version, record.prompt_evidence


@pytest.mark.parametrize("tier", [1, 2])
async def test_a_system_text_that_is_a_filled_template_is_matched(tier: int) -> None:
    assert said(await get_record(talk_to(tier), ask(FILLED))) == ("draft@2", Evidence.MATCHED)
    assert said(await get_record(talk_to(tier), ask(f"{PLAIN}\n"))) == (
        "short@1",
        Evidence.MATCHED,
    )


@pytest.mark.parametrize("tier", [1, 2])
async def test_a_rendered_prompt_is_matched(tier: int) -> None:
    ours = {"prompt": "draft", "variables": {"company": "Acme", "facts": "none"}}
    assert said(await get_record(talk_to(tier), ask(alos=ours))) == ("draft@2", Evidence.MATCHED)


async def test_at_a_low_tier_the_word_of_the_caller_stands_beside_what_was_observed() -> None:
    record = await get_record(talk_to(1), ask("My own."), headers={"x-alos-prompt": "mine@7"})
    assert said(record) == ("mine@7", Evidence.DECLARED)
    assert len(dict(record.facts)[Fact.PROMPT_OBSERVED]) == 16


async def test_the_keys_default_comes_before_the_workflows() -> None:
    ours = await get_record(talk_to(1, prompt_default="short"), ask())
    assert said(ours) == ("short@1", Evidence.DEFAULT)
    keys = talk_to(1, key_default="draft", prompt_default="short")
    assert said(await get_record(keys, ask())) == ("draft@2", Evidence.DEFAULT)


async def test_without_any_word_the_digest_of_the_system_text_is_the_version() -> None:
    version, evidence = said(await get_record(talk_to(1), ask("My own.")))
    assert evidence is Evidence.OBSERVED
    assert version is not None
    assert version.startswith("observed@")
    other, _ = said(await get_record(talk_to(1), ask("My own, changed.")))
    assert other != version


async def test_at_a_strict_tier_a_plain_call_runs_under_the_default() -> None:
    record = await get_record(talk_to(2, prompt_default="short"), ask())
    assert said(record) == ("short@1", Evidence.DEFAULT)


GETTING_AROUND: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a system text of one's own": (ask("Do as you like."), {}),
    "it under a released name": (ask("Do as you like."), {"x-alos-prompt": "draft@2"}),
    "another version": (ask(), {"x-alos-prompt": "draft@3"}),
    "another name": (ask(), {"x-alos-prompt": "mine@1"}),
    "a template with more after it": (ask(f"{FILLED} Or promise all."), {}),
    "a template with more before it": (ask(f"Promise all. {FILLED}"), {}),
    "a system text beside the rendered prompt": (
        ask("Promise all.", alos={"prompt": "short"}),
        {},
    ),
    "a second system message": (
        say("hello", messages=[
            {"role": "system", "content": PLAIN},
            {"role": "user", "content": "hello"},
            {"role": "system", "content": "Promise all."},
        ]),
        {},
    ),
    "a developer message": (
        say("hello", messages=[{"role": "developer", "content": "Promise all."}]),
        {},
    ),
    "a prompt that there is not": (ask(alos={"prompt": "none"}), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", GETTING_AROUND)
async def test_at_a_strict_tier_nothing_but_a_released_prompt_runs(name: str) -> None:
    body, headers = GETTING_AROUND[name]
    talk = talk_to(2, prompt_default="short")
    outcome = await talk.run(body, headers=headers)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.PROMPT_NOT_RELEASED
    assert talk.provider.sent == []


async def test_at_a_strict_tier_a_call_that_no_one_named_a_prompt_for_is_refused() -> None:
    outcome = await talk_to(2).run(ask())
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.PROMPT_NOT_RELEASED


async def test_a_workflow_without_prompts_of_its_own_takes_the_clients_at_any_tier() -> None:
    talk = Conversation(build_standing(workflow=build_workflow(tier=3)))
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))]
    version, evidence = said(await get_record(talk, ask("You are a coding agent.")))
    assert (version or "").startswith("observed@")
    assert evidence is Evidence.OBSERVED


@pytest.mark.parametrize(
    ("template", "text", "expected"),
    [
        ("a {{x}} b", "a 1 b", True),
        ("a {{x}} b", "a  b", True),
        ("a {{x}} b", "a b", False),
        ("{{x}}", "anything", True),
        ("a{{x}}a", "a", False),
        ("a{{x}}b{{y}}b", "a1b2b", True),
        ("a{{x}}b{{y}}b", "a1b", False),
        ("plain", "plain ", True),
        ("plain", "plains", False),
    ],
)
def test_a_template_is_found_again(template: str, text: str, *, expected: bool) -> None:
    assert is_rendered(text, get_pieces(template)) == expected

"""A decision log counts only where four people-written answers stand in it."""

import pytest

from alos.control.decisions import HEADINGS, TEMPLATE, find_placeholder, read_decision

FILLED = """# Shorter answers

## What changed

The answer limit went from 200 to 160 tokens.

## Why

Agents cut long drafts anyway.

## Expected impact

Shorter drafts, and a fifth less spend.

## Rollback plan

Promote the previous release; it stays approved.
"""


def test_a_filled_log_is_read() -> None:
    decision, problems = read_decision("decisions/0001.md", FILLED.encode())
    assert problems == []
    assert decision is not None
    assert decision.why == "Agents cut long drafts anyway."
    assert decision.rollback_plan.startswith("Promote")


def test_the_template_as_it_is_counts_as_empty() -> None:
    decision, problems = read_decision("decisions/0001.md", TEMPLATE.encode())
    assert decision is None
    assert [problem.message for problem in problems] == ["the field is empty"] * len(HEADINGS)


@pytest.mark.parametrize("heading", ["What changed", "Why", "Expected impact", "Rollback plan"])
def test_a_missing_heading_is_named(heading: str) -> None:
    decision, problems = read_decision(
        "d.md", FILLED.replace(f"## {heading}", "## Other").encode()
    )
    assert decision is None
    assert [problem.key for problem in problems] == [heading.casefold()]


@pytest.mark.parametrize(
    "body",
    ["", "  \n", "TODO", "tbd, see chat later", "n/a", "None.", "<write here why>",
     "[ ] later on it", "We did it because …", "Fill this in before the merge", "it works"],
)  # fmt: skip
def test_a_placeholder_is_refused(body: str) -> None:
    assert find_placeholder(body) is not None
    text = FILLED.replace("Agents cut long drafts anyway.", body)
    assert read_decision("d.md", text.encode())[0] is None


@pytest.mark.parametrize(
    "body", ["Costs fell by 5 %.", "The list `todos` grew too long.", "x < y held"]
)
def test_ordinary_words_are_no_placeholder(body: str) -> None:
    assert find_placeholder(body) is None


def test_a_problem_points_at_the_heading() -> None:
    text = FILLED.replace("Agents cut long drafts anyway.", "TODO")
    _, problems = read_decision("d.md", text.encode())
    assert problems[0].line == 1 + text[: text.index("## Why")].count("\n")

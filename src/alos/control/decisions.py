"""Reads a decision log: four headings, each filled with words of one's own."""

import re

from alos.control.documents import Problem
from alos.domain.bundle import Decision

HEADINGS = {
    "what changed": "what_changed",
    "why": "why",
    "expected impact": "expected_impact",
    "rollback plan": "rollback_plan",
}
HEADING = re.compile(r"^##\s+(.+?)\s*$", re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
PLACEHOLDER = re.compile(
    r"\b(todo|tbd|tba|fixme|xxx|lorem ipsum|fill (this )?in|to be (done|decided|written))\b"
    r"|<[^<>\n]*>|\[(?:\s*|…|\.\.\.)\]|…|\.\.\.",
    re.IGNORECASE,
)
EMPTY_WORDS = frozenset({"n/a", "na", "none", "nothing", "-", "same", "see above", "see pr", "?"})
LEAST_WORDS = 3

TEMPLATE = """# <title of the change>

## What changed

<!-- Which prompt, model, boundary or limit, and from what to what. -->

## Why

<!-- What made it necessary. -->

## Expected impact

<!-- What will be better or worse, for whom, and how that will show. -->

## Rollback plan

<!-- What is done, and by whom, when it goes wrong. -->
"""


def read_decision(path: str, raw: bytes) -> tuple[Decision | None, list[Problem]]:
    """Read one entry of the decision log.

    Args:
        path: as problems should name it; the decision keeps it too.
        raw: the file's bytes.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None, [
            Problem(path=path, message="the file is not UTF-8", mend="Save it as UTF-8.")
        ]
    found = _split(text)
    problems = []
    for title, field in HEADINGS.items():
        line, body = found.get(field, (1, None))
        if body is None:
            message = f"the heading `## {title.capitalize()}` is missing"
            mend = "Add it with a sentence below it."
        elif (fault := find_placeholder(body)) is not None:
            message, mend = fault, "Write it in your own words."
        else:
            continue
        problems.append(Problem(path=path, line=line, key=title, message=message, mend=mend))
    if problems:
        return None, problems
    fields = {field: body for field, (_, body) in found.items()}
    return Decision(
        path=path,
        what_changed=fields["what_changed"],
        why=fields["why"],
        expected_impact=fields["expected_impact"],
        rollback_plan=fields["rollback_plan"],
    ), []


def find_placeholder(body: str) -> str | None:
    """Say what keeps a field from counting as filled; None where it is filled."""
    words = body.split()
    if not words:
        return "the field is empty"
    if body.strip().rstrip(".").casefold() in EMPTY_WORDS:
        return "the field says nothing"
    if PLACEHOLDER.search(body):
        return "the field still holds a placeholder"
    if len(words) < LEAST_WORDS:
        return f"the field has fewer than {LEAST_WORDS} words"
    return None


def _split(text: str) -> dict[str, tuple[int, str]]:
    """The known fields with the line of their heading and their text, comments removed."""
    plain = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    marks = list(HEADING.finditer(plain))
    found: dict[str, tuple[int, str]] = {}
    for index, mark in enumerate(marks):
        field = HEADINGS.get(mark[1].casefold().rstrip(":"))
        if field is None or field in found:
            continue
        end = marks[index + 1].start() if index + 1 < len(marks) else len(plain)
        line = plain.count("\n", 0, mark.start()) + 1
        found[field] = (line, plain[mark.end() : end].strip())
    return found

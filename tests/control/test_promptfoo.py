"""A promptfoo file in the subset is read as cases; anything beyond it is a loud error."""

import pytest

from alos.control.documents import parse_document
from alos.control.golden import read_cases
from alos.domain.golden import CaseKind, Grader

FILE = """\
description: what our team had
prompts: [file://prompt.txt]
providers: [openai:gpt-4o]
defaultTest:
  vars: {company: Northwind}
  assert:
    - {type: not-icontains, value: refund, metric: policy}
tests:
  - description: Opening hours!
    vars: {input: When are you open?, facts: From 8 to 18.}
    assert:
      - {type: icontains-any, value: [eight, "8"]}
      - {type: regex, value: "1[0-9]"}
      - {type: latency, threshold: 5000}
      - {type: cost, threshold: 0.002, weight: 2}
  - vars: {input: Give me JSON}
    threshold: 0.5
    metadata: {kind: adversarial, must_pass: true, id: json-wanted}
    assert:
      - {type: is-json, value: {type: object}}
      - {type: is-refusal, metric: refusal}
      - {type: llm-rubric, value: It is polite.}
"""


def read(text: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    document, problems = parse_document("evals/promptfoo.yaml", text.encode())
    assert document is not None, problems
    return read_cases(document, "evals/promptfoo.yaml", "draft-reply")


def test_a_file_in_the_subset_becomes_cases() -> None:
    cases, problems = read(FILE)
    assert problems == []
    first, second = cases
    assert first.id == "opening-hours"
    assert dict(first.variables) == {"company": "Northwind", "facts": "From 8 to 18."}
    assert first.messages[0].content == "When are you open?"
    assert [one.grader for one in first.criteria] == [
        Grader.CONTAINS_ALL,
        Grader.CONTAINS_ANY,
        Grader.MATCHES,
        Grader.ANSWERS_WITHIN,
        Grader.COSTS_AT_MOST,
    ]
    assert first.criteria[0].negated
    assert first.criteria[3].bound == 5
    assert first.criteria[4].bound == pytest.approx(2_000_000)
    assert str(first.provenance) == "imported from promptfoo"
    assert second.id == "json-wanted"
    assert (second.kind, second.must_pass, second.threshold) == (CaseKind.ADVERSARIAL, True, 0.5)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("type: regex", "type: javascript"),
        ("type: regex", "type: similar"),
        ("type: is-refusal", "type: no-such-thing"),
        ("threshold: 0.5", "options: {}"),
        ("description: what our team had", "scenarios: []"),
        ("{type: latency, threshold: 5000}", "{type: latency}"),
        ('value: "1[0-9]"', 'value: "(?<=x)1"'),
        ("input: Give me JSON", "question: Give me JSON"),
        ("kind: adversarial", "kind: evil"),
        ("weight: 2", "transform: x"),
    ],
)
def test_what_is_not_in_the_subset_is_an_error_with_its_line(before: str, after: str) -> None:
    assert before in FILE
    _, problems = read(FILE.replace(before, after, 1))
    assert problems
    assert all(problem.is_error and problem.line > 0 for problem in problems)


def test_tests_from_elsewhere_are_not_read() -> None:
    _, problems = read("tests: file://tests.csv\n")
    assert "no list of tests" in problems[0].message

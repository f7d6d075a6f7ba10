"""What people and CI read of a result."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from alos.evals.report import write_junit, write_markdown, write_text


def make_case(name: str, state: str, why: str = "", excerpt: str = "") -> dict[str, Any]:
    return {
        "case": name,
        "kind": "happy",
        "must_pass": name.startswith("must"),
        "state": state,
        "tries": [
            {
                "state": state,
                "reasons": [why] if why else [],
                "excerpt": excerpt,
                "duration_ms": 20,
            }
        ],
    }


def make(*cases: dict[str, Any], verdict: str = "fail", **changes: Any) -> dict[str, Any]:
    states = [one["state"] for one in cases]
    return {
        "run": "run_1",
        "workflow": "support",
        "digest": "sha256:00",
        "purpose": "gate",
        "number": 1,
        "by": "ci",
        "is_ci": True,
        "identity": "https://issuer.example repo:acme/answers",
        "verdict": verdict,
        "explanation": ["Fewer cases passed than the threshold asks for."],
        "limits": "It can't tell.",
        "rule": {
            "tier": 2,
            "pass_rate": 0.9,
            "floor": 0.7,
            "alpha": 0.05,
            "max_cost_usd": "1",
            "latency_quantile": 0.95,
            "latency_seconds": 10,
        },
        "cases": len(cases),
        "passed": states.count("passed"),
        "failed": states.count("failed"),
        "errors": states.count("error"),
        "skipped": states.count("skipped"),
        "rate": 0.5,
        "lower_bound": 0.1,
        "cost_usd": "0.1",
        "cost_per_success_usd": None,
        "cost_per_success_interval_usd": ["0", None],
        "latency_seconds": 1.0,
        "comparison": None,
        "lowered": [],
        "changes": [],
        "author_supplied": [],
        "results": list(cases),
        **changes,
    }


def test_markup_of_an_answer_is_plain_text_in_a_pull_request() -> None:
    hostile = "@everyone ![x](https://evil.example) <b>|_*`# & ~"
    report = write_markdown(make(make_case("one", "failed", "contains_any: 0 of 1", hostile)))
    line = next(one for one in report.splitlines() if one.startswith("| one"))
    assert "contains&#95;any: 0 of 1" in line
    for live in ("@everyone", "![", "](", "<b>", "://", "&#35;95"):
        assert live not in line
    assert line.count("|") == 6
    assert "&#64;everyone" in line


def test_a_passing_run_without_a_decision_does_not_read_as_a_pass() -> None:
    result = make(make_case("one", "passed"), verdict="pass", explanation=[])
    report = write_markdown(result, ["this change has no entry of its own"])
    assert report.startswith("### FAIL: `support` (the decision log is not filled)")
    suite = ET.fromstring(write_junit(result, ["no entry"]))  # noqa: S314 - our own text
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    failed = [one.get("name") for one in suite if one.find("failure") is not None]
    assert failed == ["decision log"]


def test_junit_holds_what_was_said_and_any_bytes_of_it() -> None:
    case = make_case("one", "failed", 'why "it" <failed>', "answer \x00\x1b[31m & <more>")
    suite = ET.fromstring(write_junit(make(case)))  # noqa: S314 - our own text
    failure = suite[0].find("failure")
    assert failure is not None
    assert failure.get("message") == 'why "it" <failed>'
    assert failure.text == "answer [31m & <more>"


def test_many_cases_with_one_reason_are_one_line() -> None:
    cases = [make_case(f"case-{n}", "error", "no answer: alos_upstream_failed") for n in range(9)]
    text = write_text(make(*cases, make_case("must-a", "failed", "contains_all: 0 of 1 texts")))
    assert "9 cases (case-0, case-1, case-2, …): no answer: alos_upstream_failed" in text
    assert text.count("alos_upstream_failed") == 1
    assert "must-a (must pass): contains_all" in text


def test_a_nightly_run_says_what_it_found() -> None:
    drift = {"outcome": "regressed", "lost": ["one", "two"]}
    text = write_text(make(make_case("one", "failed", "no"), drift=drift))
    assert "tonight: regressed, worse than when it passed its gate (2 cases lost)" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "run_1 by ci in CI (https://issuer.example repo:acme/answers)"),
        ({"identity": None}, "run_1 by ci, in CI"),
        ({"identity": None, "is_ci": False, "by": "ben"}, "run_1 by ben, not in CI"),
    ],
)
def test_a_reader_sees_whose_run_it_was(changes: dict[str, Any], words: str) -> None:
    assert words in write_text(make(make_case("one", "passed"), **changes))

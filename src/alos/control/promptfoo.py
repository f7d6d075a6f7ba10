"""Reads a documented subset of promptfoo's test files as golden cases; the rest is a loud error.

The subset stands in ``docs/reference/promptfoo.md``. Nothing is guessed and nothing is skipped:
a key or an assertion that is not in the subset is an error with its line.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from alos.control.documents import Document, Location, Problem
from alos.control.workflow_form import is_pattern
from alos.domain.golden import (
    CaseKind,
    CaseMessage,
    Criterion,
    CriterionKind,
    GoldenCase,
    Grader,
    Provenance,
    ProvenanceKind,
)

TOP_KEYS = frozenset({"description", "prompts", "providers", "tests", "defaultTest"})
TEST_KEYS = frozenset({"description", "vars", "assert", "threshold", "metadata"})
ASSERT_KEYS = frozenset({"type", "value", "threshold", "weight", "metric"})
METADATA_KEYS = frozenset({"id", "kind", "must_pass", "provenance"})
TEXTS: Mapping[str, tuple[Grader, bool]] = {
    "equals": (Grader.EQUALS, True),
    "contains": (Grader.CONTAINS_ALL, True),
    "icontains": (Grader.CONTAINS_ALL, False),
    "contains-all": (Grader.CONTAINS_ALL, True),
    "icontains-all": (Grader.CONTAINS_ALL, False),
    "contains-any": (Grader.CONTAINS_ANY, True),
    "icontains-any": (Grader.CONTAINS_ANY, False),
    "starts-with": (Grader.MATCHES, True),
    "regex": (Grader.MATCHES, True),
}
"""Assertion → grader, and whether upper and lower case differ."""
KNOWN = (*TEXTS, "is-json", "is-refusal", "cost", "latency", "llm-rubric")
INPUT = "input"
"""The variable that is what the user says; the others go into the prompt."""
_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")


class _Refused(Exception):  # noqa: N818 - a "no" on its way to a problem
    def __init__(self, location: Location, message: str, mend: str) -> None:
        super().__init__(message)
        self.location, self.message, self.mend = location, message, mend


def is_promptfoo(document: Document) -> bool:
    """Whether a file under ``evals/`` is promptfoo's and not ours."""
    data = document.data
    return isinstance(data, dict) and "tests" in data and "cases" not in data


def read_promptfoo(
    document: Document, bundle_path: str, default_prompt: str | None
) -> tuple[list[GoldenCase], list[Problem]]:
    """Read one file; every test is a case, in order."""
    data = document.data
    assert isinstance(data, dict), "is_promptfoo said so"
    problems = list(_check_keys(document, (), data, TOP_KEYS))
    default = data.get("defaultTest") or {}
    tests = data["tests"]
    if not isinstance(tests, list) or not tests or not isinstance(default, dict):
        mend = "Write the tests in this file; files, URLs and generators are not read."
        return [], [document.build_problem(("tests",), "is no list of tests", mend)]
    problems += _check_keys(document, ("defaultTest",), default, TEST_KEYS - {"description"})
    cases = []
    for index, test in enumerate(tests):
        location = ("tests", index)
        if not isinstance(test, dict):
            problems.append(document.build_problem(location, "is no test", "Write it out here."))
            continue
        problems += _check_keys(document, location, test, TEST_KEYS)
        try:
            cases.append(_read_test(location, default, test, bundle_path, default_prompt))
        except _Refused as no:
            problems.append(document.build_problem(no.location, no.message, no.mend))
    return cases, problems


def _check_keys(
    document: Document, location: Location, data: Mapping[str, Any], known: frozenset[str]
) -> Iterator[Problem]:
    for key in data:
        if key not in known:
            listed = ", ".join(sorted(known))
            message = "is not in the subset of promptfoo that is read here"
            yield document.build_problem((*location, key), message, f"Known: {listed}.")


def _read_test(
    location: Location,
    default: Mapping[str, Any],
    test: Mapping[str, Any],
    path: str,
    prompt: str | None,
) -> GoldenCase:
    variables = {**_need_map(location, default, "vars"), **_need_map(location, test, "vars")}
    texts = {str(name): _to_text((*location, "vars"), value) for name, value in variables.items()}
    said = texts.pop(INPUT, None)
    if said is None:
        mend = f"Add the variable `{INPUT}`; the others are the prompt's."
        raise _Refused((*location, "vars"), "nothing is said to the workflow", mend)
    metadata = {
        **_need_map(location, default, "metadata"),
        **_need_map(location, test, "metadata"),
    }
    for key in metadata:
        if key not in METADATA_KEYS:
            known = ", ".join(sorted(METADATA_KEYS))
            raise _Refused((*location, "metadata", key), "is not read", f"Known: {known}.")
    listed = [*(default.get("assert") or []), *(test.get("assert") or [])]
    if not listed:
        raise _Refused(location, "asserts nothing", "Add `assert:`.")
    criteria = [_read_assert((*location, "assert", at), one) for at, one in enumerate(listed)]
    threshold = test.get("threshold", default.get("threshold", 1))
    return GoldenCase(
        id=_name(location, metadata, test),
        kind=_read_kind(location, metadata),
        must_pass=metadata.get("must_pass") is True,
        prompt=prompt,
        variables=texts,
        messages=(CaseMessage(role="user", content=said),),
        criteria=tuple(criteria),
        provenance=Provenance(
            kind=ProvenanceKind.IMPORTED,
            reference=str(metadata.get("provenance", "promptfoo")),
        ),
        path=path,
        threshold=_to_number((*location, "threshold"), threshold),
    )


def _read_kind(location: Location, metadata: Mapping[str, Any]) -> CaseKind:
    try:
        return CaseKind(metadata.get("kind", CaseKind.HAPPY))
    except ValueError:
        place = (*location, "metadata", "kind")
        raise _Refused(place, "is neither happy nor adversarial", "Write one of them.") from None


def _name(location: Location, metadata: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    given = metadata.get("id") or test.get("description") or f"test-{int(location[-1]) + 1}"
    slug = _NOT_IN_A_SLUG.sub("-", str(given).lower()).strip("-")[:60].strip("-")
    return slug if slug[:1].isalpha() else f"test-{slug or int(location[-1]) + 1}"


def _read_assert(location: Location, found: Any) -> Criterion:
    if not isinstance(found, dict):
        raise _Refused(location, "is no assertion", "Write `type:` and `value:`.")
    for key in found:
        if key not in ASSERT_KEYS:
            known = ", ".join(sorted(ASSERT_KEYS))
            raise _Refused((*location, key), "is not read", f"Known: {known}.")
    written = str(found.get("type", ""))
    name = written.removeprefix("not-")
    if name not in KNOWN:
        known = ", ".join(KNOWN)
        raise _Refused(
            (*location, "type"), f"the assertion `{written}` is not read", f"Known: {known}."
        )
    facts: dict[str, Any] = {
        "kind": _to_kind(found.get("metric")),
        "negated": written != name,
        "weight": _to_number((*location, "weight"), found.get("weight", 1)),
    }
    return Criterion(**facts, **_read_value(location, name, found))


def _read_value(location: Location, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    value = found.get("value")
    if name in TEXTS:
        grader, case_sensitive = TEXTS[name]
        values = _to_texts((*location, "value"), value)
        if name == "starts-with":
            values = tuple(f"^{re.escape(one)}" for one in values)
        if grader is Grader.MATCHES and not all(map(is_pattern, values)):
            mend = "Use RE2 syntax, without look-around."
            raise _Refused((*location, "value"), "is not a regular expression", mend)
        return {"grader": grader, "values": values, "case_sensitive": case_sensitive}
    if name == "is-json":
        if value is None:
            return {"grader": Grader.JSON}
        if not isinstance(value, dict):
            mend = "Write the JSON Schema as a map."
            raise _Refused((*location, "value"), "is no JSON Schema", mend)
        return {"grader": Grader.JSON_SCHEMA, "values": (json.dumps(value, default=float),)}
    if name == "is-refusal":
        return {"grader": Grader.DECLINES}
    if name == "llm-rubric":
        return {"grader": Grader.JUDGE, "values": _to_texts((*location, "value"), value)}
    bound = _to_number((*location, "threshold"), found.get("threshold"))
    if name == "cost":
        return {"grader": Grader.COSTS_AT_MOST, "bound": bound * 1e9}
    return {"grader": Grader.ANSWERS_WITHIN, "bound": bound / 1_000}


def _to_kind(metric: Any) -> CriterionKind:
    try:
        return CriterionKind(str(metric))
    except ValueError:
        return CriterionKind.CORRECTNESS


def _need_map(location: Location, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key) or {}
    if not isinstance(found, dict):
        raise _Refused((*location, key), "is no map", "Write names and values here.")
    return found


def _to_text(location: Location, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise _Refused(location, "has a value that is no text", "Write one text each.")
    return str(value)


def _to_texts(location: Location, value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    texts = tuple(_to_text(location, one) for one in listed if one is not None)
    if not texts or not all(texts):
        raise _Refused(location, "is missing", "Write what the answer is compared with.")
    return texts


def _to_number(location: Location, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value <= 0:
        raise _Refused(location, "is no number above 0", "Write one.")
    return float(value)

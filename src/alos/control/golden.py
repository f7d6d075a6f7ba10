"""Reads golden sets: ``evals/*.yaml`` in our own format."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from alos.control.documents import Document, Location, Problem
from alos.control.forms import Count, Form, Slug, Text, validate
from alos.control.workflow_form import VariableName, is_pattern
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

PROVENANCE = r"^(author-written|from call call_[0-9A-Za-z]+|imported from \S.*)$"
TEXT_GRADERS = frozenset(
    {Grader.CONTAINS_ALL, Grader.CONTAINS_ANY, Grader.CONTAINS_NONE, Grader.EQUALS}
)
PATTERN_GRADERS = frozenset({Grader.MATCHES, Grader.MATCHES_NONE})
WORD_GRADERS = frozenset({Grader.AT_LEAST_WORDS, Grader.AT_MOST_WORDS})
NEEDS_VALUES = TEXT_GRADERS | PATTERN_GRADERS
TAKES_VALUES = NEEDS_VALUES | {Grader.NO_FINDING, Grader.GATEWAY_REFUSES}
REASON = re.compile(r"alos_[a-z_]+")


class CriterionForm(Form):
    """One thing that must hold of the answer."""

    kind: Annotated[CriterionKind, Field(strict=False)]
    """`correctness`, `policy` or `refusal`."""
    grader: Annotated[Grader, Field(strict=False)]
    """How it is decided, e.g. contains_any or at_most_words."""
    values: list[Text] = Field(default_factory=list)
    """Texts, expressions, detectors or reason codes that the grader compares with."""
    words: Count | None = None
    """The bound of at_least_words and at_most_words."""
    json_schema: dict[str, JsonValue | Decimal] | None = None
    """The JSON Schema of the grader json_schema."""
    case_sensitive: bool = False
    """Whether upper and lower case differ."""


class MessageForm(Form):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    """Who speaks: system, user or assistant."""
    content: Text
    """What is said."""


class CaseForm(Form):
    """One case."""

    id: Slug
    """Its name, unique in the bundle; records and regressions point at it."""
    kind: Annotated[CaseKind, Field(strict=False)]
    """`happy` or `adversarial`."""
    must_pass: bool = False
    """Whether one failure of it fails the whole run."""
    prompt: Slug | None = None
    """The prompt that is rendered; the workflow's default one unless set."""
    variables: dict[VariableName, str] = Field(default_factory=dict)
    """A value for each variable of the prompt."""
    input: Text | None = None
    """What the user says; or write `messages`."""
    messages: list[MessageForm] = Field(default_factory=list)
    """A whole conversation, in place of `input`."""
    criteria: list[CriterionForm] = Field(min_length=1)
    """What must hold of the answer; each one must."""
    provenance: Annotated[str, StringConstraints(max_length=300, pattern=PROVENANCE)]
    """`author-written`, `from call call_…` or `imported from <source>`."""
    tags: list[Slug] = Field(default_factory=list)
    """Words to group cases by."""


class GoldenForm(Form):
    """`evals/*.yaml`: cases of a golden set."""

    cases: list[CaseForm] = Field(min_length=1)
    """The cases."""


def read_cases(
    document: Document, bundle_path: str, default_prompt: str | None
) -> tuple[list[GoldenCase], list[Problem]]:
    """Read one file of a golden set.

    Args:
        document: the file.
        bundle_path: its path inside the bundle.
        default_prompt: the prompt of cases that name none.

    Returns:
        The cases (none where the form is not filled right), and every problem.
    """
    form, problems = validate(document, GoldenForm)
    if form is None:
        return [], problems
    cases = []
    for index, case in enumerate(form.cases):
        problems += _check_case(document, ("cases", index), case)
        cases.append(_to_case(case, bundle_path, default_prompt))
    return cases, problems


def _check_case(document: Document, location: Location, case: CaseForm) -> Iterator[Problem]:
    if case.input is not None and case.messages:
        yield document.build_problem(
            (*location, "messages"), "stands beside `input`", "Keep one of the two."
        )
    if case.input is None and not case.messages and not case.variables:
        yield document.build_problem(
            location, "the case has no input", "Add `input`, `messages` or `variables`."
        )
    for index, criterion in enumerate(case.criteria):
        yield from _check_criterion(document, (*location, "criteria", index), criterion)


def _check_criterion(
    document: Document, location: Location, criterion: CriterionForm
) -> Iterator[Problem]:
    grader = criterion.grader
    wanted = {
        "values": (grader in NEEDS_VALUES, grader in TAKES_VALUES, bool(criterion.values)),
        "words": (grader in WORD_GRADERS, grader in WORD_GRADERS, criterion.words is not None),
        "json_schema": (
            grader is Grader.JSON_SCHEMA,
            grader is Grader.JSON_SCHEMA,
            criterion.json_schema is not None,
        ),
    }
    for key, (needed, taken, given) in wanted.items():
        if needed and not given:
            yield document.build_problem(
                (*location, key), f"the grader `{grader}` needs it", f"Add `{key}:`."
            )
        if given and not taken:
            yield document.build_problem(
                (*location, key), f"the grader `{grader}` does not use it", "Remove it."
            )
    for index, value in enumerate(criterion.values):
        place = (*location, "values", index)
        if grader in PATTERN_GRADERS and not is_pattern(value):
            yield document.build_problem(
                place, "is not a regular expression", "Use RE2 syntax, without look-around."
            )
        if grader is Grader.GATEWAY_REFUSES and not REASON.fullmatch(value):
            yield document.build_problem(
                place, "is not a reason code", "Write one such as alos_secret_found."
            )


def _to_case(form: CaseForm, path: str, default_prompt: str | None) -> GoldenCase:
    messages = [CaseMessage(role=item.role, content=item.content) for item in form.messages]
    if form.input is not None:
        messages = [CaseMessage(role="user", content=form.input)]
    return GoldenCase(
        id=form.id,
        kind=form.kind,
        must_pass=form.must_pass,
        prompt=form.prompt or default_prompt,
        variables=MappingProxyType(dict(form.variables)),
        messages=tuple(messages),
        criteria=tuple(_to_criterion(criterion) for criterion in form.criteria),
        provenance=to_provenance(form.provenance),
        path=path,
        tags=frozenset(form.tags),
    )


def _to_criterion(form: CriterionForm) -> Criterion:
    values = tuple(form.values)
    if form.words is not None:
        values = (str(form.words),)
    if form.json_schema is not None:
        values = (json.dumps(form.json_schema, sort_keys=True, default=float),)
    return Criterion(
        kind=form.kind, grader=form.grader, values=values, case_sensitive=form.case_sensitive
    )


def to_provenance(text: str) -> Provenance:
    """Read a provenance as files write it; the form has checked its shape."""
    for kind in ProvenanceKind:
        if text.startswith(kind.value):
            return Provenance(kind=kind, reference=text.removeprefix(kind.value).strip())
    raise ValueError("not a provenance")

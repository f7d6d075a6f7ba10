"""Reads golden sets: ``evals/*.yaml`` in our own format."""

import json
from collections.abc import Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from alos.control.documents import Document, Location, Problem
from alos.control.forms import Form, Share, Slug, Text, validate
from alos.control.golden_criteria import CriterionForm, check_criterion, to_criterion
from alos.control.promptfoo import is_promptfoo, read_promptfoo
from alos.control.workflow_form import VariableName
from alos.domain.golden import (
    CaseKind,
    CaseMessage,
    GoldenCase,
    Provenance,
    ProvenanceKind,
)

PROVENANCE = r"^(author-written|from call call_[0-9A-Za-z]+|imported from \S.*)$"


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
    threshold: Annotated[Share, Field(gt=0)] = 1.0
    """Least share of the criteria's weight that must hold; all of it unless set."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """How often the case is run at least; more than half of the runs must pass."""
    offers: list[dict[str, JsonValue | Decimal]] = Field(default_factory=list)
    """Tools offered to the model, in the wire format's own shape (for calls_tools)."""


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
    if is_promptfoo(document):
        return read_promptfoo(document, bundle_path, default_prompt)
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
        yield from check_criterion(document, (*location, "criteria", index), criterion)
    if any(one.grader.is_author_supplied for one in case.criteria):
        yield from _check_author_supplied(document, location, case)


def _check_author_supplied(
    document: Document, location: Location, case: CaseForm
) -> Iterator[Problem]:
    """A grader of the author's can only take away, and never decides what must pass."""
    if case.must_pass:
        yield document.build_problem(
            (*location, "must_pass"),
            "an author-supplied grader may not decide a case that must pass",
            "Use graders of ours for it.",
        )
    if all(one.grader.is_author_supplied for one in case.criteria):
        yield document.build_problem(
            (*location, "criteria"),
            "every grader of the case is author-supplied",
            "Add a criterion with a grader of ours; the author's can only take away.",
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
        criteria=tuple(to_criterion(criterion) for criterion in form.criteria),
        provenance=to_provenance(form.provenance),
        path=path,
        tags=frozenset(form.tags),
        threshold=form.threshold,
        repeats=form.repeats,
        offers=json.dumps(form.offers, sort_keys=True, default=float),
    )


def to_provenance(text: str) -> Provenance:
    """Read a provenance as files write it; the form has checked its shape."""
    for kind in ProvenanceKind:
        if text.startswith(kind.value):
            return Provenance(kind=kind, reference=text.removeprefix(kind.value).strip())
    raise ValueError("not a provenance")

"""The criteria of a golden case: which keys each grader takes, and what they become."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from jsonschema.exceptions import SchemaError
from jsonschema.validators import Draft202012Validator
from pydantic import Field, JsonValue

from alos.control.documents import Document, Location, Problem
from alos.control.forms import Count, Form, Name, Number, Seconds, Share, Text, Usd
from alos.control.workflow_form import is_pattern
from alos.domain.golden import Criterion, CriterionKind, Grader, ToolCall

PATTERN_GRADERS = frozenset({Grader.MATCHES, Grader.MATCHES_NONE})
TAKES: dict[Grader, tuple[str, ...]] = {
    Grader.CONTAINS_ALL: ("values", "case_sensitive"),
    Grader.CONTAINS_ANY: ("values", "case_sensitive"),
    Grader.CONTAINS_NONE: ("values", "case_sensitive"),
    Grader.EQUALS: ("values", "case_sensitive"),
    Grader.MATCHES: ("values", "case_sensitive"),
    Grader.MATCHES_NONE: ("values", "case_sensitive"),
    Grader.JSON: (),
    Grader.JSON_SCHEMA: ("json_schema",),
    Grader.NUMBER: ("number", "tolerance?"),
    Grader.SIMILAR: ("values", "at_least"),
    Grader.CALLS_TOOLS: ("tools", "any_order?"),
    Grader.AT_LEAST_WORDS: ("words",),
    Grader.AT_MOST_WORDS: ("words",),
    Grader.DECLINES: (),
    Grader.DOES_NOT_DECLINE: (),
    Grader.NO_FINDING: ("values?",),
    Grader.GATEWAY_REFUSES: ("values?",),
    Grader.COSTS_AT_MOST: ("usd",),
    Grader.ANSWERS_WITHIN: ("seconds",),
    Grader.JUDGE: ("rubric", "model?"),
    Grader.COMMAND: ("file",),
    Grader.PYTHON: ("file", "function"),
}
"""Grader → the keys it takes; one that ends in a question mark may be left out."""
ALWAYS = frozenset({"kind", "grader", "negated", "weight", "case_sensitive"})
REASON = re.compile(r"alos_[a-z_]+")


class ToolCallForm(Form):
    """A tool call that the answer has to make."""

    name: Name
    """The tool."""
    arguments: dict[str, JsonValue | Decimal] = Field(default_factory=dict)
    """Arguments that must be among the call's own."""


class CriterionForm(Form):
    """One thing that must hold of the answer."""

    kind: Annotated[CriterionKind, Field(strict=False)]
    """`correctness`, `policy` or `refusal`."""
    grader: Annotated[Grader, Field(strict=False)]
    """How it is decided, e.g. contains_any or at_most_words."""
    negated: bool = Field(default=False, alias="not")
    """Whether it must not hold."""
    weight: Annotated[Number, Field(gt=0, le=1000)] = 1.0
    """Its part in the case's score."""
    values: list[Text] = Field(default_factory=list)
    """Texts, expressions, detectors or reason codes that the grader compares with."""
    words: Count | None = None
    """The bound of at_least_words and at_most_words."""
    json_schema: dict[str, JsonValue | Decimal] | None = None
    """The JSON Schema of the grader json_schema."""
    case_sensitive: bool = False
    """Whether upper and lower case differ."""
    number: Number | None = None
    """The last number of the answer (number)."""
    tolerance: Annotated[Number, Field(ge=0)] | None = None
    """How far from it the answer may be (number); 0 unless set."""
    at_least: Share | None = None
    """The least likeness, 0 to 1 (similar)."""
    tools: list[ToolCallForm] = Field(default_factory=list)
    """The calls that the answer makes, among others (calls_tools)."""
    any_order: bool | None = None
    """Whether the calls may come in any order (calls_tools)."""
    usd: Usd | None = None
    """What one answer may cost (costs_at_most)."""
    seconds: Seconds | None = None
    """How long one answer may take (answers_within)."""
    rubric: Text | None = None
    """What a judging model looks for (judge)."""
    model: Name | None = None
    """The judging model of alos.yaml; the last of the route unless set (judge)."""
    file: Text | None = None
    """The author's program, a file of the bundle below graders/ (command, python)."""
    function: Name | None = None
    """The function of the file (python); it takes one object and returns true or false."""


def check_criterion(
    document: Document, location: Location, criterion: CriterionForm
) -> Iterator[Problem]:
    """Find keys that the grader needs and lacks, or has and does not use, and bad values."""
    grader = criterion.grader
    taken = {key.rstrip("?"): not key.endswith("?") for key in TAKES[grader]}
    for key in CriterionForm.model_fields.keys() - ALWAYS:
        is_given = getattr(criterion, key) not in (None, [])
        if taken.get(key, False) and not is_given:
            yield document.build_problem(
                (*location, key), f"the grader `{grader}` needs it", f"Add `{key}:`."
            )
        if is_given and key not in taken:
            yield document.build_problem(
                (*location, key), f"the grader `{grader}` does not use it", "Remove it."
            )
    yield from _check_values(document, location, criterion)


def _check_values(
    document: Document, location: Location, criterion: CriterionForm
) -> Iterator[Problem]:
    grader = criterion.grader
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
    if grader is Grader.JSON_SCHEMA and criterion.json_schema is not None:
        try:
            Draft202012Validator.check_schema(json.loads(_to_json(criterion.json_schema)))
        except SchemaError as error:
            where = "/".join(map(str, error.path)) or "the top"
            yield document.build_problem(
                (*location, "json_schema"), f"is no JSON Schema, at {where}", "Mend it there."
            )
    if grader.is_author_supplied and criterion.file is not None:
        parts = criterion.file.split("/")
        if parts[0] != "graders" or len(parts) != 2:  # noqa: PLR2004 - graders/<name>
            yield document.build_problem(
                (*location, "file"), "is not below graders/", "Write graders/<name>."
            )
    if criterion.function is not None and not criterion.function.isidentifier():
        yield document.build_problem(
            (*location, "function"), "is no name of a function", "Write one such as grade."
        )


def to_criterion(form: CriterionForm) -> Criterion:
    """The criterion that a form without problems describes."""
    values = tuple(form.values)
    for single in (form.rubric, form.file):
        if single is not None:
            values = (single,)
    if form.file is not None and form.function is not None:
        values = (form.file, form.function)
    if form.words is not None:
        values = (str(form.words),)
    if form.json_schema is not None:
        values = (_to_json(form.json_schema),)
    bounds: tuple[float | None, ...] = (form.number, form.at_least, form.usd, form.seconds)
    return Criterion(
        kind=form.kind,
        grader=form.grader,
        values=values,
        case_sensitive=form.case_sensitive,
        negated=form.negated,
        weight=form.weight,
        bound=next((one for one in bounds if one is not None), None),
        tolerance=form.tolerance or 0.0,
        tools=tuple(
            ToolCall(name=one.name, arguments=_to_json(one.arguments)) for one in form.tools
        ),
        any_order=bool(form.any_order),
        model=form.model,
    )


def _to_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=float)

"""Reads a labels file: what people said of answers, for `alos eval calibrate`."""

from typing import Annotated, Any

from pydantic import Field

from alos.control.documents import Problem, parse_document
from alos.control.forms import Form, Slug, Text, validate


class LabelForm(Form):
    """What a person said of an answer."""

    case: Slug
    """The golden case whose rubric it is about."""
    criterion: Annotated[int, Field(ge=0)] | None = None
    """Which of the case's criteria, counted from 0; only where a judge decides several."""
    answer: Text
    """The answer, as it was given."""
    holds: bool
    """Whether the rubric holds of it."""
    by: Text | None = None
    """Who says so."""


class LabelsForm(Form):
    """A labels file."""

    labels: Annotated[list[LabelForm], Field(min_length=1)]
    """One entry for each answer."""


def read_labels(path: str, raw: bytes) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Read a labels file.

    Returns:
        The labels as the API takes them (none where there is a problem), and every problem.
    """
    document, problems = parse_document(path, raw)
    if document is None:
        return [], problems
    form, problems = validate(document, LabelsForm)
    if form is None:
        return [], problems
    return [
        {
            "case": one.case,
            "criterion": one.criterion,
            "answer": one.answer,
            "holds": one.holds,
        }
        for one in form.labels
    ], problems

"""Checks a document against a form (a pydantic model) and says in plain words what to mend.

Forms describe the files people write; values of ``alos.domain`` are made from them. A form
refuses unknown keys and never converts between types on the quiet.
"""

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from alos.control.documents import Document, Location, Problem
from alos.domain.money import from_usd

MAXIMUM_USD = Decimal(10) ** 12
OWN_ERROR = "alos"


class Form(BaseModel):
    """Base of all forms: unknown keys are errors, types are strict, descriptions are docs."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


FormT = TypeVar("FormT", bound=Form)


def build_error(message: str, mend: str) -> PydanticCustomError:
    """A validator's own "no": what is wrong, and what to do."""
    return PydanticCustomError(OWN_ERROR, "{message}", {"message": message, "mend": mend})


def _to_nanousd(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise build_error("must be an amount in US dollars", "Write a number such as 12.50.")
    try:
        amount = Decimal(value)
    except ArithmeticError as error:
        raise build_error(
            "must be an amount in US dollars", "Write a number such as 12.50."
        ) from error
    if not amount.is_finite() or not 0 <= amount <= MAXIMUM_USD:
        raise build_error("must be an amount from 0 to 10^12", "Write a number such as 12.50.")
    try:
        return from_usd(amount)
    except ValueError as error:
        raise build_error(
            "is finer than a nano-dollar", "Round it to nine decimal places."
        ) from error


def _to_date(value: object) -> date:
    mend = "Write a day as YYYY-MM-DD, e.g. 2027-06-30."
    if not isinstance(value, str):
        raise build_error("must be a day", mend)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise build_error("must be a day", mend) from error


def _to_float(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


Usd = Annotated[
    int,
    BeforeValidator(_to_nanousd),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}),
]
"""An amount in dollars, exact; the value is integer nano-dollars."""
Day = Annotated[
    date, BeforeValidator(_to_date), WithJsonSchema({"type": "string", "format": "date"})
]
Number = Annotated[
    float,
    BeforeValidator(_to_float),
    Field(allow_inf_nan=False),
    WithJsonSchema({"type": "number"}),
]
Share = Annotated[
    float,
    BeforeValidator(_to_float),
    Field(ge=0, le=1),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Seconds = Annotated[
    float,
    BeforeValidator(_to_float),
    Field(gt=0, le=86_400),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 86_400}),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
Slug = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@/+-]*$"),
]
Count = Annotated[int, Field(ge=1, le=10**9)]
Days = Annotated[int, Field(ge=0, le=36_500)]


def validate(document: Document, form: type[FormT]) -> tuple[FormT | None, list[Problem]]:
    """Check a document against a form.

    Returns:
        The filled form, or None; and every problem, in the order of the file's lines.
    """
    if document.data is None:
        message, mend = "the file is empty", "Fill it in, or start from `alos init`."
        return None, [Problem(path=document.path, line=1, message=message, mend=mend)]
    try:
        return form.model_validate(document.data), []
    except ValidationError as error:
        problems = [_to_problem(document, form, details) for details in error.errors()]
        return None, sorted(problems, key=lambda problem: problem.line)


def suggest(word: str, known: Sequence[str]) -> str:
    """Say which of the known words was probably meant, or list them."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known here: {', '.join(f'`{name}`' for name in sorted(known))}." if known else ""


def _to_problem(document: Document, form: type[Form], details: ErrorDetails) -> Problem:
    location = tuple(part for part in details["loc"] if part != "[key]")
    kind, context = details["type"], details.get("ctx", {})
    last = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        known = list(_get_form(form, location[:-1]).model_fields)
        return document.build_problem(
            location, "this key is not known here", f"{suggest(last, known)} Or remove it.".strip()
        )
    if kind == "missing":
        what = _get_description(form, location)
        return document.build_problem(location, "this key is missing", f"Add `{last}`: {what}")
    if kind == OWN_ERROR:
        return document.build_problem(location, str(context["message"]), str(context["mend"]))
    if details["input"] is None and not kind.startswith("value"):
        return document.build_problem(
            location, "this key has no value", "Fill it in, or remove the key if it is optional."
        )
    message, mend = _explain(kind, context, details["input"], _get_annotation(form, location))
    mend = mend or _get_description(form, location)
    return document.build_problem(location, message, mend)


def _get_description(form: type[Form], location: Location) -> str:
    """What the form says of a place, or of the nearest key around it that it describes."""
    for end in range(len(location), 0, -1):
        fields = _get_form(form, location[: end - 1]).model_fields
        described = fields.get(str(location[end - 1]))
        if described is not None and described.description:
            return " ".join(described.description.split())
    return "Compare with the reference of this file."


def _explain(
    kind: str, context: Mapping[str, Any], given: object, annotation: object
) -> tuple[str, str]:
    if kind in {"enum", "literal_error"}:
        known = _list_choices(annotation)
        mend = suggest(given if isinstance(given, str) else "", known)
        return "must be one of the known words", mend or f"Write {context.get('expected', '')}."
    if kind == "string_pattern_mismatch":
        return _explain_pattern(str(context.get("pattern", "")))
    if kind in WORDING:
        return WORDING[kind]
    for name, words in BOUNDS.items():
        if name in context:
            return f"must be {words} {context[name]}", "Mend the number."
    return "has the wrong form", ""


def _explain_pattern(pattern: str) -> tuple[str, str]:
    if pattern == r"\S":
        return "must not be empty", "Write it out."
    if pattern.startswith("^[a-z][a-z0-9]*(-"):
        return "must be a slug", "Use lower-case letters, digits and single hyphens."
    if pattern.startswith("^[A-Za-z0-9][A-Za-z0-9._@/+-]*"):
        return "must be a plain name", "Use letters, digits and . _ - / + @ only, without spaces."
    return "has the wrong form", ""


WORDING: Mapping[str, tuple[str, str]] = {
    "string_type": ("must be text", 'Put it in quotes, e.g. "1.0".'),
    "string_too_short": ("must not be empty", "Write it out."),
    "string_too_long": ("is too long", "Shorten it."),
    "int_type": ("must be a whole number", "Write digits only, without quotes."),
    "float_type": ("must be a number", "Write a number, without quotes."),
    "finite_number": ("must be a finite number", "Write a number such as 0.5."),
    "bool_type": ("must be true or false", "Write `true` or `false`, without quotes."),
    "list_type": ("must be a list", "Write one `- item` a line."),
    "dict_type": ("must be a mapping", "Write `key: value` lines below it."),
    "model_type": ("must be a mapping", "Write `key: value` lines below it."),
    "too_short": ("must have at least one entry", "Add one."),
    "too_long": ("has too many entries", "Remove some."),
}
BOUNDS: Mapping[str, str] = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "below"}


def _get_form(form: type[Form], location: Location) -> type[Form]:
    annotation = _get_annotation(form, location)
    if isinstance(annotation, type) and issubclass(annotation, Form):
        return annotation
    return Form


def _get_annotation(form: type[Form], location: Location) -> object:
    """The type that a form gives to a place, without Optional and Annotated around it."""
    annotation: object = form
    for part in location:
        annotation = _step(_strip(annotation), part)
    return _strip(annotation)


def _strip(annotation: object) -> object:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _strip(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        rest = [item for item in get_args(annotation) if item is not type(None)]
        return _strip(rest[0])
    return annotation


def _step(annotation: object, part: str | int) -> object:
    if isinstance(annotation, type) and issubclass(annotation, Form):
        known = annotation.model_fields.get(str(part))
        return known.annotation if known else None
    arguments = get_args(annotation)
    return arguments[-1] if arguments else None


def _list_choices(annotation: object) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(choice.value) for choice in annotation]
    return [str(choice) for choice in get_args(annotation)]

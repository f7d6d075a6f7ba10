"""Makes the reference pages of the files that a team writes, out of their forms.

``python -m alos.control.reference FOLDER`` writes them anew; a test holds that they are current.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import JsonValue
from pydantic.fields import FieldInfo

from alos.control.forms import Day, Days, Form, Number, Seconds, Share, Slug, Text, Usd
from alos.control.golden import GoldenForm
from alos.control.organisation_form import Credential, OrganisationForm, Url
from alos.control.people import PartyName, PeopleForm
from alos.control.workflow_form import (
    Accountable,
    Pattern,
    Sentence,
    TierNumber,
    WorkflowForm,
    YesNo,
)

GENERATED = "<!-- Made by `python -m alos.control.reference docs/reference`; don't edit. -->"
NAMES: Sequence[tuple[object, str]] = (
    (Usd, "dollars"),
    (Day, "day (YYYY-MM-DD)"),
    (Days, "days"),
    (Seconds, "seconds"),
    (Share, "share, 0 to 1"),
    (Number, "number"),
    (Text, "text"),
    (Url, "URL"),
    (Credential, "`env:NAME`, `file:PATH` or `none`"),
    (PartyName, "person id or `group:NAME`"),
    (Accountable, "person id"),
    (TierNumber, "0 to 4"),
    (YesNo, "`yes` or `no`"),
    (Sentence, "one sentence"),
    (Pattern, "RE2 expression"),
    (Slug, "slug"),
)
PAGES: Mapping[str, tuple[str, str, Sequence[type[Form]]]] = {
    "alos-yaml.md": (
        "`alos.yaml` and `people.yaml`",
        (
            "One organisation repository holds both. Unknown keys are errors; `alos check` names"
            " the file, the line, the key and the mend of each mistake, all in one go."
        ),
        (OrganisationForm, PeopleForm),
    ),
    "workflow-yaml.md": (
        "`workflow.yaml` and `evals/*.yaml`",
        (
            "The folder `workflows/<slug>/` is a bundle ([bundle.md](bundle.md)); these are the"
            " keys of its two kinds of YAML file."
        ),
        (WorkflowForm, GoldenForm),
    ),
}


def build_pages() -> dict[str, str]:
    """The text of each page, by file name."""
    return {name: _build_page(*page) for name, page in PAGES.items()}


def _build_page(title: str, introduction: str, roots: Sequence[type[Form]]) -> str:
    forms: dict[type[Form], None] = {}
    for root in roots:
        _collect(root, forms)
    parts = [f"# {title}", GENERATED, introduction]
    for form in forms:
        parts += [f"## {_get_title(form)}", _flatten(form.__doc__ or ""), _build_table(form)]
    return "\n\n".join(parts) + "\n"


def _collect(form: type[Form], forms: dict[type[Form], None]) -> None:
    if form in forms:
        return
    forms[form] = None
    for field in form.model_fields.values():
        for inner in _list_forms(field.annotation):
            _collect(inner, forms)


def _list_forms(annotation: object) -> Iterator[type[Form]]:
    if isinstance(annotation, type) and issubclass(annotation, Form):
        yield annotation
    for argument in get_args(annotation):
        yield from _list_forms(argument)


def _get_title(form: type[Form]) -> str:
    return form.__name__.removesuffix("Form")


def _build_table(form: type[Form]) -> str:
    rows = ["| key | value | needed | what it is |", "|---|---|---|---|"]
    annotations = _get_annotations(form)
    for key, field in form.model_fields.items():
        value = _describe(annotations[key])
        needed = "yes" if field.is_required() else _describe_default(field)
        rows.append(f"| `{key}` | {value} | {needed} | {_flatten(field.description or '')} |")
    return "\n".join(rows)


def _get_annotations(form: type[Form]) -> dict[str, object]:
    """The annotations as written; pydantic takes the outermost `Annotated` apart."""
    return dict(form.__annotations__)


def _describe_default(field: FieldInfo) -> str:
    default = field.default
    if default is None or default == [] or field.default_factory is not None:
        return "no"
    if isinstance(default, bool):
        return f"no; `{str(default).lower()}`"
    if isinstance(default, (int, float, str)):
        return f"no; {default:g}" if isinstance(default, (int, float)) else f"no; `{default}`"
    return "no"


def _describe(annotation: object) -> str:
    for known, name in NAMES:
        if annotation == known:
            return name
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _describe(arguments[0])
    if origin in {Union, UnionType}:
        return " or ".join(_describe(item) for item in arguments if item is not type(None))
    if origin is list:
        return f"list of {_describe(arguments[0])}"
    if annotation == dict[str, JsonValue | Decimal]:
        return "JSON Schema"
    if origin is dict:
        return f"{_describe(arguments[0])} → {_describe(arguments[1])}"
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    return _describe_class(annotation)


def _describe_class(annotation: object) -> str:
    if not isinstance(annotation, type):
        return "any value"
    if issubclass(annotation, Form):
        title = _get_title(annotation)
        return f"[{title}](#{title.lower()})"
    if issubclass(annotation, Enum):
        return ", ".join(f"`{choice.value}`" for choice in annotation)
    return {str: "name", int: "whole number", float: "number", bool: "`true` or `false`"}.get(
        annotation, "any value"
    )


def _flatten(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def write_pages(folder: Path) -> None:
    """Write every page into a folder, over what is there."""
    for name, text in build_pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))

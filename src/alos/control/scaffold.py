"""Builds the files that ``alos init`` writes: an organisation and starter workflows."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from alos.domain.prompt import get_variables, render

SCHEMA_FOLDER = ".alos-schemas"
APPROVAL = timedelta(days=180)
DEFAULT_TEMPLATE = "support-reply-drafting"


class Extent(StrEnum):
    """How much is written: everything with roles and policy, or the least that is needed."""

    FULL = "full"
    MINIMAL = "minimal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaffoldWish:
    """What somebody wants to start with.

    Attributes:
        organisation: its name, one line.
        templates: names from :func:`list_templates`; the first is the sprint's workflow.
        local_url: where a model on this machine answers.
        local_model: the name it answers to.
        today: example approvals end some months after it.
    """

    organisation: str
    templates: Sequence[str]
    extent: Extent
    today: date
    local_url: str = "http://127.0.0.1:8081"
    local_model: str = "smollm2-135m-instruct"


class ScaffoldRefused(Exception):  # noqa: N818 - a "no" to the person at the terminal
    """Nothing was written; the message says why and what to do."""


def list_templates() -> tuple[str, ...]:
    """The names of the starter workflows, sorted."""
    folder = _get_data() / "templates" / "workflows"
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_dir()))


def build_scaffold(wish: ScaffoldWish) -> dict[str, bytes]:
    """Build every file of a new organisation, by path relative to its folder.

    Raises:
        ScaffoldRefused: a template that does not exist, or none.
    """
    workflows = build_workflows(wish.templates)
    suffix = ".minimal" if wish.extent is Extent.MINIMAL else ""
    source = _get_data() / "templates" / "organisation"
    values = {
        "organisation": _quote(wish.organisation),
        "sprint_workflow": wish.templates[0],
        "workspace": _get_workspace(workflows, wish.templates[0]),
        "approved_until": (wish.today + APPROVAL).isoformat(),
        "local_url": wish.local_url,
        "local_model": _quote(wish.local_model),
    }
    template = (source / f"alos{suffix}.yaml").read_text(encoding="utf-8")
    used = {name: values[name] for name in get_variables(template)}
    return {
        "alos.yaml": render(template, used).encode(),
        "people.yaml": (source / f"people{suffix}.yaml").read_bytes(),
        ".gitignore": (source / "gitignore").read_bytes(),
        **_read_folder(_get_data() / "schemas", f"{SCHEMA_FOLDER}/"),
        **workflows,
    }


def build_workflows(templates: Sequence[str]) -> dict[str, bytes]:
    """Build the files of starter workflows, by path relative to the organisation's folder.

    Raises:
        ScaffoldRefused: a template that does not exist, or none.
    """
    if not templates:
        raise ScaffoldRefused("Name at least one starter workflow.")
    built: dict[str, bytes] = {}
    for name in templates:
        if name not in list_templates():
            known = ", ".join(list_templates())
            raise ScaffoldRefused(f"There is no starter workflow of that name; there are {known}.")
        source = _get_data() / "templates" / "workflows" / name
        built |= _read_folder(source, f"workflows/{name}/")
    return built


def write_scaffold(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder; where one of them exists already, write none.

    Raises:
        ScaffoldRefused: a file exists, or the folder can't be written.
    """
    there = [path for path in contents if os.path.lexists(folder / path)]
    if there:
        shown = ", ".join(sorted(there)[:3])
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""  # noqa: PLR2004 - as shown
        raise ScaffoldRefused(
            f"{shown}{more} already there, and nothing is overwritten. Choose another folder."
        )
    try:
        for path, raw in contents.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(raw)
    except OSError as error:
        raise ScaffoldRefused(
            f"The folder can't be written ({error.strerror}). Choose another one."
        ) from error


def _get_data() -> Traversable:
    return files("alos") / "data"


def _quote(text: str) -> str:
    """Write a text as one YAML scalar that reads back as the same text."""
    one_line = " ".join(text.split())
    return yaml.safe_dump(one_line, default_style='"', width=10_000, allow_unicode=True).strip()


def _get_workspace(workflows: Mapping[str, bytes], template: str) -> str:
    document = yaml.safe_load(workflows[f"workflows/{template}/workflow.yaml"])
    return str(document["workspace"])


def _read_folder(source: Traversable, prefix: str) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for entry in sorted(source.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            contents |= _read_folder(entry, f"{prefix}{entry.name}/")
        else:
            contents[f"{prefix}{entry.name}"] = entry.read_bytes()
    return contents

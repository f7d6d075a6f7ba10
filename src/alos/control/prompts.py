"""Checks the prompts a workflow declares against the templates in its bundle."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from alos.control.documents import Document, Problem
from alos.control.workflow_form import PromptForm
from alos.domain.bundle import Prompt
from alos.domain.prompt import get_variables

BRACES = re.compile(r"\{\{|\}\}")
SUBSTITUTION = re.compile(r"\{\{\s*[A-Za-z_][A-Za-z0-9_]*\s*\}\}")
FOLDER = "prompts/"


def read_prompts(
    document: Document, declared: Mapping[str, PromptForm], contents: Mapping[str, bytes]
) -> tuple[Mapping[str, Prompt], list[Problem]]:
    """Read the templates that ``workflow.yaml`` (``document``) declares.

    Returns:
        The prompts that could be read, by name; and every problem, undeclared files included.
    """
    prompts: dict[str, Prompt] = {}
    problems: list[Problem] = []
    for name, form in declared.items():
        location = ("prompts", name)
        raw = contents.get(form.file)
        if raw is None:
            message, mend = "the bundle has no such file", f"Write {form.file}."
            problems.append(document.build_problem((*location, "file"), message, mend))
            continue
        try:
            template = raw.decode("utf-8")
        except UnicodeDecodeError:
            message, mend = "the file is not UTF-8", "Save it as UTF-8."
            problems.append(Problem(path=_beside(document, form.file), message=message, mend=mend))
            continue
        problems += check_template(_beside(document, form.file), template)
        problems += _check_variables(document, name, form, template)
        prompts[name] = Prompt(
            name=name,
            version=form.version,
            path=form.file,
            template=template,
            variables=tuple(sorted(get_variables(template))),
        )
    problems += _check_undeclared(document, declared, contents)
    return MappingProxyType(prompts), problems


def check_template(path: str, template: str) -> Iterator[Problem]:
    """Find braces that are no ``{{name}}``, and a template that says nothing."""
    if not template.strip():
        yield Problem(path=path, line=1, message="the template is empty", mend="Write it.")
    rest = SUBSTITUTION.sub(lambda match: " " * len(match[0]), template)
    lines = [rest.count("\n", 0, found.start()) + 1 for found in BRACES.finditer(rest)]
    for line in dict.fromkeys(lines):
        yield Problem(
            path=path,
            line=line,
            message="double braces that are no {{name}}",
            mend="Use letters, digits and _ in the name; put a space between literal braces.",
        )


def _check_variables(
    document: Document, name: str, form: PromptForm, template: str
) -> Iterator[Problem]:
    used = get_variables(template)
    location = ("prompts", name, "variables")
    for index, variable in enumerate(form.variables):
        if variable not in used:
            yield document.build_problem(
                (*location, index),
                "the template does not use this variable",
                f"Use it in {form.file} as {{{{name}}}}, or remove it.",
            )
    for variable in sorted(used - set(form.variables)):
        line = _get_line(template, variable)
        yield Problem(
            path=_beside(document, form.file),
            line=line,
            key=variable,
            message="the variable is not declared in workflow.yaml",
            mend=f"Add it to `prompts.{name}.variables`, or correct its name.",
        )


def _check_undeclared(
    document: Document, declared: Mapping[str, PromptForm], contents: Mapping[str, bytes]
) -> Iterator[Problem]:
    files = {form.file for form in declared.values()}
    for path in contents:
        if path.startswith(FOLDER) and path.endswith(".md") and path not in files:
            yield Problem(
                path=_beside(document, path),
                message="no prompt of workflow.yaml uses this file",
                mend="Declare it under `prompts`, or delete it.",
            )


def _get_line(template: str, variable: str) -> int:
    found = re.search(r"\{\{\s*" + re.escape(variable) + r"\s*\}\}", template)
    return template.count("\n", 0, found.start()) + 1 if found else 1


def _beside(document: Document, path: str) -> str:
    """The path of a bundle's file, written the way the document's own path is."""
    folder, _, _ = document.path.rpartition("/")
    return f"{folder}/{path}" if folder else path

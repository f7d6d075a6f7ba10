"""A prompt's variables are declared, used and spelled alike, or it is an error."""

from pathlib import Path

import pytest

from alos.control.prompts import check_template
from tests.control.organisation_folder import SUPPORT, WORKFLOW, OrganisationFolder

PROMPT = f"workflows/{SUPPORT}/prompts/draft-reply.md"


@pytest.fixture
def folder(tmp_path: Path) -> OrganisationFolder:
    return OrganisationFolder(tmp_path / "org")


def test_a_variable_that_is_not_declared_is_found_in_its_line(folder: OrganisationFolder) -> None:
    line = folder.replace(PROMPT, "{{facts}}", "{{fcts}}")
    problems = {p.key: p for p in folder.load().problems if p.is_error and "evals" not in p.path}
    assert (problems["fcts"].path, problems["fcts"].line) == (PROMPT, line)
    assert problems["prompts.draft-reply.variables[1]"].path == WORKFLOW


def test_a_declared_variable_must_be_used(folder: OrganisationFolder) -> None:
    folder.replace(WORKFLOW, "[company, facts]", "[company, facts, tone]")
    problem = folder.find("prompts.draft-reply.variables[2]")
    assert "does not use" in problem.message


def test_a_file_that_is_missing_is_named(folder: OrganisationFolder) -> None:
    folder.replace(WORKFLOW, "file: prompts/draft-reply.md", "file: prompts/other.md")
    assert folder.find("prompts.draft-reply.file").is_error
    messages = [p.message for p in folder.load().problems if p.path == PROMPT]
    assert messages == ["no prompt of workflow.yaml uses this file"]


def test_a_prompt_may_not_reach_out_of_the_bundle(folder: OrganisationFolder) -> None:
    folder.replace(WORKFLOW, "file: prompts/draft-reply.md", "file: prompts/../../x.md")
    assert folder.find("prompts.draft-reply.file").is_error


@pytest.mark.parametrize(
    ("template", "lines"),
    [
        ("Hello {{name}}", []),
        ("Hello {name} and { {name} }", []),
        ("Hello {{first name}}", [1]),
        ("a\n{{#if x}}\nb\n{{/if}}", [2, 4]),
        ("a\n{{{name}}}", []),
        ("a }} b", [1]),
        ("{{ name }}", []),
        ("", [1]),
    ],
)
def test_braces_that_are_no_variable_are_found(template: str, lines: list[int]) -> None:
    assert [problem.line for problem in check_template("p.md", template)] == lines


def test_a_template_that_is_not_utf8_is_named(folder: OrganisationFolder) -> None:
    (folder.path / PROMPT).write_bytes(b"\xff{{company}}{{facts}}")
    assert "the file is not UTF-8" in [p.message for p in folder.load().problems]

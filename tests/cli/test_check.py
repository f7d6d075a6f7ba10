"""``alos check`` names every mistake with its place, and its exit status says whether to go on."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from alos.cli.check import build_example_scanner, check_command
from alos.control.registry import load_organisation
from alos.control.scaffold import list_templates
from alos.domain.golden import Grader
from tests.control.organisation_folder import SUPPORT, WORKFLOW, OrganisationFolder


@pytest.fixture
def folder(tmp_path: Path) -> OrganisationFolder:
    return OrganisationFolder(tmp_path / "org")


def check(path: Path, *options: str) -> Result:
    app = typer.Typer()
    app.command()(check_command)
    return CliRunner().invoke(app, [str(path), *options])


def test_warnings_alone_pass(folder: OrganisationFolder) -> None:
    result = check(folder.path)
    assert result.exit_code == 0
    assert "0 errors, 0 that block a release" in result.output


def test_an_error_is_shown_with_file_line_key_and_mend(folder: OrganisationFolder) -> None:
    line = folder.replace(WORKFLOW, "workspace: support", "workspace: suport")
    result = check(folder.path)
    assert result.exit_code == 1
    assert f"{WORKFLOW}\n" in result.output
    assert f"line {line}: `workspace` there is no such workspace" in result.output
    assert "Did you mean `support`?" in result.output


def test_what_blocks_a_release_fails_the_check(folder: OrganisationFolder) -> None:
    folder.replace(WORKFLOW, "executive: ana", "executive: anna")
    assert check(folder.path).exit_code == 1


def test_json_holds_digests_and_problems(folder: OrganisationFolder) -> None:
    folder.replace(WORKFLOW, "tier: 2 ", "tier: 1 ")
    result = check(folder.path, "--json")
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert answer["digests"][SUPPORT].startswith("sha256:")
    assert set(answer["problems"][0]) == {"severity", "path", "line", "key", "message", "mend"}
    assert "tier" in {problem["key"] for problem in answer["problems"]}


def test_one_workflow_is_checked_with_its_organisation(folder: OrganisationFolder) -> None:
    folder.replace(WORKFLOW, "primary: small-local", "primary: small")
    result = check(folder.path / "workflows" / SUPPORT, "--json")
    answer = json.loads(result.stdout)
    assert {problem["path"] for problem in answer["problems"]} == {WORKFLOW}
    assert "models.primary" in {problem["key"] for problem in answer["problems"]}


def test_a_workflow_that_stands_alone_is_checked_by_itself(
    folder: OrganisationFolder, tmp_path: Path
) -> None:
    alone = tmp_path / SUPPORT
    (folder.path / "workflows" / SUPPORT).rename(alone)
    result = check(alone, "--json")
    assert result.exit_code == 0
    assert list(json.loads(result.stdout)["digests"]) == [SUPPORT]


def test_a_folder_without_either_file_is_wrong_use(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 2
    assert "alos init" in result.output


def test_an_example_with_a_credential_fails_the_check(folder: OrganisationFolder) -> None:
    old = "- I was charged twice this month. Can you look into it?"
    folder.replace(WORKFLOW, old, '- "Log in with password: Kx7pQ2mZ9vTr4 please"')
    result = check(folder.path)
    assert result.exit_code == 1
    assert "boundary.allowed[0].examples[2]" in result.output
    assert "Kx7pQ2mZ9vTr4" not in result.output


def test_an_example_with_a_forbidden_phrase_fails_the_check(folder: OrganisationFolder) -> None:
    old = "- I was charged twice this month. Can you look into it?"
    folder.replace(WORKFLOW, old, "- Here is the Incident Postmortem of last night.")
    result = check(folder.path)
    assert result.exit_code == 1
    assert "boundary.allowed[0].examples[2]" in result.output


def test_an_example_that_is_only_redacted_passes(folder: OrganisationFolder) -> None:
    old = "- I was charged twice this month. Can you look into it?"
    folder.replace(WORKFLOW, old, "- Please write to joan.doe@example.net about my order.")
    assert check(folder.path).exit_code == 0


@pytest.mark.parametrize("code", ["alos_secret_found", "alos_forbidden_input"])
def test_the_gate_sees_what_each_starter_expects_it_to_refuse(tmp_path: Path, code: str) -> None:
    folder = OrganisationFolder(tmp_path / "all", list_templates())
    loaded = load_organisation(folder.path)
    assert loaded.organisation is not None
    scan = build_example_scanner()
    for bundle in loaded.bundles.values():
        texts = [
            message.content
            for case in bundle.cases
            for criterion in case.criteria
            if criterion.grader is Grader.GATEWAY_REFUSES and code in criterion.values
            for message in case.messages
        ]
        assert texts
        assert all(scan(loaded.organisation, bundle.workflow, text) for text in texts)

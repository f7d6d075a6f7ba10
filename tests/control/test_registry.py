"""A folder is read whole: one broken file does not hide the others' mistakes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from alos.control.registry import load_organisation
from alos.control.scaffold import list_templates
from alos.domain.organisation import Organisation
from alos.domain.workflow import Workflow
from tests.control.organisation_folder import SUPPORT, TODAY, WORKFLOW, OrganisationFolder


@pytest.fixture
def folder(tmp_path: Path) -> OrganisationFolder:
    return OrganisationFolder(tmp_path / "org", list_templates())


def test_an_empty_folder_says_how_to_start(tmp_path: Path) -> None:
    loaded = load_organisation(tmp_path)
    assert loaded.organisation is None
    assert not loaded.is_usable
    assert "alos init" in loaded.problems[0].mend


def test_a_broken_workflow_leaves_the_others(folder: OrganisationFolder) -> None:
    folder.write(WORKFLOW, "id: [")
    loaded = folder.load()
    assert set(loaded.bundles) == set(list_templates()) - {SUPPORT}
    assert set(loaded.digests) == set(list_templates())


def test_mistakes_in_several_files_come_together_sorted(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "\norganisation: ", "\norganization: ")
    folder.replace("people.yaml", "email: ana@example.com", "email: ana")
    folder.replace(WORKFLOW, "tier: 2 ", "tier: 9 ")
    problems = [problem for problem in folder.load().problems if problem.is_error]
    paths = [problem.path for problem in problems]
    assert paths == sorted(paths)
    assert {"alos.yaml", "people.yaml", WORKFLOW} == set(paths)


def test_the_policy_digest_is_of_the_raw_bytes(folder: OrganisationFolder) -> None:
    before = folder.load().policy
    with (folder.path / "alos.yaml").open("a") as file:
        file.write("# a comment\n")
    after = folder.load().policy
    assert before is not None
    assert after is not None
    assert before != after


@pytest.mark.parametrize("stray", ["workflows/README.md", "workflows/.DS_Store"])
def test_a_stray_file_among_workflows_is_named(folder: OrganisationFolder, stray: str) -> None:
    folder.write(stray, "x")
    assert [p.path for p in folder.load().problems if p.is_error] == [stray]


def test_an_example_that_the_gate_refuses_blocks_a_release(folder: OrganisationFolder) -> None:
    def scan(organisation: Organisation, workflow: Workflow, text: str) -> Sequence[str]:
        assert organisation.name == "Northwind"
        return ["rule/parcel"] if workflow.id == SUPPORT and "parcel was due" in text else []

    loaded = load_organisation(folder.path, today=TODAY, scanner=scan)
    keys = [problem.key for problem in loaded.problems if "rule/parcel" in problem.message]
    assert keys == ["boundary.allowed[0].examples[0]"]
    assert not loaded.is_clean


def test_the_sprint_workflow_is_one_that_exists(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", f"sprint_workflow: {list_templates()[0]}", "sprint_workflow: gone")
    assert "no such workflow" in folder.find("sprint_workflow").message


def test_retention_has_no_built_in_number(folder: OrganisationFolder) -> None:
    organisation = folder.load().organisation
    assert organisation is not None
    assert organisation.retention.body_days is None
    assert organisation.retention.record_days is None
    assert "production waits" in folder.find("retention.body_days").message


def test_retention_needs_a_reference(folder: OrganisationFolder) -> None:
    text = (folder.path / "alos.yaml").read_text()
    folder.write("alos.yaml", text.replace("  reference: ", "  # reference: "))
    assert folder.find("retention").is_error

"""A clone has the shape of the first workflow and nothing of what that one earned."""

from pathlib import Path

import pytest
import yaml

from alos.control.bundle import read_bundle, read_contents
from alos.control.clone import CloneRefused, build_clone
from alos.control.documents import Problem, Severity
from alos.control.scaffold import list_templates, write_scaffold
from alos.domain.ids import WorkflowId
from tests.control.organisation_folder import SUPPORT, WORKFLOW, OrganisationFolder

CLONE = WorkflowId("sales-replies")
FLOW = f"workflows/{CLONE}/workflow.yaml"


def clone(folder: OrganisationFolder, source: str = SUPPORT) -> dict[str, bytes]:
    contents, problems = read_contents(folder.path / "workflows" / source, label=source)
    assert problems == []
    made = build_clone(contents, CLONE)
    write_scaffold(folder.path, {f"workflows/{CLONE}/{path}": raw for path, raw in made.items()})
    return made


def list_left(folder: OrganisationFolder) -> list[Problem]:
    loaded = folder.load()
    assert loaded.is_usable, [str(one) for one in loaded.problems if one.is_error]
    return [
        one
        for one in loaded.problems
        if one.path.startswith(f"workflows/{CLONE}") and one.severity is Severity.BLOCKS_RELEASE
    ]


@pytest.mark.parametrize("template", list_templates())
def test_every_starter_can_be_cloned_and_check_names_all_that_is_left(
    tmp_path: Path, template: str
) -> None:
    folder = OrganisationFolder(tmp_path, [template])
    clone(folder, template)
    left = {(one.path.removeprefix(f"workflows/{CLONE}/"), one.key) for one in list_left(folder)}
    assert left >= {
        ("workflow.yaml", "title"),
        ("workflow.yaml", "owners.executive"),
        ("workflow.yaml", "owners.operational"),
        ("workflow.yaml", "raci.responsible[0]"),
        ("workflow.yaml", "raci.accountable"),
        ("workflow.yaml", "raci.consulted[0]"),
        ("workflow.yaml", "raci.informed[0]"),
        ("workflow.yaml", "feared_failure.sentence"),
        ("workflow.yaml", "feared_failure.cases[0]"),
        ("evals", ""),
        ("decisions", ""),
    }


def test_the_shape_comes_along_and_the_rest_does_not(tmp_path: Path) -> None:
    folder = OrganisationFolder(tmp_path)
    folder.replace(WORKFLOW, "personal_accounts: no", "personal_accounts: yes")
    made = clone(folder)
    source = yaml.safe_load((folder.path / WORKFLOW).read_bytes())
    cloned = yaml.safe_load(made["workflow.yaml"])
    assert list(source) == list(cloned)
    own = {"id", "title", "owners", "raci", "feared_failure", "personal_accounts", "rollout"}
    assert {key: source[key] for key in source if key not in own} == {
        key: cloned[key] for key in cloned if key not in own
    }
    assert cloned["personal_accounts"] == "no", "the waiver was the first one's"
    assert cloned["rollout"]["flag"] == CLONE
    assert set(made) == {"workflow.yaml", "prompts/draft-reply.md"}
    assert not {"ana", "ben", "fay"} & set(str(cloned).replace("'", " ").split())


def test_somebodys_dated_word_does_not_come_along(tmp_path: Path) -> None:
    folder = OrganisationFolder(tmp_path)
    folder.replace(
        WORKFLOW,
        "incident_details: {action: block, dictionaries: [incident-words]}",
        "incident_details: {action: block, by_hand: {person: dan, procedure: Dan reads each,"
        " expires_on: 2027-01-01}}",
    )
    folder.replace(
        WORKFLOW,
        "  kind: gateway",
        "  kind: external\n  attestation: {owner: dan, evidence: SOC 2,"
        " evidence_date: 2026-01-01, expires_on: 2027-01-01}",
    )
    made = clone(folder)["workflow.yaml"].decode()
    for word in ("dan", "Dan", "SOC 2", "2027"):
        assert word not in made
    keys = {one.key for one in list_left(folder)}
    assert keys >= {
        "boundary.forbidden.incident_details.by_hand",
        "boundary.forbidden.incident_details.by_hand.person",
        "boundary.forbidden.incident_details.by_hand.procedure",
        "surface.attestation",
        "surface.attestation.owner",
        "surface.attestation.evidence",
    }


def test_texts_that_look_like_something_else_come_along_as_they_are(tmp_path: Path) -> None:
    folder = OrganisationFolder(tmp_path)
    hard = '"1e3: # no, ~ \\"x\\" \\u00e9\\n- y"'
    folder.replace(WORKFLOW, "definition: one ticket answered", f"definition: {hard}")
    folder.replace(WORKFLOW, "success: the agent sends the draft, edited or not", 'success: "1e3"')
    made = clone(folder)
    cloned = read_bundle(made, label="x").bundle
    assert cloned is not None
    assert cloned.workflow.task.definition == '1e3: # no, ~ "x" é\n- y'
    assert cloned.workflow.task.success == "1e3"


@pytest.mark.parametrize("slug", ["", "A", "a/b", "../x", "a--b", "-a", "a" * 64, "a\n", SUPPORT])
def test_a_slug_that_is_none_or_is_taken_makes_no_clone(tmp_path: Path, slug: str) -> None:
    folder = OrganisationFolder(tmp_path)
    contents, _ = read_contents(folder.path / "workflows" / SUPPORT, label=SUPPORT)
    with pytest.raises(CloneRefused):
        build_clone(contents, WorkflowId(slug))


def test_a_workflow_that_holds_an_error_is_not_cloned(tmp_path: Path) -> None:
    folder = OrganisationFolder(tmp_path)
    folder.replace(WORKFLOW, "tier: 2 ", "tier: 1 ")
    contents, _ = read_contents(folder.path / "workflows" / SUPPORT, label=SUPPORT)
    with pytest.raises(CloneRefused, match="alos check"):
        build_clone(contents, CLONE)

"""What ``alos init`` writes is sound, complete, and never over anything that is there."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.control.documents import Severity, parse_document
from alos.control.golden_set import LARGE_GOLDEN_SET
from alos.control.organisation import read_organisation
from alos.control.registry import load_organisation
from alos.control.scaffold import (
    Extent,
    ScaffoldRefused,
    ScaffoldWish,
    build_scaffold,
    list_templates,
    write_scaffold,
)
from alos.control.schemas import FOLDER, build_schemas
from alos.domain.golden import CaseKind, CriterionKind, Grader
from alos.domain.tier import Tier

TODAY = date(2026, 11, 22)


def wish(template: str, extent: Extent = Extent.FULL, name: str = "Northwind") -> ScaffoldWish:
    return ScaffoldWish(organisation=name, templates=[template], extent=extent, today=TODAY)


def test_the_four_starters_of_the_sprint_are_there() -> None:
    assert set(list_templates()) == {
        "support-reply-drafting",
        "pr-review-help",
        "oncall-debugging",
        "internal-doc-qa",
    }


@pytest.mark.parametrize("extent", list(Extent))
@pytest.mark.parametrize("template", list_templates())
def test_each_starter_passes_the_check(tmp_path: Path, template: str, extent: Extent) -> None:
    write_scaffold(tmp_path, build_scaffold(wish(template, extent)))
    loaded = load_organisation(tmp_path, today=TODAY)
    assert [p for p in loaded.problems if p.severity is not Severity.WARNING] == []
    assert list(loaded.bundles) == [template]
    assert loaded.organisation is not None
    assert loaded.organisation.sprint_workflow == template


@pytest.mark.parametrize("template", list_templates())
def test_each_starter_has_a_golden_set_that_decides(tmp_path: Path, template: str) -> None:
    write_scaffold(tmp_path, build_scaffold(wish(template)))
    (bundle,) = load_organisation(tmp_path).bundles.values()
    least = 20 if bundle.workflow.tier >= Tier.CUSTOMER_FACING else 10
    assert least <= len(bundle.cases) <= LARGE_GOLDEN_SET
    adversarial = [case for case in bundle.cases if case.kind is CaseKind.ADVERSARIAL]
    assert len(adversarial) / len(bundle.cases) >= 0.3
    assert {c.kind for case in bundle.cases for c in case.criteria} == set(CriterionKind)
    refusing = [
        case
        for case in adversarial
        if any(criterion.grader is Grader.GATEWAY_REFUSES for criterion in case.criteria)
    ]
    assert len(refusing) >= 3
    assert all(case.must_pass for case in refusing)


def test_minimal_asks_for_tier_owner_and_golden_set_and_no_more(tmp_path: Path) -> None:
    write_scaffold(tmp_path, build_scaffold(wish("internal-doc-qa", Extent.MINIMAL)))
    loaded = load_organisation(tmp_path, today=TODAY)
    assert loaded.organisation is not None
    assert not loaded.organisation.roles
    assert len(loaded.organisation.workspaces) == 1
    (bundle,) = loaded.bundles.values()
    assert loaded.people is not None
    assert loaded.people.get_active(bundle.workflow.raci.accountable) is not None


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("mine")
    with pytest.raises(ScaffoldRefused, match=r"people\.yaml"):
        write_scaffold(tmp_path, build_scaffold(wish("internal-doc-qa")))
    assert [path.name for path in tmp_path.iterdir()] == ["people.yaml"]
    assert (tmp_path / "people.yaml").read_text() == "mine"


def test_a_dangling_link_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "alos.yaml").symlink_to("nowhere")
    with pytest.raises(ScaffoldRefused):
        write_scaffold(tmp_path, build_scaffold(wish("internal-doc-qa")))


def test_an_unknown_starter_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ScaffoldRefused, match="internal-doc-qa"):
        build_scaffold(wish("../../etc"))


def test_the_data_folder_is_kept_out_of_git() -> None:
    lines = build_scaffold(wish("internal-doc-qa"))[".gitignore"].decode().splitlines()
    assert ".alos/" in lines


def test_every_yaml_file_names_a_schema_that_is_written_too() -> None:
    contents = build_scaffold(wish("internal-doc-qa"))
    for path, raw in contents.items():
        if not path.endswith(".yaml"):
            continue
        first = raw.decode().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        target = (Path("/org") / path).parent / first.partition("$schema=")[2]
        resolved = Path(*[part for part in _resolve(target).parts if part != "/"][1:])
        assert str(resolved) in contents


def _resolve(path: Path) -> Path:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return Path(*parts)


def test_the_schemas_in_the_package_are_current() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert stored == build_schemas(), "run `python -m alos.control.schemas`"


@given(st.text(min_size=1, max_size=30).filter(lambda name: name.strip()))
def test_any_name_of_an_organisation_is_read_back(name: str) -> None:
    raw = build_scaffold(wish("internal-doc-qa", name=name))["alos.yaml"]
    document, problems = parse_document("alos.yaml", raw)
    assert problems == []
    assert document is not None
    organisation, problems = read_organisation(document)
    assert problems == []
    assert organisation is not None
    assert organisation.name == " ".join(name.split())

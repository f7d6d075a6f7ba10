"""``alos render`` writes the handbook, and ``alos check`` is red where it has drifted."""

import json
from pathlib import Path

import pytest

from tests.cli.organisation import make_organisation, run

RUNBOOK = "runbooks/support-reply-drafting.md"
TEMPLATE = ".github/pull_request_template.md"


@pytest.fixture
def org(tmp_path: Path) -> Path:
    return make_organisation(tmp_path / "org")


def test_init_writes_the_pages_and_they_are_current(org: Path) -> None:
    assert (org / RUNBOOK).is_file()
    assert (org / TEMPLATE).is_file()
    assert run("render", "--config", str(org), "--check").exit_code == 0
    assert RUNBOOK not in run("check", str(org)).output


def test_a_starter_that_is_added_gets_its_runbook_and_its_place_in_the_template(
    org: Path,
) -> None:
    assert run("init", str(org), "--workflow", "pr-review-help").exit_code == 0
    assert (org / "runbooks/pr-review-help.md").is_file()
    assert "pr-review-help" in (org / TEMPLATE).read_text()
    assert run("render", "--config", str(org), "--check").exit_code == 0


def test_a_template_of_somebodys_own_does_not_stop_init(tmp_path: Path) -> None:
    (tmp_path / ".github").mkdir()
    (tmp_path / TEMPLATE).write_text("our own\n")
    assert run("init", str(tmp_path)).exit_code == 0
    assert (tmp_path / TEMPLATE).read_text() == "our own\n"


def test_check_is_red_after_a_change_by_hand_and_green_after_render(org: Path) -> None:
    page = org / RUNBOOK
    page.write_text(page.read_text().replace("One person", "Two people"))
    checked = run("check", str(org))
    assert checked.exit_code == 1
    assert RUNBOOK in checked.output
    assert "alos render" in checked.output
    assert run("check", str(org / "workflows/support-reply-drafting")).exit_code == 1
    assert run("render", "--config", str(org)).exit_code == 0
    assert run("check", str(org)).exit_code == 0


def test_check_is_red_after_a_change_of_the_configuration(org: Path) -> None:
    people = org / "people.yaml"
    people.write_text(people.read_text().replace("Ben Example", "Benedict Example"))
    checked = run("check", str(org), "--json")
    assert checked.exit_code == 1
    found = {one["path"] for one in json.loads(checked.stdout)["problems"]}
    assert {RUNBOOK, TEMPLATE} <= found
    asked = run("render", "--config", str(org), "--check", "--json")
    assert asked.exit_code == 1
    assert json.loads(asked.stdout)["ok"] is False


def test_pages_that_are_missing_are_a_warning(org: Path) -> None:
    (org / RUNBOOK).unlink()
    checked = run("check", str(org))
    assert checked.exit_code == 0
    assert f"{RUNBOOK}\n  warning: is not written yet" in checked.output


def test_render_says_what_it_wrote_and_writes_nothing_twice(org: Path) -> None:
    (org / RUNBOOK).unlink()
    assert json.loads(run("render", "--config", str(org), "--json").stdout)["written"] == [RUNBOOK]
    assert json.loads(run("render", "--config", str(org), "--json").stdout)["written"] == []


def test_a_configuration_with_errors_is_not_rendered(org: Path) -> None:
    (org / "people.yaml").write_text("persons: 3\n")
    refused = run("render", "--config", str(org))
    assert refused.exit_code == 1
    assert "alos check" in refused.output


def test_a_folder_without_an_organisation_is_wrong_use(tmp_path: Path) -> None:
    assert run("render", "--config", str(tmp_path)).exit_code == 2

"""``alos clone`` writes another workflow's start, and says what is left to do."""

import json
from pathlib import Path

import pytest

from tests.cli.organisation import make_organisation, run

SUPPORT = "support-reply-drafting"


@pytest.fixture
def org(tmp_path: Path) -> Path:
    return make_organisation(tmp_path / "org")


def test_what_is_left_is_what_check_names_and_the_handbook_is_current(org: Path) -> None:
    made = run("clone", SUPPORT, "sales-replies", "--config", str(org), "--json")
    assert made.exit_code == 0, made.output
    answer = json.loads(made.stdout)
    assert "runbooks/sales-replies.md" in answer["written"]
    checked = run("check", str(org), "--json")
    assert checked.exit_code == 1
    blocking = [
        one for one in json.loads(checked.stdout)["problems"] if one["severity"] != "warning"
    ]
    assert {one["path"].split("/")[1] for one in blocking} == {"sales-replies"}
    assert len(blocking) == len(answer["left"])


def test_nothing_that_is_there_is_touched(org: Path) -> None:
    assert run("clone", SUPPORT, "sales-replies", "--config", str(org)).exit_code == 0
    mine = org / "workflows/sales-replies/workflow.yaml"
    mine.write_text("mine")
    again = run("clone", SUPPORT, "sales-replies", "--config", str(org))
    assert again.exit_code == 1
    assert "there already" in again.output
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("source", ["no-such", "../workflows/support-reply-drafting", ""])
def test_an_unknown_source_is_wrong_use(org: Path, source: str) -> None:
    assert run("clone", source, "sales-replies", "--config", str(org)).exit_code == 2


def test_a_slug_that_leads_elsewhere_writes_nothing(org: Path) -> None:
    before = sorted(org.parent.rglob("*"))
    assert run("clone", SUPPORT, "../../elsewhere", "--config", str(org)).exit_code == 1
    assert sorted(org.parent.rglob("*")) == before

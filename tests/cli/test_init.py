"""``alos init`` writes a start that ``alos check`` passes, and says what comes next."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from alos.cli.check import check_command
from alos.cli.init import init_command


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command("init")(init_command)
    made.command("check")(check_command)
    return made


def test_init_then_check_is_all_it_takes(app: typer.Typer, tmp_path: Path) -> None:
    runner = CliRunner()
    written = runner.invoke(app, ["init", str(tmp_path / "org")])
    assert written.exit_code == 0, written.output
    checked = runner.invoke(app, ["check", str(tmp_path / "org")])
    assert checked.exit_code == 0, checked.output


def test_it_ends_with_the_next_three_commands(app: typer.Typer, tmp_path: Path) -> None:
    output = CliRunner().invoke(app, ["init", str(tmp_path / "org")]).output
    last = [line.split()[1] for line in output.splitlines()[-3:]]
    assert last == ["check", "serve", "key"]


def test_a_second_time_it_refuses_and_changes_nothing(app: typer.Typer, tmp_path: Path) -> None:
    runner = CliRunner()
    runner.invoke(app, ["init", str(tmp_path)])
    (tmp_path / "alos.yaml").write_text("mine")
    again = runner.invoke(app, ["init", str(tmp_path)])
    assert again.exit_code == 1
    assert "nothing is overwritten" in again.output
    assert (tmp_path / "alos.yaml").read_text() == "mine"


def test_a_further_starter_is_added_beside_the_first(app: typer.Typer, tmp_path: Path) -> None:
    runner = CliRunner()
    runner.invoke(app, ["init", str(tmp_path)])
    before = (tmp_path / "alos.yaml").read_bytes()
    added = runner.invoke(app, ["init", str(tmp_path), "--workflow", "pr-review-help"])
    assert added.exit_code == 0, added.output
    assert (tmp_path / "alos.yaml").read_bytes() == before
    assert (tmp_path / "workflows/pr-review-help/workflow.yaml").is_file()
    checked = runner.invoke(app, ["check", str(tmp_path)])
    assert checked.exit_code == 0, checked.output


def test_an_unknown_starter_is_refused_with_the_known_ones(
    app: typer.Typer, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["init", str(tmp_path / "org"), "--workflow", "nope"])
    assert result.exit_code == 1
    assert "support-reply-drafting" in result.output
    assert not (tmp_path / "org").exists()


def test_a_folder_that_can_not_be_written_is_a_plain_no(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(app, ["init", str(tmp_path / "file" / "org")])
    assert result.exit_code == 1
    assert "can't be written" in result.output

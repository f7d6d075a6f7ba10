"""What is exported is what is in the store, in every form, and says where it is from."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from pyarrow import parquet
from typer.testing import CliRunner

from alos.cli.export import export
from tests.cli import test_calls

home = test_calls.home
root = typer.Typer()
root.command("export")(export)
root.command("other")(lambda: None)


def run(*words: object) -> Result:
    return CliRunner().invoke(root, ["export", *map(str, words)])


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_every_call_is_a_row_in_every_form(tmp_path: Path, form: str) -> None:
    out = tmp_path / f"calls.{form}"
    result = run("calls", out, "--json")
    assert json.loads(result.stdout) == {"rows": 3, "file": str(out), "environment": "dev"}
    rows = read(out)
    assert {row["call_id"] for row in rows} == {"call_1", "call_2", "call_3"}
    assert {row["environment"] for row in rows} == {"dev"}
    assert {str(row["cost_nanousd"]) for row in rows} == {"93000", "0"}
    assert rows[0]["principal"] == "person-dora"
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("home")
def test_notes_are_exported_without_the_salts_of_personal_values(tmp_path: Path) -> None:
    out = tmp_path / "notes.jsonl"
    assert run("notes", out).exit_code == 0
    rows = read(out)
    assert [row["kind"] for row in rows] == ["writer_born", "writer_closed"]
    assert all(json.loads(row["personal"]) == [] for row in rows)


@pytest.mark.usefixtures("home")
def test_a_time_bounds_what_is_exported(tmp_path: Path) -> None:
    assert run("calls", tmp_path / "none.csv", "--until", "2020-01-01").exit_code == 0
    assert read(tmp_path / "none.csv") == []


@pytest.mark.usefixtures("home")
def test_nothing_is_written_over_and_no_half_file_is_left(tmp_path: Path) -> None:
    out = tmp_path / "calls.csv"
    out.write_text("mine")
    assert run("calls", out).exit_code == 2
    assert out.read_text() == "mine"
    assert run("calls", tmp_path / "calls.odd").exit_code == 2
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_folder_that_is_none_is_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALOS_HOME", str(tmp_path))
    assert run("calls", tmp_path / "calls.csv").exit_code == 2


def test_a_text_that_a_spreadsheet_would_run_is_quoted() -> None:
    from alos.cli.export import _to_cell  # noqa: PLC0415

    assert _to_cell("=1+1") == "'=1+1"
    assert _to_cell(-5) == -5

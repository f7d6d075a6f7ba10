"""``alos policy try``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import EXIT_USAGE, call_api
from alos.control.registry import ORGANISATION_FILE

app = typer.Typer(no_args_is_help=True, help="The organisation's policy.")
_SUFFIXES = frozenset({".yaml", ".yml", ".md", ".txt"})


@app.callback()
def _group() -> None:
    """Stay a group of commands, also with one command in it."""


@app.command("try")
def try_policy(
    path: Annotated[Path, typer.Argument(help="Folder with the changed alos.yaml.")] = Path(),
    *,
    days: Annotated[int, typer.Option(min=1, max=7, help="How far back to look.")] = 7,
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Replay kept requests against changed files: what would newly be blocked or redacted.

    Nothing is changed. What can't be replayed is counted with its reason. Ends with 0.
    """
    if not (path / ORGANISATION_FILE).is_file():
        typer.echo(f"There is no {ORGANISATION_FILE} in {path}.", err=True)
        raise typer.Exit(EXIT_USAGE)
    files = {
        one.relative_to(path).as_posix(): one.read_text("utf-8")
        for one in sorted([*path.glob("*.yaml"), *(path / "workflows").rglob("*")])
        if one.is_file() and one.suffix in _SUFFIXES
    }
    body = {"files": files, "days": days, "workflow": workflow}
    result = call_api("POST", "/api/v1/policy/try", body)
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(
        f"Replayed {result['replayed']} calls: {result['new_blocks']} would newly be blocked,"
        f" {result['new_redactions']} newly redacted."
    )
    table = Table("call", "workflow", "would be", "class", "type", "rule")
    for word, key in (("blocked", "blocked"), ("redacted", "redacted")):
        for one in result[key]:
            names = ("call_id", "workflow")
            rest = ("data_class", "type", "rule")
            table.add_row(*(one[name] for name in names), word, *(one[name] for name in rest))
    if table.row_count:
        Console().print(table)
    if result["redacted_then"]:
        typer.echo(f"{result['redacted_then']} of them without what was taken out then.")
    for reason, count in sorted(result["not_replayed"].items()):
        typer.echo(f"Not replayed: {count} ({reason}).")
    if not result["is_complete"]:
        typer.echo("There are older calls that were not looked at.")

"""``alos policy try|shadow``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.call_access import open_calls
from alos.cli.client import EXIT_USAGE, call_api
from alos.control.registry import ORGANISATION_FILE
from alos.control.shadow_report import report_shadows
from alos.ports.call_store import CallQuery
from alos.ports.clock import SystemClock

app = typer.Typer(no_args_is_help=True, help="The organisation's policy.")
_DAY_NS = 86_400 * 1_000_000_000
_SUFFIXES = frozenset({".yaml", ".yml", ".md", ".txt"})


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


@app.command("shadow")
def show_shadows(
    *,
    days: Annotated[int, typer.Option(min=1, max=90, help="How far back to look.")] = 7,
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what rules on trial would have done to the calls that went through.

    Read from the records in ALOS_HOME; no text is read or shown. Ends with 0.
    """
    now = SystemClock().unix_ns()
    query = CallQuery(
        workflow=workflow, is_near_miss=True, since_unix_ns=now - days * _DAY_NS, until_unix_ns=now
    )
    with open_calls() as store:
        report = report_shadows(store, query)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
        return
    if not report.rules:
        typer.echo(
            f"In {days} days no rule on trial would have done more than the boundary did. Rules"
            " are put on trial under `boundary: shadow:` of a workflow."
        )
    else:
        typer.echo(
            f"In {days} days rules on trial would have touched {report.calls} calls that went"
            f" through, and blocked {report.blocked} of them."
        )
        table = Table("workflow", "class", "would", "calls")
        table.add_column("newest", no_wrap=True)
        for one in report.rules:
            table.add_row(one.workflow, one.data_class, one.would, str(one.calls), one.newest[0])
        Console().print(table)
        typer.echo("`alos call show CALL` tells one; move a rule to `forbidden` to enforce it.")
    if not report.is_complete:
        typer.echo(
            "There are older calls that were not looked at; give --workflow or fewer --days."
        )

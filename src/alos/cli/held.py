"""``alos held list|show|done``."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import call_api

app = typer.Typer(
    no_args_is_help=True, help="Requests that wait for a person, because no model answered."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
HeldId = Annotated[str, typer.Argument(help="Id, as the caller was told it.")]


@app.command("list")
def list_held(
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    *,
    done: Annotated[bool, typer.Option("--done", help="Those looked after already.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what waits, the oldest first."""
    path = f"/api/v1/held?state={'done' if done else 'waiting'}"
    rows = call_api("GET", path if workflow is None else f"{path}&workflow={workflow}")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("id", "since", "workflow", "queue", "reason", "done by")
    for row in rows:
        since = datetime.fromtimestamp(row["at_unix_ns"] / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M")
        names = ("workflow", "queue", "reason", "done_by")
        table.add_row(row["id"], since, *(row[name] for name in names))
    Console().print(table)


@app.command("show")
def show(held_id: HeldId, *, as_json: AsJson = False) -> None:
    """Show one request, every finding replaced."""
    held = call_api("GET", f"/api/v1/held/{held_id}")
    if as_json:
        typer.echo(json.dumps(held))
        return
    typer.echo(f"{held['id']}  {held['workflow']}  {held['queue']}  {held['state']}")
    typer.echo(held["request"] if held["request"] is not None else "(its retention has ended)")


@app.command("done")
def done(held_id: HeldId) -> None:
    """Say that it was looked after."""
    call_api("POST", f"/api/v1/held/{held_id}/done")
    typer.echo(f"Done: {held_id}.")

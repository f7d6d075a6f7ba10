"""``alos access request|list``."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import EXIT_USAGE, call_api

app = typer.Typer(no_args_is_help=True, help="Requests that more people may use a workflow.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("request")
def request(
    workflow: Annotated[str, typer.Argument(help="The workflow's slug.")],
    reason: Annotated[str, typer.Option(help="What they need it for.")],
    group: Annotated[
        str | None, typer.Option(help="A directory group that should get it.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="A person's id instead.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask that a group or a person may use a workflow; its operational owner is told.

    Refused until the workflow has its data boundaries, review rules, eval, logging and rollback.
    Nothing is granted by asking.
    """
    if (group is None) == (person is None):
        typer.echo("Give either --group or --person.", err=True)
        raise typer.Exit(EXIT_USAGE)
    kind, name = ("group", group) if group is not None else ("person", person)
    body = {"workflow": workflow, "kind": kind, "name": name, "reason": reason}
    made = call_api("POST", "/api/v1/access-requests", body)
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(
        f"Recorded as {made['id']}; {workflow}'s operational owner is told. Nothing is granted by"
        f" it. To grant it, change `rollout.stages` of workflows/{workflow}/workflow.yaml, add a"
        " decision, and `alos release submit` it: its lane votes on who gets it."
    )


@app.command("list")
def list_requests(*, as_json: AsJson = False) -> None:
    """List requests, newest first: your own, and those of workflows that you look after."""
    rows = call_api("GET", "/api/v1/access-requests")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("request", "when", "workflow", "for", "by", "why")
    for row in rows:
        when = datetime.fromtimestamp(row["at_unix"], tz=UTC).strftime("%Y-%m-%d")
        values = (row["workflow"], row["party"], row["by"], row["reason"])
        table.add_row(row["id"], when, *values)
    if rows:
        Console().print(table)
    else:
        typer.echo("None that you may see.")

"""``alos legal-hold place|release|list``: keep calls as evidence, past the end of retention."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import call_api
from alos.cli.moments import to_unix_ns
from alos.domain.legal_hold import HoldKind
from alos.ports.clock import SystemClock, to_datetime

app = typer.Typer(no_args_is_help=True, help="Legal holds: nothing under one is ever erased.")
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("place")
def place(
    kind: Annotated[HoldKind, typer.Argument(help="What it is about.")],
    target: Annotated[str, typer.Argument(help="The call's, person's, … id.")],
    reason: Annotated[str, typer.Option(help="The matter; it is recorded.")],
    *,
    since: Annotated[str | None, typer.Option(help="7d, or a date or time.")] = None,
    until: Annotated[str | None, typer.Option(help="7d, or a date or time.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Keep the prompts and answers of calls until the hold is released."""
    now = SystemClock().unix_ns()
    wish = {
        "kind": kind.value,
        "target": target,
        "reason": reason,
        "since_unix_ns": to_unix_ns(since, now),
        "until_unix_ns": to_unix_ns(until, now),
    }
    hold = call_api("POST", "/api/v1/legal-holds", wish)
    if as_json:
        typer.echo(json.dumps(hold))
        return
    typer.echo(f"{hold['id']}: {hold['bodies']} prompts and answers are on hold, and all to come.")
    typer.echo(f"`alos legal-hold release {hold['id']}` ends it.")


@app.command("release")
def release(
    hold: Annotated[str, typer.Argument(help="The hold's id.")],
) -> None:
    """End a hold; what its retention has ended for goes within the hour."""
    done = call_api("POST", f"/api/v1/legal-holds/{hold}/release")
    typer.echo(f"Released {hold}: {done['bodies']} prompts and answers end with their retention.")


@app.command("list")
def list_holds(*, as_json: _AsJson = False) -> None:
    """Show every hold, released ones too."""
    holds = call_api("GET", "/api/v1/legal-holds")
    if as_json:
        typer.echo(json.dumps(holds))
        return
    if not holds:
        typer.echo("There is no legal hold.")
        return
    table = Table("id", "on", "since", "until", "reason", "placed", "released")
    for hold in holds:
        table.add_row(*(text.replace("[", r"\[") for text in _list_cells(hold)))
    Console().print(table)


def _list_cells(hold: dict[str, Any]) -> list[str]:
    released = hold["released_at_unix"]
    return [
        hold["id"],
        f"{hold['kind']} {hold['target']}",
        *(_to_day(hold[name]) for name in ("since_unix_ns", "until_unix_ns")),
        hold["reason"],
        f"{_to_day(hold['placed_at_unix'] * 10**9)} by {hold['placed_by']}",
        f"{_to_day(released * 10**9)} by {hold['released_by']}" if released else "in force",
    ]


def _to_day(unix_ns: int | None) -> str:
    return to_datetime(unix_ns).strftime("%Y-%m-%d %H:%M") if unix_ns is not None else ""

"""``alos key create|rotate|revoke|report|list``."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from alos.cli.client import call_api

app = typer.Typer(no_args_is_help=True, help="Keys: who may call which workflow.")


@app.command("create")
def create(
    workflow: Annotated[list[str], typer.Option(help="Slug; repeat for more, first is default.")],
    person: Annotated[
        str | None, typer.Option(help="Person or service account; else the operational owner.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Valid for so many days.")] = None,
    prompt: Annotated[
        str | None, typer.Option(help="The prompt of calls that name none; else the workflow's.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a key. It is shown once."""
    expires = None
    if days is not None:
        expires = int((datetime.now(UTC) + timedelta(days=days)).timestamp())  # noqa: TID251
    wish = {
        "workflows": workflow,
        "principal": person,
        "expires_at_unix": expires,
        "default_prompt": prompt,
    }
    made = call_api("POST", "/api/v1/keys", wish)
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(made["key"])
    typer.echo(
        f"Belongs to {made['principal']}; workflow {made['default_workflow']}."
        " This is the only time it is shown.",
        err=True,
    )


@app.command("rotate")
def rotate(
    key: Annotated[str, typer.Argument(help="Id or prefix, as `key list` shows.")],
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=720, help="How long the old key goes on working.")
    ] = 24,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a key that may do the same; the old one ends after the overlap."""
    wish = {"overlap_seconds": overlap_hours * 3600}
    made = call_api("POST", f"/api/v1/keys/{key}/rotate", wish)
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(made["key"])
    typer.echo(
        f"Belongs to {made['principal']}. The old key works for {overlap_hours} more hours."
        " This is the only time the new one is shown.",
        err=True,
    )


@app.command("report")
def report() -> None:
    """Report a key that you found (on standard input, so that no history keeps it)."""
    call_api("POST", "/api/v1/leaks", {"key": sys.stdin.readline().strip()})
    typer.echo("If it is one of ours, it is revoked now. Thank you.")


@app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="Id or prefix, as `key list` shows.")]) -> None:
    """Revoke a key at once."""
    call_api("POST", f"/api/v1/keys/{key}/revoke")
    typer.echo(f"Revoked {key}.")


@app.command("list")
def list_keys(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List keys by prefix; no key can be read back."""
    rows = call_api("GET", "/api/v1/keys")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table(Column("prefix", no_wrap=True), box=None, pad_edge=False)
    for title in ("principal", "workflows", "made", "state"):
        table.add_column(title, overflow="fold")
    for row in rows:
        made = datetime.fromtimestamp(row["created_at_unix"], tz=UTC).strftime("%Y-%m-%d")
        state = _describe(row)
        table.add_row(row["prefix"], row["principal"], ", ".join(row["workflows"]), made, state)
    Console().print(table)


def _describe(row: dict[str, Any]) -> str:
    if row["revoked_at_unix"]:
        return f"revoked by {row['revoked_by']}"
    if row["rotate_by_unix"]:
        due = datetime.fromtimestamp(row["rotate_by_unix"], tz=UTC).strftime("%Y-%m-%d")
        return f"rotate it by {due}: {row['rotate_reason']}"
    return "active"

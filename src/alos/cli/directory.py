"""``alos directory``: the tokens that a directory is let in with, and the people in force."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import call_api

app = typer.Typer(no_args_is_help=True, help="The directory that provisions people over SCIM.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("token")
def create_token(*, as_json: AsJson = False) -> None:
    """Make a token for a directory. It is shown once."""
    made = call_api("POST", "/api/v1/directory/tokens")
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(made["token"])
    typer.echo("Give it to the directory with the address …/scim/v2. Not shown again.", err=True)


@app.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(help="Id or prefix, as `directory tokens` shows.")],
) -> None:
    """Revoke a token at once."""
    call_api("POST", f"/api/v1/directory/tokens/{token}/revoke")
    typer.echo(f"Revoked {token}.")


@app.command("tokens")
def list_tokens(*, as_json: AsJson = False) -> None:
    """List tokens by prefix; none can be read back."""
    rows = call_api("GET", "/api/v1/directory/tokens")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        state = "revoked" if row["revoked_at_unix"] else "good"
        typer.echo(f"{row['prefix']}  {row['id']}  made by {row['created_by']}  {state}")


@app.command("people")
def list_people(*, as_json: AsJson = False) -> None:
    """List everybody: where they come from, and whether they are active."""
    rows = call_api("GET", "/api/v1/people")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("id", "name", "from", "state", "groups")
    for row in rows:
        state = "active" if row["active"] else "left"
        source = row["source"] if row["source"] == "directory" else "people.yaml (amber)"
        table.add_row(row["id"], row["name"], source, state, ", ".join(row["groups"]))
    Console().print(table)

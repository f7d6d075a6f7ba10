"""``alos config plan|apply|approve|withdraw|list``: changes of ``alos.yaml`` as revisions."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from alos.cli.client import EXIT_NO, call_api
from alos.control.revision_files import read_files

app = typer.Typer(no_args_is_help=True, help="Config revisions: what applies, and who changed it.")
Folder = Annotated[Path, typer.Argument(help="Folder that holds alos.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_SIGNS = {(True, False): "-", (False, True): "+", (True, True): "~"}


@app.command("plan")
def plan(folder: Folder = Path(), *, as_json: AsJson = False) -> None:
    """Say what applying a folder would change, and whose consent it takes."""
    _print(call_api("POST", "/api/v1/config/previews", _pack(folder)), as_json=as_json)


@app.command("apply")
def apply(folder: Folder = Path(), *, as_json: AsJson = False) -> None:
    """Apply a folder, or hand it to those whose consent it still takes."""
    _print(call_api("POST", "/api/v1/config/plans", _pack(folder)), as_json=as_json)


@app.command("approve")
def approve(
    plan_id: Annotated[str, typer.Argument(help="Id, as `config list` shows.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Consent to a plan that waits; the last consent puts it into force."""
    _print(call_api("POST", f"/api/v1/config/plans/{plan_id}/approve"), as_json=as_json)


@app.command("withdraw")
def withdraw(
    plan_id: Annotated[str, typer.Argument(help="Id, as `config list` shows.")],
) -> None:
    """Drop a plan that waits."""
    call_api("POST", f"/api/v1/config/plans/{plan_id}/withdraw")
    typer.echo(f"Withdrew {plan_id}.")


@app.command("list")
def list_revisions(*, as_json: AsJson = False) -> None:
    """List the revisions, newest first, and the plans that wait."""
    known = call_api("GET", "/api/v1/config")
    if as_json:
        typer.echo(json.dumps(known))
        return
    if known["trouble"]:
        typer.echo(f"! {known['trouble']}; revision {known['revision']} stays in force", err=True)
    for waiting in known["plans"]:
        typer.echo(f"{waiting['id']}  by {waiting['proposed_by']}  waits for:")
        for missing in waiting["missing"]:
            typer.echo(f"    {missing}")
    for one in known["revisions"]:
        at = datetime.fromtimestamp(one["applied_at_unix"], tz=UTC).strftime("%Y-%m-%d %H:%M")
        mark = "in force" if one["number"] == known["revision"] else ""
        typer.echo(f"{one['number']:>4}  {at}  {', '.join(one['applied_by'])}  {mark}".rstrip())


def _pack(folder: Path) -> dict[str, Any]:
    if not (folder / "alos.yaml").is_file():
        typer.echo(f"{folder} holds no alos.yaml; name its folder.", err=True)
        raise typer.Exit(2)
    files = read_files(folder)
    return {"files": {path: base64.b64encode(raw).decode() for path, raw in files.items()}}


def _print(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answer))
        return
    for change in answer["changes"]:
        before, after = change["before"], change["after"]
        sign = _SIGNS[before is not None, after is not None]
        values = " → ".join(value for value in (before, after) if value is not None)
        typer.echo(f"{sign} {change['path']}: {values}  [{change['section']}]")
    if answer["revision"] is not None:
        typer.echo(f"Revision {answer['revision']} is in force.")
        return
    if answer["id"] is None:
        typer.echo("Nothing was changed. Applying it takes the consent of:")
    else:
        typer.echo(f"{answer['id']} is not in force yet. It waits for:")
    for missing in answer["missing"] or ["nobody"]:
        typer.echo(f"  {missing}")
    if answer["id"] is not None:
        raise typer.Exit(EXIT_NO)

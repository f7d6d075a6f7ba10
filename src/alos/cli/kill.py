"""``alos kill`` and ``alos revive``."""

from typing import Annotated

import typer

from alos.cli.client import EXIT_NO, EXIT_USAGE, call_api

Kind = Annotated[str, typer.Option(help="workflow, model, vendor, tool, workspace or everything.")]


def kill(
    target: Annotated[str, typer.Argument(help="Its name; leave it out for everything.")] = "",
    kind: Kind = "workflow",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """Stop a workflow (or more) at once; running streams are cut."""
    wish = {**_to_target(kind, target), "reason": reason}
    stop = call_api("POST", "/api/v1/stops", wish)
    name = f"{stop['kind']} {stop['target']}".strip()
    typer.echo(f"Stopped {name}. `alos revive {stop['target']} --kind {kind}` takes it back.")


def revive(
    target: Annotated[str, typer.Argument(help="Its name; leave it out for everything.")] = "",
    kind: Kind = "workflow",
) -> None:
    """Say that a kill switch may be taken back; it is, once enough people have said so."""
    wish = _to_target(kind, target)
    done = call_api("POST", "/api/v1/revivals", wish)
    name = f"{kind} {target}".rstrip()
    if done["revived"]:
        by = f" ({', '.join(done['said_by'])})" if done["said_by"] else ""
        typer.echo(f"Revived {name}{by}.")
        return
    typer.echo(f"{name} stays stopped; your word is kept. Still to come:")
    for missing in done["missing"]:
        typer.echo(f"  - {missing}")
    raise typer.Exit(EXIT_NO)


def _to_target(kind: str, target: str) -> dict[str, str]:
    if kind == "everything":
        return {"kind": kind, "target": ""}
    if not target:
        typer.echo(f"Name the {kind}, or give `--kind everything`.", err=True)
        raise typer.Exit(EXIT_USAGE)
    return {"kind": kind, "target": target}

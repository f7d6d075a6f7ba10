"""``alos kill`` and ``alos revive``."""

from typing import Annotated

import typer

from alos.cli.client import call_api

Kind = Annotated[str, typer.Option(help="workflow, model, vendor, workspace or everything.")]


def kill(
    target: Annotated[str, typer.Argument(help="Its name; leave it out for everything.")] = "",
    kind: Kind = "workflow",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """Stop a workflow (or more) at once; running streams are cut."""
    wish = {"kind": kind, "target": "" if kind == "everything" else target, "reason": reason}
    stop = call_api("POST", "/api/v1/stops", wish)
    name = f"{stop['kind']} {stop['target']}".strip()
    typer.echo(f"Stopped {name}. `alos revive {target} --kind {kind}` takes it back.")


def revive(
    target: Annotated[str, typer.Argument(help="Its name; leave it out for everything.")] = "",
    kind: Kind = "workflow",
) -> None:
    """Take a kill switch back."""
    wish = {"kind": kind, "target": "" if kind == "everything" else target}
    call_api("POST", "/api/v1/revivals", wish)
    typer.echo(f"Revived {kind} {target}".rstrip() + ".")

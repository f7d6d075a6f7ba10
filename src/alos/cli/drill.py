"""``alos drill kill|fallback|rollback``: have the server rehearse a failure."""

import json
from typing import Annotated, Any

import typer

from alos.cli.client import EXIT_NO, call_api

_MOST_SECONDS = 330
"""A drill is ended by the server before that."""


def drill(
    kind: Annotated[str, typer.Argument(help="kill, fallback or rollback.")],
    workflow: Annotated[str, typer.Argument(help="The workflow's slug.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rehearse on the newest release: a few real calls of the server's own; exit 1 if it fails.

    The failure is there for those calls alone; everybody else is served as before.
    """
    typer.echo(f"Rehearsing a {kind} of {workflow} with calls of the server's own…", err=True)
    path = f"/api/v1/workflows/{workflow}/drills"
    made = call_api("POST", path, {"kind": kind}, timeout_seconds=_MOST_SECONDS)
    if as_json:
        typer.echo(json.dumps(made))
    else:
        _show(made)
    if not made["passed"]:
        raise typer.Exit(EXIT_NO)


def _show(made: dict[str, Any]) -> None:
    for step in made["steps"]:
        record = f"  ({step['call']})" if step["call"] else ""
        typer.echo(f"  {'✓' if step['passed'] else '✗'} {step['what']}: {step['saw']}{record}")
    word = "passed" if made["passed"] else "failed"
    typer.echo(f"{made['kind']} drill of {made['workflow']} {word} ({made['run']}).")

"""``alos kill`` and ``alos revive``."""

import sys
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from alos.cli.client import EXIT_NO, EXIT_USAGE, call_api

Kind = Annotated[str, typer.Option(help="workflow, model, vendor, tool, workspace or everything.")]


def kill(
    target: Annotated[str, typer.Argument(help="Its name; leave it out for everything.")] = "",
    kind: Kind = "workflow",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't look first, don't ask.")] = False,  # noqa: FBT002
) -> None:
    """Stop a workflow (or more) at once; running streams are cut.

    Shows first what would stop and asks, where somebody sits at a terminal.
    """
    wish = _to_target(kind, target)
    name = f"{kind} {target}".strip()
    if not yes:
        _look(wish, kind)
        if sys.stdin.isatty() and not typer.confirm(f"Stop {name}?", default=True):
            raise typer.Exit(EXIT_NO)
    call_api("POST", "/api/v1/stops", {**wish, "reason": reason})
    back = " ".join(part for part in ("alos revive", target, f"--kind {kind}") if part)
    typer.echo(f"Stopped {name}. `{back}` takes it back.")


def _look(wish: dict[str, str], kind: str) -> None:
    """Show what would stop; where that can't be known, stopping goes on without it."""
    try:
        radius = call_api("GET", f"/api/v1/stops/preview?{urlencode(wish)}")
    except typer.Exit:
        typer.echo("What would stop can't be known; stopping all the same.", err=True)
    else:
        typer.echo(_describe(radius, kind))


def _describe(radius: dict[str, Any], kind: str) -> str:
    """What would stop, in a few lines."""
    stops, goes_on = radius["stops"], radius["goes_on"]
    named = "whose bundle names it" if kind == "tool" else "that would answer nothing"
    lines = [f"Workflows {named}: {', '.join(stops) or 'none'}"]
    if goes_on:
        lines.append(f"Workflows that go on with another model: {', '.join(goes_on)}")
    running = radius["running"]
    lines.append(
        f"Streams through this gateway that are cut: {radius['streams']};"
        f" calls under way: {'unknown' if running is None else running}"
    )
    calls = radius["calls_last_hour"]
    if calls is None:
        lines.append("Calls of the last hour: unknown (the call index does not answer)")
    else:
        lines.append(f"Calls of the last hour: {calls}, by {radius['callers_last_hour']} keys")
    return "\n".join(lines)


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

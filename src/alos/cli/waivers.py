"""``alos waiver request|grant|end|list``."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import call_api
from alos.domain.waiver import WaiverAbout

app = typer.Typer(no_args_is_help=True, help="Waivers: exceptions that end.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WaiverArgument = Annotated[str, typer.Argument(metavar="WAIVER", help="Its id.")]


@app.command("request")
def request(
    workflow: Annotated[str, typer.Argument(help="The workflow's slug.")],
    about: Annotated[str, typer.Option(help=f"One of {', '.join(WaiverAbout)}.")],
    reason: Annotated[str, typer.Option(help="Why it can't be otherwise yet.")],
    control: Annotated[str, typer.Option(help="What makes up for it meanwhile.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="It ends after so many days.")] = 30,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask for a waiver; the security owner grants it, and you answer for the control."""
    ends = datetime.now(UTC) + timedelta(days=days)  # noqa: TID251
    body = {
        "workflow": workflow,
        "about": about,
        "reason": reason,
        "compensating_control": control,
        "ends_at_unix": int(ends.timestamp()),
    }
    made = call_api("POST", "/api/v1/waivers", body)
    typer.echo(json.dumps(made) if as_json else f"Asked for: {made['id']}")


@app.command("grant")
def grant(waiver: WaiverArgument) -> None:
    """Grant a waiver that somebody else asked for."""
    made = call_api("POST", f"/api/v1/waivers/{waiver}/grant")
    typer.echo(f"Granted until {_to_day(made['ends_at_unix'])}.")


@app.command("end")
def end(waiver: WaiverArgument) -> None:
    """End a waiver before its time."""
    call_api("POST", f"/api/v1/waivers/{waiver}/end")
    typer.echo("Ended; calls that rest on it are refused from now on.")


@app.command("list")
def list_waivers(*, as_json: AsJson = False) -> None:
    """List every waiver there ever was."""
    rows = call_api("GET", "/api/v1/waivers")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("waiver", "workflow", "about", "owner", "granted by", "ends", "renewal")
    for row in rows:
        ended = f" (ended by {row['ended_by']})" if row["ended_by"] else ""
        table.add_row(
            row["id"],
            row["workflow"],
            row["about"],
            row["owner"],
            row["granted_by"] or "nobody yet",
            _to_day(row["ends_at_unix"]) + ended,
            str(row["renewal"]),
        )
    Console().print(table)


def _to_day(at_unix: int) -> str:
    return datetime.fromtimestamp(at_unix, tz=UTC).strftime("%Y-%m-%d")

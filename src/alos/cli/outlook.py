"""``alos outlook``: what happens by itself in the days to come."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import call_api


def outlook(
    days: Annotated[int, typer.Option(min=1, max=90, help="How far ahead.")] = 14,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List promotions that freeze (evidence ages), traffic that stops (permissions end), nights.

    A night is missed where what serves was not measured for 36 hours, by `alos eval nightly` or
    by a gate run.
    """
    found = call_api("GET", f"/api/v1/outlook?days={days}")
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show(f"Promotion freezes within {days} days; traffic goes on", found["promotion_freezes"])
    _show(f"Traffic stops within {days} days", found["traffic_stops"])
    _show_nights(found["nights"])


def _show(title: str, rows: list[dict[str, Any]]) -> None:
    table = Table("when", "what", title=title)
    for row in rows:
        table.add_row(_say(row["ends_at_unix"]), row["what"])
    if rows:
        Console().print(table)
    else:
        typer.echo(f"{title}: nothing.")


def _show_nights(rows: list[dict[str, Any]]) -> None:
    title = "Nightly evals of what serves"
    table = Table("release", "last night", "found", "due", title=title)
    for row in rows:
        last = _say(row["run_at_unix"]) if row["run"] else "none yet"
        found = row["found"] or ("not ended" if row["run"] else "")
        due = "MISSED, was " if row["is_missed"] else ""
        table.add_row(row["release"], last, found, f"{due}{_say(row['due_unix'])}")
    if rows:
        Console().print(table)
    else:
        typer.echo(f"{title}: no release serves.")


def _say(unix: int) -> str:
    return datetime.fromtimestamp(unix, tz=UTC).strftime("%Y-%m-%d %H:%M")

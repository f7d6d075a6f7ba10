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
    """List promotions that freeze (evidence ages) and traffic that stops (permissions end)."""
    found = call_api("GET", f"/api/v1/outlook?days={days}")
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show(f"Promotion freezes within {days} days; traffic goes on", found["promotion_freezes"])
    _show(f"Traffic stops within {days} days", found["traffic_stops"])


def _show(title: str, rows: list[dict[str, Any]]) -> None:
    table = Table("when", "what", title=title)
    for row in rows:
        when = datetime.fromtimestamp(row["ends_at_unix"], tz=UTC).strftime("%Y-%m-%d %H:%M")
        table.add_row(when, row["what"])
    if rows:
        Console().print(table)
    else:
        typer.echo(f"{title}: nothing.")

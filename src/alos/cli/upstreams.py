"""``alos upstreams``."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.client import call_api


def upstreams(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Show how the vendors and models are: breakers with their reason, connections."""
    told = call_api("GET", "/api/v1/upstreams")
    if as_json:
        typer.echo(json.dumps(told))
        return
    table = Table("vendor", "with it", "at most", "waiting", "turned away")
    for one in told["connections"]:
        names = ("vendor", "in_use", "most", "waiting", "turned_away")
        table.add_row(*(str(one[name]) for name in names))
    Console().print(table)
    if not told["breakers"]:
        typer.echo("No model has failed since this gateway started.")
        return
    table = Table("vendor", "model", "breaker", "reason", "in a row", "asked again in", "opened")
    for one in told["breakers"]:
        table.add_row(
            one["vendor"],
            one["model"],
            one["state"].replace("_", " "),
            one["reason"],
            str(one["failures"]),
            f"{one['retry_in_seconds']:.1f} s" if one["state"] == "open" else "",
            str(one["opened"]),
        )
    Console().print(table)

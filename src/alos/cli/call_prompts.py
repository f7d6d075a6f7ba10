"""``alos call prompts``: which prompts a workflow's calls used, from when until when."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alos.cli.call_access import open_calls
from alos.cli.moments import to_unix_ns
from alos.control.prompts_seen import list_seen_prompts
from alos.ports.clock import SystemClock, to_datetime


def prompts(
    workflow: Annotated[str, typer.Argument(help="Slug.")],
    *,
    since: Annotated[str, typer.Option(help="30m, 12h, 7d, or a date or time.")] = "30d",
    most: Annotated[int, typer.Option(min=1, help="Read at most so many calls.")] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the prompts that a workflow's calls used, the last used first; drift shows here."""
    since_unix_ns = to_unix_ns(since, SystemClock().unix_ns())
    with open_calls() as store:
        seen = list_seen_prompts(store, workflow, since_unix_ns=since_unix_ns, most=most)
    if as_json:
        typer.echo(json.dumps(asdict(seen)))
        return
    table = Table(box=None)
    for name in ("prompt", "known as", "observed beside it", "calls", "first", "last", "example"):
        table.add_column(name)
    for one in seen.prompts:
        table.add_row(
            one.version,
            str(one.evidence or ""),
            one.observed,
            str(one.calls),
            f"{to_datetime(one.first_seen_unix_ns):%Y-%m-%d %H:%M}",
            f"{to_datetime(one.last_seen_unix_ns):%Y-%m-%d %H:%M}",
            one.last_call,
        )
    console = Console()
    console.print(table)
    console.print(f"{seen.calls} calls read{'' if seen.is_whole else '; older ones were not'}.")

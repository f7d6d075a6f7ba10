"""``alos why CALL``: which model ran, what it saw, what it called, who approved it."""

import json
from typing import Annotated

import typer
from rich.console import Console

from alos.cli.call_access import open_calls
from alos.cli.client import EXIT_NO
from alos.cli.layout import print_under
from alos.control.calls_why import CallReasons, explain_call, to_plain
from alos.domain.ids import CallId
from alos.server.bootstrap import open_ledger_home
from alos.server.settings import get_home


def why(
    call: Annotated[str, typer.Argument(help="Call id, as in the x-alos-call header.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say why a call went as it did, from its record alone."""
    with open_calls() as store, open_ledger_home(get_home()) as ledger:
        reasons = explain_call(store, CallId(call), ledger=ledger.reader)
    if reasons is None:
        typer.echo(f"No call {call} is in the index.", err=True)
        raise typer.Exit(EXIT_NO)
    if as_json:
        typer.echo(json.dumps(to_plain(reasons), ensure_ascii=False))
    else:
        print_reasons(reasons, Console())


def print_reasons(reasons: CallReasons, console: Console) -> None:
    """Print the answers for a person."""
    console.print(reasons.call_id, style="bold", highlight=False)
    print_under(console, "", reasons.headline)
    for one in reasons.answers:
        console.print()
        console.print(one.question, style="bold", highlight=False)
        print_under(console, "", one.answer)
        for label, value in one.facts:
            print_under(console, f"  {label:15} ", value, style="dim")

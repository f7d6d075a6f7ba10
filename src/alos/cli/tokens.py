"""``alos token reverse``."""

import json
from typing import Annotated

import typer

from alos.cli.client import call_api

app = typer.Typer(no_args_is_help=True, help="Tokens that stand for values in kept requests.")


@app.callback()
def _group() -> None:
    """Stay a group of commands, also with one command in it."""


@app.command("reverse")
def reverse(
    call: Annotated[str, typer.Argument(help="Call id.")],
    token: Annotated[str, typer.Argument(help="As it stands, e.g. [EMAIL_ADDRESS_1].")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it goes into the record.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the value that a token stands for; each time is recorded with who and why.

    Only the security owner may. Ends with 1 where its retention has ended.
    """
    answer = call_api("POST", f"/api/v1/calls/{call}/tokens", {"token": token, "reason": reason})
    typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else answer["value"])

"""``alos erase person|call|list``: forget on request, and leave every proof standing."""

import json
from typing import Annotated, Any

import typer

from alos.cli.client import EXIT_NO, call_api
from alos.ports.clock import to_datetime

app = typer.Typer(no_args_is_help=True, help="Erase a person's data, or one call's bodies.")
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Request = Annotated[
    str, typer.Option("--request", help="What asks for it, e.g. a ticket; it is kept.")
]


@app.command("person")
def person(
    person_id: Annotated[str, typer.Argument(metavar="PERSON", help="The directory's id.")],
    request: _Request,
    *,
    as_json: _AsJson = False,
) -> None:
    """Erase what is recorded of a person's calls, and the prompts and answers of these.

    Revoke the person's keys first: calls made afterwards are recorded as ever. What is on legal
    hold stays. Every proof verifies as before.
    """
    done = call_api("POST", "/api/v1/erasures", {"person": person_id, "request": request})
    _tell(done, as_json=as_json)


@app.command("call")
def call(
    call_id: Annotated[str, typer.Argument(metavar="CALL", help="Call id.")],
    request: _Request,
    *,
    as_json: _AsJson = False,
) -> None:
    """Erase the prompt and the answer of one call; its record stays."""
    done = call_api("POST", "/api/v1/erasures", {"call": call_id, "request": request})
    _tell(done, as_json=as_json)


@app.command("list")
def list_pending(*, as_json: _AsJson = False) -> None:
    """List erasures that other gateways have not done yet, by the journal's writer."""
    pending = call_api("GET", "/api/v1/erasures")
    if as_json:
        typer.echo(json.dumps(pending))
        return
    for one in pending:
        asked_at = to_datetime(one["asked_at_unix"] * 1_000_000_000)
        typer.echo(
            f"PENDING  {one['request']}  {one['writer']}  asked {asked_at:%Y-%m-%d %H:%M} UTC"
        )
    if not pending:
        typer.echo("Every erasure is done everywhere.")


def _tell(done: dict[str, Any], *, as_json: bool) -> None:
    bodies, records = done["bodies"], done["records"]
    if as_json:
        typer.echo(json.dumps(done))
    else:
        typer.echo(
            f"{bodies['erased']} prompts and answers erased, {bodies['gone']} were gone before,"
            f" {bodies['held']} are on legal hold."
        )
        if records is not None:
            typer.echo(
                f"Personal values of {records['entries']} entries erased; {done['held_calls']}"
                " calls were spared because they are on legal hold."
            )
        for writer in done["pending"]:
            typer.echo(
                f"PENDING  {writer}: the gateway of this journal erases its own part within the"
                " minute, while it runs; `alos erase list` shows it until it has."
            )
    if records is not None and not records["is_complete"]:
        typer.echo("A reader kept old pages of the store alive; do it once more.", err=True)
        raise typer.Exit(EXIT_NO)

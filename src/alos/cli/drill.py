"""``alos drill kill|fallback|rollback``: write down what came of a rehearsal."""

from typing import Annotated

import typer

from alos.cli.client import call_api


def drill(
    kind: Annotated[str, typer.Argument(help="kill, fallback or rollback.")],
    workflow: Annotated[str, typer.Argument(help="The workflow's slug.")],
    saw: Annotated[str, typer.Option(help="What was done, and what was seen.")],
    *,
    failed: Annotated[bool, typer.Option("--failed", help="It did not go as it should.")] = False,
) -> None:
    """Attest a rehearsal under your name; the server does not run it for you yet."""
    body = {"kind": kind, "passed": not failed, "saw": saw}
    made = call_api("POST", f"/api/v1/workflows/{workflow}/drills", body)
    word = "passed" if made["passed"] else "failed"
    typer.echo(
        f"{made['kind']} drill of {made['workflow']}: {word}, by {made['attested_by']}'s word."
    )

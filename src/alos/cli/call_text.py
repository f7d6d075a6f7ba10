"""``alos call search --text``: looks through kept prompts and answers, within bounds."""

import json
import sys
from typing import Any

import typer
from rich.console import Console
from rich.status import Status

from alos.cli.client import EXIT_USAGE, fetch
from alos.cli.moments import to_unix_ns
from alos.ports.clock import SystemClock


def search_text(
    text: str, workflow: str | None, since: str | None, until: str | None, *, as_json: bool
) -> None:
    """Search one workflow, up to seven days; the search is recorded, its words are not."""
    if workflow is None:
        typer.echo("A text search looks at one workflow: give --workflow.", err=True)
        raise typer.Exit(EXIT_USAGE)
    now = SystemClock().unix_ns()
    wish = {
        "text": text,
        "workflow": workflow,
        "since_unix_ns": to_unix_ns(since or "7d", now),
        "until_unix_ns": to_unix_ns(until, now) or now,
    }
    console = Console(stderr=True)
    shown = console.status("looking") if console.is_terminal and not as_json else None
    if shown is not None:
        shown.start()
    try:
        for line in fetch("POST", "/api/v1/calls/text-search", wish):
            _tell(json.loads(line), shown, as_json=as_json)
    finally:
        if shown is not None:
            shown.stop()


def _tell(line: dict[str, Any], shown: Status | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(line, ensure_ascii=False))
    elif (match := line.get("match")) is not None:
        excerpt = " ".join(match["excerpt"].split())
        typer.echo(f"{match['opened_at'][:19]}  {match['call_id']}  {match['kind']:7}  {excerpt}")
        sys.stdout.flush()
    elif shown is not None:
        at = line["progress"]
        shown.update(f"{at['calls']} calls looked at, back to {at['reached'][:19]}")

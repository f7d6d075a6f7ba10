"""``alos call show|search|body|tail``: what happened, from the index in the data folder."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from alos.cli.call_access import open_calls, wait_a_little
from alos.cli.call_prompts import prompts
from alos.cli.call_text import search_text
from alos.cli.client import EXIT_NO, call_api, fetch
from alos.cli.layout import print_under
from alos.cli.moments import to_unix_ns
from alos.control.approvals import ProvenVote, say_vote
from alos.control.calls import (
    MAX_PAGE,
    search_calls,
    show_call,
    start_tail,
)
from alos.domain.ids import CallId
from alos.domain.money import from_usd
from alos.domain.record import Outcome
from alos.ports.call_store import CallQuery
from alos.ports.clock import SystemClock
from alos.server.bootstrap import open_ledger_home
from alos.server.settings import get_home

app = typer.Typer(no_args_is_help=True, help="Calls: show one, search, or follow them.")
app.command("prompts")(prompts)

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_GROUPS: Final = {
    "How it ended": ("outcome", "stage", "reason", "detail", "http_status"),
    "Who and where": (
        "workspace",
        "workflow",
        "tier",
        "surface",
        "key_id",
        "accountable",
        "approved_by",
        "release",
        "release_stage",
        "policy",
        "rules",
        "standing_epoch",
    ),
    "Model": (
        "model_asked",
        "model",
        "vendor",
        "upstream_model",
        "route_reason",
        "attempts",
        "wire_format",
        "streamed",
    ),
    "Data": (
        "prompt_version",
        "prompt_evidence",
        "findings",
        "unscanned",
        "unknown_fields",
        "tools",
        "request_hash",
        "sent_hash",
        "output_hash",
        "request_bytes",
        "answer_bytes",
    ),
    "Money and time": (
        "cost_usd",
        "cost_estimated",
        "usage",
        "price_source",
        "duration_ms",
        "first_byte_ms",
        "overhead_us",
    ),
}


@app.command("show")
def show(
    call: Annotated[str, typer.Argument(help="Call id, as in the x-alos-call header.")],
    *,
    as_json: _AsJson = False,
) -> None:
    """Show everything that is recorded of a call."""
    with open_calls() as store, open_ledger_home(get_home()) as ledger:
        details = show_call(store, CallId(call), ledger=ledger.reader)
    if details is None:
        typer.echo(f"No call {call} is in the index.", err=True)
        raise typer.Exit(EXIT_NO)
    if as_json:
        typer.echo(json.dumps(details, ensure_ascii=False))
    else:
        print_call(details, Console())


@app.command("search")
def search(  # noqa: PLR0913 (one option for each filter)
    *,
    workflow: Annotated[str | None, typer.Option(help="Slug.")] = None,
    workspace: Annotated[str | None, typer.Option()] = None,
    person: Annotated[str | None, typer.Option(help="Person's or service account's id.")] = None,
    task: Annotated[str | None, typer.Option(help="Task id.")] = None,
    model: Annotated[str | None, typer.Option(help="Our name or the provider's.")] = None,
    vendor: Annotated[str | None, typer.Option()] = None,
    outcome: Annotated[Outcome | None, typer.Option()] = None,
    reason: Annotated[str | None, typer.Option(help="Reason code, e.g. alos_pii_found.")] = None,
    finding: Annotated[str | None, typer.Option(help="Type or kind of a finding.")] = None,
    purpose: Annotated[str | None, typer.Option(help="production, draft, eval or drill.")] = None,
    run: Annotated[str | None, typer.Option(help="Id of an eval or drill run.")] = None,
    near_miss: Annotated[
        bool | None, typer.Option("--near-miss", help="Near misses alone.")
    ] = None,
    min_cost: Annotated[str | None, typer.Option(help="US dollars.")] = None,
    min_latency: Annotated[int | None, typer.Option(min=0, help="Milliseconds.")] = None,
    since: Annotated[str | None, typer.Option(help="30m, 12h, 7d, or a date or time.")] = None,
    until: Annotated[str | None, typer.Option(help="30m, 12h, 7d, or a date or time.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, typer.Option(help="From the page before.")] = None,
    text: Annotated[
        str | None, typer.Option(help="In kept prompts and answers; with --workflow, 7 days.")
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """Find calls, newest first. All filters that are given must hold."""
    if text is not None:
        search_text(text, workflow, since, until, as_json=as_json)
        return
    query = CallQuery(
        workflow=workflow,
        workspace=workspace,
        person=person,
        task=task,
        model=model,
        vendor=vendor,
        outcome=outcome,
        reason=reason,
        finding=finding,
        purpose=purpose,
        run=run,
        is_near_miss=near_miss,
        min_cost_nanousd=_to_nanousd(min_cost),
        min_duration_ms=min_latency,
        since_unix_ns=to_unix_ns(since, SystemClock().unix_ns()),
        until_unix_ns=to_unix_ns(until, SystemClock().unix_ns()),
    )
    with open_calls() as store:
        try:
            page = search_calls(store, query, cursor=cursor, limit=limit)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    if as_json:
        answer = {"calls": page.calls, "next_cursor": page.next_cursor}
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    if not page.calls:
        typer.echo("No call matches.")
    _print_lines(page.calls, as_json=False)
    if page.next_cursor is not None:
        typer.echo(f"More: add --cursor {page.next_cursor}", err=True)


@app.command("body")
def body(
    call: Annotated[str, typer.Argument(help="Call id, as in the x-alos-call header.")],
    kind: Annotated[str, typer.Argument(help="request or answer.")] = "answer",
) -> None:
    """Write a kept prompt or answer to standard output; that you read it is recorded."""
    for line in fetch("GET", f"/api/v1/calls/{call}/body/{kind}"):
        sys.stdout.buffer.write(line)


@app.command("tail")
def tail(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=MAX_PAGE)] = 20,
    as_json: _AsJson = False,
) -> None:
    """Show the newest calls, and with -f each new one as it arrives."""
    with open_calls() as store:
        newest, follower = start_tail(store, lines)
        _print_lines(newest, as_json=as_json)
        while follow:
            try:
                wait_a_little()
            except KeyboardInterrupt:
                return
            _print_lines(follower.get_new(), as_json=as_json)


@app.command("feedback")
def feedback(
    call: Annotated[str, typer.Argument(help="Call id, as in the x-alos-call header.")],
    *,
    accepted: Annotated[
        bool, typer.Option("--accepted/--rejected", help="What was done with it.")
    ],
) -> None:
    """Say once whether an answer was taken or rejected; guards of rollouts count rejections."""
    made = call_api("POST", f"/api/v1/calls/{call}/feedback", {"accepted": accepted})
    typer.echo(f"Kept: {made['call']} was {'accepted' if made['accepted'] else 'rejected'}.")


def print_call(details: dict[str, Any], console: Console) -> None:
    """Print a call for a person."""
    console.print(f"[bold]{details['call_id']}[/bold]  {details['opened_at']}")
    record = details["record"]
    if record is None:
        running = "The call is still running; its record is not closed yet."
        console.print(details.get("sentence", running), highlight=False, markup=False)
        return
    print_under(console, "", details["sentence"])
    names = details["names"]
    values = {**record, "cost_usd": details["cost_usd"]}
    for title, fields in _GROUPS.items():
        console.print(title, style="italic")
        rows = [(name, _to_text(values[name], names)) for name in fields]
        if title == "Who and where":
            personal = ((one["name"], one["value"]) for one in details["personal"])
            rows = [(name, names.get(value, value)) for name, value in personal] + rows
            rows += _list_votes(details)
        for name, text in rows:
            if text != "":
                print_under(console, f"  {name.replace('_', ' '):16} ", text, style="dim")
    if (place := details["place"]) is not None:
        print_under(console, f"Entry {place['sequence']} of writer ", place["writer"])
        print_under(console, "  hash             ", place["hash"], style="dim")


def _list_votes(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Whether those who approved are proven to have voted so, and how."""
    approval, names = details["approval"], details["names"]
    if approval is None:
        return []
    votes = (ProvenVote(**one) for one in approval["votes"])
    said = [("vote", say_vote(names.get(vote.voter, vote.voter), vote)) for vote in votes]
    return [("approval", approval["sentence"]), *said]


def _to_nanousd(text: str | None) -> int | None:
    try:
        return None if text is None else from_usd(text)
    except (ValueError, ArithmeticError):
        raise typer.BadParameter(f"{text!r} is no amount of dollars") from None


def _print_lines(calls: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    for call in calls:
        if as_json:
            typer.echo(json.dumps(call, ensure_ascii=False))
            continue
        outcome = call["reason"] or call["outcome"]
        if call["findings"]:
            outcome += f" ({call['findings']} found)"
        typer.echo(
            f"{call['opened_at'][:19]}  {call['call_id']}  {call['workflow'] or '-'}"
            f"  {call['person'] or '-'}  {outcome}  {call['model'] or '-'}"
            f"  {call['cost_usd']} USD  {call['duration_ms']} ms"
        )


def _to_text(value: Any, names: dict[str, str]) -> str:
    if value is None or value in ([], (), ""):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {one}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(_to_text(one, names) for one in value)
    return names.get(str(value), str(value))

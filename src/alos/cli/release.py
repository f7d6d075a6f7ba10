"""``alos release build|submit|vote|promote|rollback|show|verify``: a bundle's way to everyone."""

import base64
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from alos.cli.client import EXIT_NO, EXIT_USAGE, call_api
from alos.cli.layout import print_under
from alos.cli.login import log_in
from alos.cli.release_verify import verify
from alos.control.bundle import read_bundle_folder, read_contents
from alos.control.documents import Severity

app = typer.Typer(no_args_is_help=True, help="Releases: from a bundle to everyone, and back.")
app.command("verify")(verify)
_console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ReleaseArgument = Annotated[str, typer.Argument(metavar="RELEASE", help="`workflow/number`.")]


@app.command("build")
def build(
    folder: Annotated[Path, typer.Argument(help="The workflow's folder.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Read a workflow's folder and print its digest; nothing is sent."""
    if not folder.is_dir():
        typer.echo(f"{folder} is no folder.", err=True)
        raise typer.Exit(EXIT_USAGE)
    reading = read_bundle_folder(folder, label=folder.name)
    blocking = [one for one in reading.problems if one.severity is not Severity.WARNING]
    if as_json:
        problems = [str(one) for one in blocking]
        typer.echo(json.dumps({"digest": reading.digest, "problems": problems}))
    else:
        for problem in blocking:
            typer.echo(str(problem), err=True)
        typer.echo(reading.digest or "")
    if reading.bundle is None:
        raise typer.Exit(EXIT_NO)


@app.command("submit")
def submit(
    folder: Annotated[Path, typer.Argument(help="The workflow's folder.")],
    author: Annotated[
        list[str] | None,
        typer.Option(help="Address of another author; git's are found by themselves."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Upload a bundle and put it to the vote; whoever wrote or submits it can't vote on it."""
    contents, problems = read_contents(folder, label=folder.name)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(EXIT_NO)
    files = {path: base64.b64encode(raw).decode() for path, raw in contents.items()}
    uploaded = call_api("POST", "/api/v1/bundles", {"files": files})
    if not uploaded["kept"]:
        for one in uploaded["problems"]:
            typer.echo(f"{one['path']}:{one['line']} {one['message']}. {one['mend']}", err=True)
        raise typer.Exit(EXIT_NO)
    authors = sorted({*(author or []), *_find_git_authors(folder)})
    made = call_api("POST", "/api/v1/releases", {"digest": uploaded["digest"], "authors": authors})
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(f"{made['id']} stands for release: {made['digest']}")
    typer.echo(f"`alos release show {made['id']}` says what is missing.", err=True)


def _find_git_authors(folder: Path) -> set[str]:
    """Addresses of everybody who wrote, committed or co-wrote a commit of the folder."""
    wanted = "%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly)"
    try:
        listed = subprocess.run(  # noqa: S603 - our own words and a path of the user's
            ["git", "-C", str(folder), "log", f"--format={wanted}", "--", "."],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return set()
    lines = (line.strip() for line in listed.stdout.splitlines())
    return {line.rpartition("<")[2].rstrip(">") for line in lines if "@" in line}


@app.command("vote")
def vote(  # noqa: PLR0913 - a command's options
    release: ReleaseArgument,
    role: Annotated[str, typer.Option(help="The role you vote in, e.g. pm or security.")],
    *,
    approve: Annotated[
        bool | None, typer.Option("--approve/--reject", help="For or against; no default.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Required with --reject.")] = "",
    digest: Annotated[
        str | None, typer.Option(help="The digest you looked at; the one shown now unless given.")
    ] = None,
    personal: Annotated[
        bool,
        typer.Option(
            "--personal", help="Sign it yourself by a fresh login, also where none asks."
        ),
    ] = False,
    issuer: Annotated[
        str | None, typer.Option(help="Which identity provider, where there are more.")
    ] = None,
    browser: Annotated[
        bool, typer.Option(help="Open a browser here; else carry the code by hand.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Vote on what the release is now; log in first (`alos login`).

    Where the lane asks for your own signature, your identity provider asks you once more: what
    it signs then is this vote.
    """
    if approve is None:
        typer.echo("Say --approve or --reject.", err=True)
        raise typer.Exit(EXIT_USAGE)
    shown = _get(release)
    ballot: dict[str, Any] = {
        "role": role,
        "approve": approve,
        "reason": reason,
        "digest": digest or shown["digest"],
        "policy": shown["policy"],
        "lane": shown["lane_version"],
    }
    if personal or shown["personal_signature"]:
        laid_down = call_api("POST", f"/api/v1/releases/{release}/statement", ballot)
        word = "for" if approve else "against"
        typer.echo(
            f"Sign your vote {word} {release} ({ballot['digest'][7:19]}) as {role} by logging in.",
            err=True,
        )
        proof = log_in(issuer, browser=browser, ballot=laid_down["ballot"])
        ballot["proof"] = {"ballot": laid_down["ballot"], **proof}
    after = call_api("POST", f"/api/v1/releases/{release}/votes", ballot)
    if as_json:
        typer.echo(json.dumps(after))
        return
    open_slots = [" or ".join(one["roles"]) for one in after["lane"] if one["voter"] is None]
    typer.echo(f"Voted. Still missing: {', '.join(open_slots) or 'no vote'}.")


@app.command("answer")
def answer(
    release: ReleaseArgument,
    party: Annotated[str, typer.Option(help="As workflow.yaml names it, e.g. group:security.")],
    opinion: Annotated[str, typer.Option(help="What the party says.")],
) -> None:
    """Answer as a consulted party; it is no vote."""
    body = {"party": party, "opinion": opinion}
    call_api("POST", f"/api/v1/releases/{release}/answers", body)
    typer.echo("Written down.")


@app.command("promote")
def promote(
    release: ReleaseArgument,
    stage: Annotated[
        str | None, typer.Option(help="internal, cohort or all; the next one unless given.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Grant the next stage; everything that is against it is said at once."""
    wanted = stage or _get(release)["next_stage"]
    if wanted is None:
        typer.echo("There is no next stage.", err=True)
        raise typer.Exit(EXIT_NO)
    made = call_api("POST", f"/api/v1/releases/{release}/promotions", {"stage": wanted})
    typer.echo(json.dumps(made) if as_json else f"{made['id']} is in stage {made['state']}.")


@app.command("resume")
def resume(
    release: ReleaseArgument,
    reason: Annotated[str, typer.Option(help="Why it may go on.")],
) -> None:
    """Let a rollout go on that a guard halted."""
    call_api("POST", f"/api/v1/releases/{release}/resumptions", {"reason": reason})
    typer.echo(f"{release} may go on.")


@app.command("rollback")
def rollback(
    workflow: Annotated[str, typer.Argument(help="The workflow's slug.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    to: Annotated[
        str | None, typer.Option(help="Another digest that was live once; the last one if none.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take the newest served release back, in one action and without a vote."""
    body = {"reason": reason, "to": to}
    made = call_api("POST", f"/api/v1/workflows/{workflow}/rollbacks", body)
    typer.echo(json.dumps(made) if as_json else f"{made['id']} was taken back.")


@app.command("wait")
def wait(
    hours: Annotated[int, typer.Argument(min=1, help="By so many hours.")],
) -> None:
    """Move the clock of a dev folder's releases on, to walk through soak times; never calls'."""
    made = call_api("POST", "/api/v1/dev/clock", {"hours": hours})
    ahead = made["ahead_seconds"] // 3600
    typer.echo(f"DEV: the releases' clock is {ahead} h ahead of the machine's.")


@app.command("list")
def list_releases(
    workflow: Annotated[str | None, typer.Argument(help="One workflow's only.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List releases, newest first."""
    path = "/api/v1/releases" + (f"?workflow={workflow}" if workflow else "")
    rows = call_api("GET", path)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table(Column("release", no_wrap=True), "state", "tier", box=None, pad_edge=False)
    for title in ("submitted", "approved by", "digest"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            row["id"],
            row["state"] + (f" (halted: {row['halted']})" if row["halted"] else ""),
            str(row["tier"]),
            _to_day(row["submitted_at_unix"])[:10],
            ", ".join(row["approved_by"]),
            row["digest"][7:19],
        )
    _console.print(table)


@app.command("guards")
def guards(release: ReleaseArgument, *, as_json: AsJson = False) -> None:
    """Show what the guards of a release saw of its calls since its stage began."""
    rows = call_api("GET", f"/api/v1/releases/{release}/guards")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    if not rows:
        typer.echo("No guard watches it: it is not in internal or cohort, or it is halted.")
        return
    table = Table("guard", "metric above", "action", "calls", "mean / allowed", "evidence")
    for row in rows:
        evidence = f"10^{row['evidence']:.1f} of 10^{row['needed']:.1f}"
        table.add_row(
            row["name"],
            f"{row['metric']} {row['above']:g}",
            row["action"] + (" (speaks)" if row["speaks"] else ""),
            str(row["calls"]),
            f"{row['mean']:.3f} / {row['allowed']:.3f}" if row["watched"] else "-",
            evidence if row["watched"] else "no share can be above it",
        )
    _console.print(table)


@app.command("show")
def show(release: ReleaseArgument, *, as_json: AsJson = False) -> None:
    """Show where a release stands, and every piece that is missing for its next stage."""
    found = _get(release)
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show_head(found)
    _show_lane(found)
    _show_drills(found)
    decision = found["decision"]
    if decision is not None:
        _console.print(f"\n[bold]Decision[/] ({decision['path']})", highlight=False)
        for name in ("what_changed", "why", "expected_impact", "rollback_plan"):
            label = name.replace("_", " ")
            print_under(_console, f"  {label}: ", decision[name])
    if found["next_stage"] is None:
        _console.print("\nThere is no next stage.")
    elif found["missing"]:
        _console.print(f"\n[bold]Missing for stage {found['next_stage']}[/]")
        for one in found["missing"]:
            print_under(_console, "  ✗ ", one["message"])
    else:
        _console.print(f"\n✓ Nothing is missing for stage {found['next_stage']}:")
        _console.print(f"  alos release promote {found['id']}", highlight=False)


def _show_head(found: dict[str, Any]) -> None:
    halted = f", halted by guard {found['halted']}" if found["halted"] else ""
    _console.print(f"[bold]{found['title']}[/]  {found['id']}", highlight=False)
    rows = {
        "digest": found["digest"],
        "state": found["state"] + halted,
        "tier": str(found["tier"]),
        "submitted": f"{_to_day(found['submitted_at_unix'])} by {found['submitted_by']}",
        "rolls back to": found["rollback_to"] or "nothing; `alos kill` stops it",
    }
    if found["lane_tier"] != found["tier"]:
        rows["lane"] = f"Tier {found['lane_tier']}'s, since it comes down from there"
    evaluation = found["evaluation"]
    if evaluation is not None:
        word = "passed" if evaluation["passed"] else "not passed"
        where = "CI" if evaluation["is_ci"] else "no CI"
        rows["eval"] = (
            f"{word}, gate run {evaluation['gate_run']} by {evaluation['by']} ({where}),"
            f" {_to_day(evaluation['at_unix'])}"
        )
    for name, text in rows.items():
        print_under(_console, f"  {name:14} ", text)


def _show_lane(found: dict[str, Any]) -> None:
    _console.print("\n[bold]Lane[/]")
    for slot in found["lane"]:
        mark, who = ("✓", slot["voter"]) if slot["voter"] else ("·", "to come")
        _console.print(f"  {mark} {' or '.join(slot['roles'])}: {who}", highlight=False)
    waited = _to_span(found["seconds_waited"])
    is_filled = found["seconds_to_fill"] is not None
    _console.print(f"  {'filled after' if is_filled else 'has waited'} {waited}", highlight=False)
    for one in found["votes"]:
        word = "for" if one["approves"] else "against"
        line = f"{one['voter']} as {one['role']} voted {word} ({one['signature']})"
        line += f" after {_to_span(one['seconds_to_vote'])}"
        if one["reason"]:
            line += f": {one['reason']}"
        if one["void_because"]:
            line += f" — void: {one['void_because']}"
        print_under(_console, "  ", line)


def _show_drills(found: dict[str, Any]) -> None:
    if not found["drills"]:
        return
    _console.print("\n[bold]Drills[/]")
    for one in found["drills"]:
        mark = "✓" if one["passed"] and not one["is_attested"] else "✗"
        line = f"{one['kind']}: {'passed' if one['passed'] else 'failed'}"
        line += f" {_to_span(one['age_seconds'])} ago, run {one['run']} by {one['by']}"
        if one["is_attested"]:
            line += " (attested: somebody's word, which no stage counts)"
        print_under(_console, f"  {mark} ", line)
        for step in one["detail"].splitlines():
            if not one["passed"] and not step.startswith("passed:"):
                print_under(_console, "      ", step)


def _get(release: str) -> Any:
    workflow, _, number = release.partition("/")
    if not workflow or not number.isdigit():
        typer.echo("Name the release as workflow/number, e.g. support-reply-drafting/1.", err=True)
        raise typer.Exit(EXIT_USAGE)
    return call_api("GET", f"/api/v1/releases/{workflow}/{number}")


def _to_span(seconds: int) -> str:
    """A time in its two largest units."""
    days, rest = divmod(seconds, 86_400)
    hours, minutes = divmod(rest // 60, 60)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"


def _to_day(at_unix: int) -> str:
    return datetime.fromtimestamp(at_unix, tz=UTC).strftime("%Y-%m-%d %H:%M")

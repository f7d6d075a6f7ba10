"""``alos eval run|gate|compare|show|nightly``: what a golden set says of a bundle."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from alos.cli.client import EXIT_NO, call_api
from alos.cli.eval_add import add_command
from alos.cli.eval_base import list_undecided, read_base
from alos.cli.eval_calibrate import calibrate_command
from alos.cli.eval_client import (
    LOCAL,
    find_target,
    start,
    upload,
)
from alos.cli.eval_files import Config, Workflow, find_folder, read_files, to_slug
from alos.cli.eval_nightly import nightly_command
from alos.cli.eval_run import find_kept_key, run_plan
from alos.domain.evaluation import FALSE_PASS_RATE
from alos.evals.report import write_junit, write_markdown, write_text
from alos.evals.statistics import get_loss_p_value
from alos.server.settings import get_url

app = typer.Typer(no_args_is_help=True, help="Golden sets: run, gate, compare.")
app.command("add")(add_command)
app.command("calibrate")(calibrate_command)
app.command("nightly")(nightly_command)

Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Key for the calls; else ALOS_KEY, a CI job's own token, or one made for an hour.",
    ),
]
Repeats = Annotated[int, typer.Option(min=1, max=20, help="Runs of every case.")]
Concurrency = Annotated[int, typer.Option(min=1, max=64, help="Calls under way at a time.")]
Gateway = Annotated[
    str | None, typer.Option("--gateway", help="Where models are called; else ALOS_URL.")
]
Json = Annotated[Path | None, typer.Option("--json-file", help="Write the result file here.")]
JUnit = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write Markdown here.")]
Statement = Annotated[
    Path | None, typer.Option("--statement", help="Write the signed statement here.")
]
Resume = Annotated[
    str | None, typer.Option("--resume", help="Id of an interrupted run to take up again.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command("run")
def run_command(  # noqa: PLR0913 - one argument for each option
    workflow: Workflow,
    *,
    config: Config = Path(),
    base: Annotated[
        str | None, typer.Option(help="Commit whose graders/ may run; without it none does.")
    ] = None,
    key: Key = None,
    repeats: Repeats = 1,
    concurrency: Concurrency = 8,
    gateway: Gateway = None,
    resume: Resume = None,
    json_file: Json = None,
    as_json: AsJson = False,
) -> None:
    """Run a golden set and say what it proves; decides nothing about a release."""
    contents = read_files(config, workflow)
    target = find_target(
        gateway or get_url() or LOCAL, key or find_kept_key(resume), to_slug(workflow)
    )
    plan = _resume(resume) or start(
        upload(contents), target.prefix, purpose="trial", repeats=repeats
    )
    files = read_base(find_folder(config, workflow), base) if base else None
    result, _ = run_plan(plan, target, concurrency=concurrency, base=files)
    _write(json_file, json.dumps(result, indent=1))
    typer.echo(json.dumps(result) if as_json else write_text(result), nl=as_json)
    raise typer.Exit(0 if result["verdict"] == "pass" else EXIT_NO)


@app.command("gate")
def gate_command(  # noqa: PLR0913 - one argument for each option
    workflow: Workflow,
    *,
    config: Config = Path(),
    base: Annotated[
        str | None, typer.Option(help="Commit that the pull request would change.")
    ] = None,
    key: Key = None,
    repeats: Repeats = 1,
    concurrency: Concurrency = 8,
    gateway: Gateway = None,
    resume: Resume = None,
    json_file: Json = None,
    junit: JUnit = None,
    markdown: Markdown = None,
    statement: Statement = None,
    as_json: AsJson = False,
) -> None:
    """Gate a bundle: exit 0 where it passes, 1 where it does not, 2 wrong use, 3 down."""
    contents = read_files(config, workflow)
    target = find_target(
        gateway or get_url() or LOCAL, key or find_kept_key(resume), to_slug(workflow)
    )
    before = read_base(find_folder(config, workflow), base) if base else {}
    undecided = _check_decisions(before, contents) if base else []
    bases = [upload(before)] if before and before != contents else []
    plan = _resume(resume) or start(
        upload(contents),
        target.prefix,
        purpose="gate",
        repeats=repeats,
        bases=bases,
    )
    files = before if base else None
    result, envelope = run_plan(plan, target, concurrency=concurrency, base=files)
    for line in undecided:
        typer.echo(f"The gate fails whatever the run says. Decision log: {line}.", err=True)
    _write(json_file, json.dumps(result, indent=1))
    _write(junit, write_junit(result, undecided))
    _write(markdown, write_markdown(result, undecided))
    _write(statement, envelope)
    typer.echo(json.dumps(result) if as_json else write_text(result), nl=as_json)
    is_pass = result["verdict"] == "pass" and not undecided
    raise typer.Exit(0 if is_pass else EXIT_NO)


@app.command("show")
def show_command(
    run: Annotated[str, typer.Argument(help="Id of a run that has ended.")],
    *,
    json_file: Json = None,
    junit: JUnit = None,
    markdown: Markdown = None,
    statement: Statement = None,
    as_json: AsJson = False,
) -> None:
    """Show a run's result again, or write it in any of the forms."""
    ended = call_api("GET", f"/api/v1/eval-runs/{run}")
    result = ended["result"]
    _write(json_file, json.dumps(result, indent=1))
    _write(junit, write_junit(result))
    _write(markdown, write_markdown(result))
    _write(statement, ended["envelope"])
    typer.echo(json.dumps(result) if as_json else write_text(result), nl=as_json)


@app.command("compare")
def compare_command(
    workflow: Annotated[str, typer.Argument(help="Slug of the workflow.")],
    first: Annotated[str, typer.Argument(help="Digest, or its beginning.")],
    second: Annotated[str, typer.Argument(help="Digest, or its beginning.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Pair the newest results of two digests, case by case."""
    one, other = _get_newest(workflow, first), _get_newest(workflow, second)
    before = {case["case"]: case for case in one["results"]}
    pairs = [
        (before[case["case"]], case)
        for case in other["results"]
        if case["case"] in before
        and before[case["case"]]["fingerprint"] == case["fingerprint"]
        and {case["state"], before[case["case"]]["state"]} <= {"passed", "failed"}
    ]
    lost = [b["case"] for a, b in pairs if a["state"] == "passed" and b["state"] == "failed"]
    gained = [b["case"] for a, b in pairs if a["state"] == "failed" and b["state"] == "passed"]
    found = {
        "first": one["digest"],
        "second": other["digest"],
        "shared": len(pairs),
        "lost": lost,
        "gained": gained,
        "p_value": get_loss_p_value(len(lost), len(gained)),
        "rates": [one["rate"], other["rate"]],
        "costs_usd": [one["cost_usd"], other["cost_usd"]],
        "latency_seconds": [one["latency_seconds"], other["latency_seconds"]],
    }
    if as_json:
        typer.echo(json.dumps(found))
        return
    for word, found_one in (("from", one), ("to", other)):
        typer.echo(
            f"{word:4} {found_one['digest']}  {found_one['rate']:.1%} passed,"
            f" {found_one['cost_usd']} USD, {found_one['latency_seconds']:.2f} s"
            f"  ({found_one['verdict']}, {found_one['run']})"
        )
    typer.echo(
        f"on {len(pairs)} shared, unchanged cases: {len(lost)} lost, {len(gained)} gained;"
        f" exact one-sided sign test p = {found['p_value']:.3f}"
        f"{' (a loss beyond chance)' if lost and found['p_value'] < FALSE_PASS_RATE else ''}"
    )
    for name in lost:
        typer.echo(f"  lost    {name}")
    for name in gained:
        typer.echo(f"  gained  {name}")


def _resume(run: str | None) -> dict[str, Any] | None:
    if run is None:
        return None
    plan: dict[str, Any] = call_api("GET", f"/api/v1/eval-runs/{run}/plan")
    return plan


def _check_decisions(before: dict[str, bytes], contents: dict[str, bytes]) -> list[str]:
    from alos.control.decisions import read_decision  # noqa: PLC0415 - only a gate with a base

    problems = [
        f"{problem.path}: {problem.message}"
        for path, raw in contents.items()
        if path.startswith("decisions/") and before.get(path) != raw
        for problem in read_decision(path, raw)[1]
    ]
    return list_undecided(before, contents, problems)


def _get_newest(workflow: str, digest: str) -> dict[str, Any]:
    wanted = digest if digest.startswith("sha256:") else f"sha256:{digest}"
    runs = call_api("GET", f"/api/v1/eval-runs?workflow={workflow}")
    found = [one for one in runs if one["digest"].startswith(wanted) and one["verdict"]]
    if not found:
        typer.echo(f"No run of {digest} has ended.", err=True)
        raise typer.Exit(EXIT_NO)
    result: dict[str, Any] = call_api("GET", f"/api/v1/eval-runs/{found[-1]['run']}")["result"]
    return result


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

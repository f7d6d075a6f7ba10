"""``alos eval nightly``: what serves now, measured again, beside the run that let it go live."""

import json
from typing import Annotated, Any

import typer

from alos.cli.client import EXIT_NO, call_api
from alos.cli.eval_client import LOCAL, find_target, start
from alos.cli.eval_run import run_plan
from alos.evals.drift import describe_drift
from alos.server.settings import get_url

_SERVED = ("internal", "cohort", "all")


def nightly_command(
    workflows: Annotated[
        list[str] | None, typer.Argument(help="Slugs; every workflow that serves, unless named.")
    ] = None,
    *,
    key: Annotated[str | None, typer.Option("--key", help="Key for the calls.")] = None,
    repeats: Annotated[int, typer.Option(min=1, max=20, help="Runs of every case.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Calls at a time.")] = 4,
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="Where models are called; else ALOS_URL.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run the golden sets of the released digests again; exit 0 where all is as it was.

    Needs no files: the bundles are the released ones. Who owns a workflow is told what changed.
    """
    found = call_api("GET", "/api/v1/releases")
    served = [one for one in found if one["state"] in _SERVED]
    wanted = [one for one in served if not workflows or one["workflow"] in workflows]
    missing = set(workflows or ()) - {one["workflow"] for one in wanted}
    for name in sorted(missing):
        typer.echo(f"No release of {name} serves.", err=True)
    results, status = [], EXIT_NO if missing else 0
    for one in wanted:
        try:
            target = find_target(gateway or get_url() or LOCAL, key, one["workflow"])
            plan = start(one["digest"], target.prefix, purpose="nightly", repeats=repeats)
            result, _ = run_plan(plan, target, concurrency=concurrency, base=None)
        except typer.Exit as ended:  # its reason is told; the others get their turn
            typer.echo(f"{one['workflow']} was not measured.", err=True)
            status = max(status, ended.exit_code)
            continue
        results.append(result)
        if result["drift"]["outcome"] != "same":
            status = max(status, EXIT_NO)
        if not as_json:
            typer.echo(_describe(one, result))
    if as_json:
        typer.echo(json.dumps(results))
    elif not wanted:
        typer.echo("No release serves; there is nothing to measure.")
    raise typer.Exit(status)


def _describe(release: dict[str, Any], result: dict[str, Any]) -> str:
    drift = result["drift"]
    line = (
        f"{drift['outcome'].upper():10} {release['id']}  {result['passed']} of {result['cases']}"
        f" passed, {describe_drift(drift)}  (`alos eval show {result['run']}`)"
    )
    if drift["lost"]:
        line += f"\n  lost: {', '.join(drift['lost'])} (p = {drift['p_value']:.3f})"
    if drift["outcome"] == "changed":
        line += f"\n  was {', '.join(drift['models_before'])}; is {', '.join(result['models'])}"
    return line

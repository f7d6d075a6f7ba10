"""``alos eval calibrate``: how far a judging model agrees with people's labels."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from alos.cli.client import EXIT_NO, EXIT_USAGE, call_api
from alos.cli.eval_client import (
    LOCAL,
    Gateway,
    Target,
    find_target,
    list_answers,
    upload,
)
from alos.cli.eval_files import Config, Workflow, read_files, to_slug
from alos.cli.eval_progress import Progress
from alos.evals.runner import CallToMake, Runner
from alos.server.settings import get_url


def calibrate_command(
    workflow: Workflow,
    *,
    labels: Annotated[
        Path, typer.Option(help="YAML: `labels:`, each with `case`, `answer` and `holds`.")
    ],
    config: Config = Path(),
    key: Annotated[str | None, typer.Option("--key", help="Key for the calls.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Calls at a time.")] = 8,
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="Where models are called; else ALOS_URL.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Compare the set's judge with people's labels; exit 0 only where it agrees with them."""
    listed = _load_labels(labels)
    contents = read_files(config, workflow)
    target = find_target(gateway or get_url() or LOCAL, key, to_slug(workflow))
    found = _calibrate(upload(contents), listed, target, concurrency=concurrency)
    typer.echo(json.dumps(found) if as_json else write_calibration(found), nl=as_json)
    raise typer.Exit(0 if found["outcome"] == "agrees" else EXIT_NO)


def _load_labels(path: Path) -> list[dict[str, Any]]:
    """Read a labels file; ends the program where it holds errors."""
    from alos.control.labels import read_labels  # noqa: PLC0415 - its forms start slowly

    try:
        raw = path.read_bytes()
    except OSError as error:
        typer.echo(f"{path} can't be read ({error.strerror}).", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    labels, problems = read_labels(str(path), raw)
    for one in problems:
        typer.echo(str(one), err=True)
    if problems:
        raise typer.Exit(EXIT_USAGE)
    return labels


def _calibrate(
    digest: str, labels: list[dict[str, Any]], target: Target, *, concurrency: int
) -> dict[str, Any]:
    """Ask the judge about every labelled answer and have it compared; the outcome."""
    wish = {"digest": digest, "key": target.prefix, "labels": labels}
    plan = call_api("POST", "/api/v1/eval-calibrations", wish)
    calls = [
        CallToMake(case=one["case"], number=0, body=one["body"].encode()) for one in plan["calls"]
    ]
    with Progress(len(calls), clock=time.monotonic, stream=sys.stderr) as progress:
        runner = Runner(
            Gateway(target, plan).send,
            concurrency=concurrency,
            sleep=time.sleep,
            on_done=lambda _one: progress.step(),
        )
        ran = runner.run(calls)
    done: dict[str, Any] = call_api(
        "POST",
        f"/api/v1/eval-calibrations/{plan['run']}/end",
        {"answers": list_answers(ran.answers)},
    )
    return done


def write_calibration(found: dict[str, Any]) -> str:
    """The outcome for a terminal."""
    low, high = found["agreement_interval"]
    lines = [
        f"{found['outcome'].upper()}  judge {', '.join(found['judges'])}",
        found["sentence"],
        (
            f"agrees with {found['agreed']} of {found['labels']} labels"
            f" ({found['agreement']:.1%}; 95 %: {low:.1%} to {high:.1%})"
        ),
        _describe_kappa(found),
        (
            f"says yes to {found['false_yes']} of {found['rejected']} answers that people rejected"
            f" (at most {found['false_yes_bound']:.1%}, at 95 %), no to {found['false_no']} of"
            f" {found['taken']} that they took"
        ),
    ]
    if found["unreadable"] or found["unanswered"]:
        lines.append(
            f"{found['unreadable']} verdicts were not in the judge's form,"
            f" {found['unanswered']} calls had no answer; none of them agrees with anything"
        )
    lines.append(f"cost {found['cost_usd']} USD")
    said = {True: "yes", False: "no", None: "no verdict"}
    for one in found["disagreements"]:
        why = f": {one['why']}" if one["why"] else ""
        lines.append(
            f"  {one['case']}  people {said[one['human']]}, judge {said[one['judge']]}{why}"
        )
    return "\n".join(lines) + "\n"


def _describe_kappa(found: dict[str, Any]) -> str:
    if found["kappa"] is None:
        return "kappa can't be worked out: judge or labels always say the same"
    low, high = found["kappa_interval"]
    return f"kappa {found['kappa']:.2f} (95 %: {low:.2f} to {high:.2f}; 0 is chance, 1 is perfect)"

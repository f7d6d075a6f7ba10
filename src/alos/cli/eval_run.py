"""One eval run from its plan to its result, with a bar while it takes."""

import sys
import time
from typing import Any

import typer

from alos.cli.client import EXIT_NO
from alos.cli.eval_client import AnswerFile, Made, Target, end, hand_in, make_calls
from alos.cli.eval_progress import Progress
from alos.server.settings import get_home


def find_kept_key(run: str | None) -> str | None:
    """The key that was made for an interrupted run, where one was."""
    return AnswerFile(get_home() / "evals", run).read_key() if run is not None else None


def run_plan(
    plan: dict[str, Any], target: Target, *, concurrency: int, base: dict[str, bytes] | None
) -> tuple[dict[str, Any], str]:
    """Make a plan's calls, hand everything in and have it judged; the result, and its statement.

    Args:
        plan: of an open run, perhaps one that was interrupted.
        target: where the calls go.
        concurrency: calls under way at a time.
        base: files of the commit whose graders may run; ``None`` where none may.
    """
    for line in plan["lowered"]:
        typer.echo(f"A threshold was lowered and does not bind this run: {line}.", err=True)
    kept = AnswerFile(get_home() / "evals", plan["run"])
    if target.made_key is not None:
        kept.keep_key(target.made_key)
    try:
        made = _make(plan, target, kept, concurrency)
    except KeyboardInterrupt:
        typer.echo(
            f"Interrupted. `--resume {plan['run']}` takes it up within six hours; left alone, it"
            " counts as a run.",
            err=True,
        )
        raise typer.Exit(EXIT_NO) from None
    if made.foreign:
        typer.echo(
            f"The gateway takes no calls of {plan['run']} by this key: name the one it was begun"
            " with (`--key` or ALOS_KEY).",
            err=True,
        )
        raise typer.Exit(EXIT_NO)
    if made.over_cap:
        typer.echo("The run's spend cap leaves no room for another call; it ends here.", err=True)
    hand_in(plan, made, target, concurrency=concurrency)
    if plan["author_graders"]:
        from alos.cli.eval_grades import hand_in_grades  # noqa: PLC0415 - few sets have any

        hand_in_grades(plan, made, base, concurrency=concurrency)
    ended = end(plan)
    kept.forget()
    return ended["result"], ended["envelope"]


def _make(plan: dict[str, Any], target: Target, kept: AnswerFile, concurrency: int) -> Made:
    total = sum(one["repeats"] for one in plan["calls"])
    typer.echo(f"{plan['run']}: {total} calls", err=True)
    with Progress(total, clock=time.monotonic, stream=sys.stderr) as progress:
        return make_calls(
            plan, target, kept, concurrency=concurrency, on_done=lambda _one: progress.step()
        )

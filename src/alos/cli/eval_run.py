"""One eval run from its plan to its result, with a bar while it takes."""

import sys
import time
from typing import Any

import typer

from alos.cli.eval_client import AnswerFile, Target, end, hand_in, make_calls
from alos.cli.eval_progress import Progress
from alos.server.settings import get_home


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
    total = sum(one["repeats"] for one in plan["calls"])
    with Progress(total, clock=time.monotonic, stream=sys.stderr) as progress:
        made = make_calls(
            plan, target, kept, concurrency=concurrency, on_done=lambda _one: progress.step()
        )
    if made.over_cap:
        typer.echo("The run's spend cap leaves no room for another call; it ends here.", err=True)
    hand_in(plan, made, target, concurrency=concurrency)
    if plan["author_graders"]:
        from alos.cli.eval_grades import hand_in_grades  # noqa: PLC0415 - few sets have any

        hand_in_grades(plan, made, base, concurrency=concurrency)
    ended = end(plan)
    kept.forget()
    return ended["result"], ended["envelope"]

"""``alos clone``: begins another workflow in the shape of one that is there."""

import json
from pathlib import Path
from typing import Annotated

import typer

from alos.cli.check import run_check
from alos.cli.render import render_beside
from alos.control.bundle import read_contents
from alos.control.clone import SLUG, CloneRefused, build_clone
from alos.control.documents import Severity
from alos.control.registry import ORGANISATION_FILE, WORKFLOWS_FOLDER
from alos.control.scaffold import ScaffoldRefused, write_scaffold
from alos.domain.ids import WorkflowId

EXIT_NO = 1
EXIT_USAGE = 2


def clone_command(
    workflow: Annotated[str, typer.Argument(help="The slug of the one that is there.")],
    new_slug: Annotated[str, typer.Argument(help="The new one's slug.")],
    config: Annotated[Path, typer.Option(help="The folder with alos.yaml.")] = Path(),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Begin a workflow in the shape of another one, without anything which that one earned.

    Works offline. Boundary, models, prompts, tools, limits, verification, rollout and fallback
    come along; title, owners, RACI, feared failure and attestations are left to fill in, golden
    set and decision log to write. Until then, and until it has its own evals, votes and drills,
    nothing of it can be released.
    """
    folder = config.resolve()
    source = folder / WORKFLOWS_FOLDER / workflow
    if not (folder / ORGANISATION_FILE).is_file() or not (
        SLUG.fullmatch(workflow) and source.is_dir()
    ):
        typer.echo(f"There is no workflow {workflow} in {config}.", err=True)
        raise typer.Exit(EXIT_USAGE)
    target = f"{WORKFLOWS_FOLDER}/{new_slug}"
    if SLUG.fullmatch(new_slug) and (folder / target).exists():
        typer.echo(f"{target} is there already; choose another slug.", err=True)
        raise typer.Exit(EXIT_NO)
    try:
        made = build_clone(_read(source), WorkflowId(new_slug))
        written = {f"{target}/{path}": raw for path, raw in made.items()}
        write_scaffold(folder, written)
    except (CloneRefused, ScaffoldRefused) as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(EXIT_NO) from refused
    paths = (*sorted(written), *render_beside(folder))
    _, found = run_check(folder / target)
    left = [str(one) for one in found if one.severity is not Severity.WARNING]
    if as_json:
        typer.echo(json.dumps({"workflow": new_slug, "written": paths, "left": left}))
        return
    for path in paths:
        typer.echo(f"wrote {path}")
    typer.echo(f"\nLeft to fill in or write, before {new_slug} can be released:")
    for one in left:
        typer.echo(f"  {one}")
    typer.echo("\nThen `alos render`, and `alos check` until nothing is left.")


def _read(source: Path) -> dict[str, bytes]:
    contents, problems = read_contents(source, label=source.name)
    if problems:
        raise CloneRefused(str(problems[0]))
    return contents

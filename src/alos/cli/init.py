"""``alos init``: writes the files that an organisation starts from."""

import os
from pathlib import Path
from typing import Annotated

import typer

from alos.cli.render import render_beside
from alos.control.registry import ORGANISATION_FILE
from alos.control.scaffold import (
    DEFAULT_TEMPLATE,
    Extent,
    ScaffoldRefused,
    ScaffoldWish,
    build_scaffold,
    build_workflows,
    write_scaffold,
)
from alos.ports.clock import SystemClock, to_datetime

EXIT_NO = 1


def init_command(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if missing.")] = Path(),
    workflow: Annotated[
        list[str] | None,
        typer.Option(help="Starter workflow; repeat for more, the first is the sprint's."),
    ] = None,
    organisation: Annotated[str, typer.Option(help="The organisation's name.")] = "Our company",
    *,
    minimal: Annotated[
        bool, typer.Option("--minimal", help="Only a tier, an owner and a golden set.")
    ] = False,
) -> None:
    """Write alos.yaml, people.yaml, starter workflows, editor schemas and the handbook's pages.

    Nothing is ever overwritten. In a folder that has an alos.yaml, `--workflow` adds starter
    workflows beside those there are.
    """
    templates = workflow or [DEFAULT_TEMPLATE]
    wish = ScaffoldWish(
        organisation=organisation,
        templates=templates,
        extent=Extent.MINIMAL if minimal else Extent.FULL,
        today=to_datetime(SystemClock.unix_ns()).date(),
    )
    is_addition = workflow is not None and (folder / ORGANISATION_FILE).is_file()
    try:
        contents = build_workflows(templates) if is_addition else build_scaffold(wish)
        write_scaffold(folder, contents)
    except ScaffoldRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(EXIT_NO) from refused
    for path in (*sorted(contents), *render_beside(folder.resolve())):
        typer.echo(f"wrote {os.path.normpath(folder / path)}")
    typer.echo(_describe_next(folder, templates[0]))


def _describe_next(folder: Path, workflow: str) -> str:
    where = "" if folder == Path() else f" {folder}"
    config = "." if folder == Path() else str(folder)
    return (
        "\nPut your own people into people.yaml and your models into alos.yaml. Then:\n"
        f"  alos check{where}\n"
        f"  alos serve --config {config} --dev\n"
        f"  alos key create --workflow {workflow}"
    )

"""A workflow's files on this machine, as the commands of ``alos eval`` name them."""

from pathlib import Path
from typing import Annotated

import typer

from alos.cli.client import EXIT_NO, EXIT_USAGE
from alos.control.bundle_files import read_contents

Workflow = Annotated[str, typer.Argument(help="Slug of the workflow, or its folder.")]
Config = Annotated[Path, typer.Option("--config", help="Folder of the organisation's files.")]


def find_folder(config: Path, workflow: str) -> Path:
    """The workflow's folder; ends the program where there is none."""
    for folder in (Path(workflow), config / "workflows" / workflow):
        if (folder / "workflow.yaml").is_file():
            return folder
    typer.echo(
        f"There is no {config}/workflows/{workflow}/workflow.yaml; name the organisation's folder"
        " with `--config`.",
        err=True,
    )
    raise typer.Exit(EXIT_USAGE)


def to_slug(workflow: str) -> str:
    """The slug of a workflow that may be named by its folder."""
    return Path(workflow).resolve().name


def read_files(config: Path, workflow: str) -> dict[str, bytes]:
    """The bundle's files; ends the program where they can't be taken."""
    folder = find_folder(config, workflow)
    contents, problems = read_contents(folder, label=str(folder))
    if problems:
        for one in problems:
            typer.echo(str(one), err=True)
        raise typer.Exit(EXIT_NO)
    return contents

"""``alos render``: writes the pull request template and the runbooks from the configuration."""

import json
from pathlib import Path
from typing import Annotated

import typer

from alos.control.handbook import (
    RenderRefused,
    build_handbook,
    check_handbook,
    write_handbook,
)
from alos.control.registry import ORGANISATION_FILE, Loaded, load_organisation

EXIT_NO = 1
EXIT_USAGE = 2


def render_command(
    config: Annotated[Path, typer.Option(help="The folder with alos.yaml.")] = Path(),
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where a page is not current.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write the pull request template and each workflow's runbook from the configuration.

    Works offline. The template goes to the top of the git repository, the runbooks beside
    alos.yaml. Commit them: `alos check` fails where one was changed by hand, or is older than
    the configuration.
    """
    folder = config.resolve()
    if not (folder / ORGANISATION_FILE).is_file():
        typer.echo(f"There is no {ORGANISATION_FILE} in {config}. Name its folder.", err=True)
        raise typer.Exit(EXIT_USAGE)
    loaded = load_organisation(folder)
    if not loaded.is_usable:
        typer.echo("The configuration holds errors; `alos check` names them.", err=True)
        raise typer.Exit(EXIT_NO)
    if check:
        _check(loaded, folder, as_json=as_json)
        return
    try:
        pages = build_handbook(loaded, folder)
        written = write_handbook(folder, pages)
    except RenderRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(EXIT_NO) from refused
    if as_json:
        typer.echo(json.dumps({"written": written, "pages": sorted(pages)}))
        return
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(f"{len(pages)} pages, {len(written)} of them new. Commit them.")


def render_beside(folder: Path) -> tuple[str, ...]:
    """Write the handbook after other files; what keeps it from that is said, and stops nothing.

    Returns:
        The paths that were written.
    """
    loaded = load_organisation(folder)
    if not loaded.is_usable:
        typer.echo("No runbooks yet: mend what `alos check` names, then `alos render`.", err=True)
        return ()
    try:
        return write_handbook(folder, build_handbook(loaded, folder))
    except RenderRefused as refused:
        typer.echo(str(refused), err=True)
        return ()


def _check(loaded: Loaded, folder: Path, *, as_json: bool) -> None:
    problems = check_handbook(loaded, folder)
    if as_json:
        found = [{"path": one.path, "message": one.message, "mend": one.mend} for one in problems]
        typer.echo(json.dumps({"ok": not problems, "problems": found}))
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo("Not current." if problems else "Every page is current.")
    if problems:
        raise typer.Exit(EXIT_NO)

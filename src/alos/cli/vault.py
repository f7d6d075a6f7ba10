"""``alos vault``: the master key of the vault."""

from pathlib import Path
from typing import Annotated

import typer

from alos.cli.client import EXIT_USAGE
from alos.server.bootstrap.vault import MasterKeyBadError, create_master_key

app = typer.Typer(no_args_is_help=True, help="The vault, where prompts and answers are kept.")


@app.callback()
def _group() -> None:
    """Stay a group of commands, also with one command in it."""


@app.command("create-key")
def create_key(
    file: Annotated[Path, typer.Argument(help="Where; outside of the data folder.")],
) -> None:
    """Make a master key for the vault of a production folder.

    Without it no kept prompt or answer can be read again: keep a copy where neither the data
    folder nor its backups are.
    """
    try:
        master = create_master_key(file)
    except MasterKeyBadError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None
    typer.echo(f"{file}: {master.name}")
    typer.echo("Keep a copy of it apart from the data folder and from that folder's backups.")

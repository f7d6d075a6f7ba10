"""``alos join FOLDER``: make the data folder of one more gateway of an installation."""

from pathlib import Path
from typing import Annotated

import typer

from alos.cli.client import EXIT_USAGE
from alos.server.folder import join_folder
from alos.server.settings import SettingsError, get_home


def join(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="A data folder of the installation, or copies of its folder.json and ledger.key.",
        ),
    ],
    *,
    home: Annotated[
        Path | None, typer.Option(help="The new data folder; else ALOS_HOME, else .alos here.")
    ] = None,
) -> None:
    """Make the data folder of one more gateway, on the same PostgreSQL database."""
    try:
        folder = join_folder(get_home(home), source)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None
    typer.echo(f"{folder.path} is gateway {folder.gateway} of installation {folder.id}.")
    typer.echo("It holds the key that signs the ledger: let nobody else read it.")
    typer.echo("Serve from it with the same ALOS_DATABASE as the others.")

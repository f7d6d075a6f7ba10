"""``alos vault create-key|rotate-key|check``: the master key of the vault."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from alos.cli.client import EXIT_NO, EXIT_USAGE
from alos.server.bootstrap.vault import (
    MasterKeyBadError,
    check_vault,
    create_master_key,
    rotate_master_key,
)
from alos.server.settings import SettingsError, get_home, get_vault_paths

app = typer.Typer(no_args_is_help=True, help="The vault, where prompts and answers are kept.")


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


@app.command("rotate-key")
def rotate_key(
    file: Annotated[Path, typer.Argument(help="The next master key, from create-key.")],
) -> None:
    """Put the vault under another master key; no gateway may use it meanwhile.

    Broken off, it is ended by the same command; until then no gateway starts. Bodies are not
    written again. The next start notes it in the ledger.
    """
    with _answering():
        done = rotate_master_key(get_home(), get_vault_paths(), file, _show_progress)
    typer.echo(f"{done.shelves} shelves went from {done.before} to {done.after}.")
    typer.echo(f"Start with ALOS_VAULT_MASTER_KEY={file}; the key before opens nothing any more.")
    if done.unreadable:
        typer.echo(
            f"{done.unreadable} shelves open under neither key; `alos vault check` names them.",
            err=True,
        )
        raise typer.Exit(EXIT_NO)


@app.command("check")
def check() -> None:
    """Try the master key on every shelf, beside a running gateway or without one."""
    with _answering():
        name, count, unreadable = check_vault(get_home(), get_vault_paths())
    for shelf in unreadable:
        typer.echo(f"WRONG  {shelf} does not open under {name}: its bodies can't be read")
    typer.echo(f"{count - len(unreadable)} of {count} shelves open under {name}.")
    if unreadable:
        raise typer.Exit(EXIT_NO)


@contextmanager
def _answering() -> Iterator[None]:
    """End the program with the contract's exit code where the vault can't be used."""
    try:
        yield
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} of {total} shelves", nl=done == total, err=True)

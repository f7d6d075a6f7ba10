"""Opens the call index of a data folder for the commands that only read."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from alos.cli.client import EXIT_DOWN, EXIT_USAGE
from alos.domain.fault import StoreDown
from alos.ports.call_store import CallStore
from alos.server.bootstrap import open_call_index
from alos.server.settings import SettingsError, get_home


@contextmanager
def open_calls() -> Iterator[CallStore]:
    """Read the index in ``ALOS_HOME``; no running gateway is needed.

    Ends the program with the contract's exit code where there is none or it can't be read.
    """
    try:
        yield open_call_index(get_home())
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except StoreDown as error:
        typer.echo(f"The call index can't be read: {error}", err=True)
        raise typer.Exit(EXIT_DOWN) from None


def wait_a_little() -> None:
    """Pause between two looks at the index."""
    time.sleep(0.5)

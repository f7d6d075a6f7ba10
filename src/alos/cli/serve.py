"""``alos serve``: the gateway and the control plane in one process."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from alos.cli.client import EXIT_DOWN, EXIT_USAGE
from alos.domain.fault import Fault
from alos.server.bootstrap import ConfigurationProblems
from alos.server.run import run
from alos.server.settings import (
    DEFAULT_PORT,
    LOOPBACK,
    Settings,
    SettingsError,
    get_home,
    get_otlp,
    get_vault_paths,
)


def serve(
    config: Annotated[Path, typer.Option(help="Folder that holds alos.yaml.")] = Path(),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = DEFAULT_PORT,
    home: Annotated[
        Path | None, typer.Option(help="Data folder; else ALOS_HOME, else .alos here.")
    ] = None,
    vault_master_key: Annotated[
        Path | None, typer.Option(help="The vault's master key; else ALOS_VAULT_MASTER_KEY.")
    ] = None,
    *,
    dev: Annotated[
        bool, typer.Option("--dev", help="Serve unreleased bundles, on loopback only.")
    ] = False,
) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if dev and host not in LOOPBACK:
        typer.echo("--dev listens on loopback only; leave --host out.", err=True)
        raise typer.Exit(EXIT_USAGE)
    try:
        otlp = get_otlp()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None
    settings = Settings(
        home=get_home(home),
        config=config,
        host=host,
        port=port,
        dev=dev,
        vault=get_vault_paths(vault_master_key),
        otlp=otlp,
    )
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings, announce=typer.echo))
    except ConfigurationProblems as problems:
        for line in problems.lines:
            typer.echo(line, err=True)
        typer.echo("Nothing is served. `alos check` shows the same list.", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except (Fault, OSError) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(EXIT_DOWN) from None

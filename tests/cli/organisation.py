"""The commands that write and check an organisation's files, run in this process."""

from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from alos.cli.check import check_command
from alos.cli.clone import clone_command
from alos.cli.init import init_command
from alos.cli.render import render_command


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command("init")(init_command)
    app.command("check")(check_command)
    app.command("clone")(clone_command)
    app.command("render")(render_command)
    return CliRunner().invoke(app, arguments)


def make_organisation(path: Path) -> Path:
    """What ``alos init`` writes."""
    assert run("init", str(path)).exit_code == 0
    return path

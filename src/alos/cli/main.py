"""The ``alos`` command: every command group in one list."""

import typer

from alos.cli.calls import app as calls
from alos.cli.check import check_command
from alos.cli.demo import demo
from alos.cli.init import init_command
from alos.cli.keys import app as keys
from alos.cli.kill import kill, revive
from alos.cli.serve import serve
from alos.cli.why import why

app = typer.Typer(
    name="alos",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Accountable use of AI: one gateway, one registry, one record of every call.",
)
app.command("init")(init_command)
app.command("check")(check_command)
app.command("serve")(serve)
app.command("demo")(demo)
app.add_typer(keys, name="key")
app.add_typer(calls, name="call")
app.command("why")(why)
app.command("kill")(kill)
app.command("revive")(revive)


def main() -> None:
    """Run the command line."""
    app()

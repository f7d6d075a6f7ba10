"""The ``alos`` command: every command group in one list."""

import importlib
import sys
from typing import Any, Final

import typer

COMMANDS: Final = {
    "init": "alos.cli.init:init_command",
    "check": "alos.cli.check:check_command",
    "clone": "alos.cli.clone:clone_command",
    "render": "alos.cli.render:render_command",
    "serve": "alos.cli.serve:serve",
    "join": "alos.cli.join:join",
    "demo": "alos.cli.demo:demo",
    "login": "alos.cli.login:login",
    "key": "alos.cli.keys:app",
    "config": "alos.cli.config:app",
    "directory": "alos.cli.directory:app",
    "call": "alos.cli.calls:app",
    "eval": "alos.cli.evals:app",
    "why": "alos.cli.why:why",
    "token": "alos.cli.tokens:app",
    "policy": "alos.cli.policy:app",
    "export": "alos.cli.export:export",
    "scan": "alos.cli.scan:scan_command",
    "ledger": "alos.cli.ledger:app",
    "legal-hold": "alos.cli.legal_hold:app",
    "erase": "alos.cli.erase:app",
    "vault": "alos.cli.vault:app",
    "verify-evidence": "alos.cli.evidence:verify_evidence",
    "release": "alos.cli.release:app",
    "waiver": "alos.cli.waivers:app",
    "access": "alos.cli.access:app",
    "drill": "alos.cli.drill:drill",
    "outlook": "alos.cli.outlook:outlook",
    "upstreams": "alos.cli.upstreams:upstreams",
    "held": "alos.cli.held:app",
    "kill": "alos.cli.kill:kill",
    "revive": "alos.cli.kill:revive",
}
"""Name → where it is. A command loads no other one's modules: `alos kill` must be quick."""


def build_app(*names: str) -> typer.Typer:
    """The command line with these commands; with all of them unless any is named."""
    app = typer.Typer(
        name="alos",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Accountable use of AI: one gateway, one registry, one record of every call.",
    )
    app.callback()(_group)
    for name in names or COMMANDS:
        command = _load(COMMANDS[name])
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _group() -> None:
    """Stay a group of commands, also with one command in it."""


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def main() -> None:
    """Run the command line."""
    asked = sys.argv[1:2]
    build_app(*(name for name in asked if name in COMMANDS))(prog_name="alos")

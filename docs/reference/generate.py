"""Writes the generated reference pages: ``python docs/reference/generate.py``."""
# ruff: noqa: INP001 - a script beside the pages that it writes

from pathlib import Path

import click
import typer.main

from alos.cli.main import build_app
from alos.domain.action import Action
from alos.domain.authorization import PERSONAL, describe
from alos.domain.reason import ReasonCode
from alos.domain.wording import WORDING
from alos.gateway.errors import get_status

FOLDER = Path(__file__).parent


def write_reason_codes() -> str:
    """One heading for each code: status, what happened, what to do."""
    lines = [
        "# Reason codes",
        "",
        "Every refusal carries one of these codes. They are stable: a code is never renamed or",
        "reused. The sentence may name a thing of ours in brackets (a rule, a model, a cap, a",
        "field); it never quotes what was sent.",
        "",
    ]
    for code in ReasonCode:
        what, remedy = WORDING[code]
        lines += [f"## `{code.value}`", "", f"HTTP {get_status(code)}. {what}. {remedy}", ""]
    return "\n".join(lines)


def write_authorization() -> str:
    """One row for each action: who may, and for what."""
    lines = [
        "# Authorization",
        "",
        "One table says who may do what; it has no administrator and no bypass. A person acts",
        "in every capacity they have: the roles that `alos.yaml` gives them, and what they are to",
        "the thing itself (holder, workspace owner, operational owner, accountable person). *Of",
        "its workspace* means that they belong to the workspace that the thing is in. What takes",
        "two people, and what an author may not do, is a rule of the action on top of this.",
        "",
        "The local socket of a dev folder may do everything but what is marked *personal*; that",
        "of a production folder only what names `local_operator`.",
        "",
        "| action | who |",
        "|---|---|",
    ]
    for action in Action:
        mark = " *(personal)*" if action in PERSONAL else ""
        lines.append(f"| `{action.value}`{mark} | {describe(action)} |")
    return "\n".join([*lines, ""])


def write_commands() -> str:
    """One heading for each command, with its arguments and options."""
    lines = [
        "# Commands",
        "",
        "`alos COMMAND --help` says the same. Exit status: 0 done, 1 refused, 2 wrong use,",
        "3 something is down.",
        "",
    ]
    root = typer.main.get_command(build_app())
    assert isinstance(root, click.Group) or hasattr(root, "commands")
    for name, command in sorted(root.commands.items()):  # type: ignore[union-attr]
        if hasattr(command, "commands"):
            for child, one in sorted(command.commands.items()):
                lines += _describe(f"{name} {child}", one)
        else:
            lines += _describe(name, command)
    return "\n".join(lines)


def _describe(name: str, command: click.Command) -> list[str]:
    lines = [f"## `alos {name}`", "", " ".join((command.help or "").split()), ""]
    rows = []
    for parameter in command.params:
        shown = ", ".join(f"`{one}`" for one in parameter.opts)
        help_ = " ".join((getattr(parameter, "help", None) or "").split())
        if shown and "--help" not in parameter.opts:
            rows.append(f"| {shown} | {help_} |")
    if rows:
        lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    return lines


_ERRORS_BEGIN = "| status | code | what, and what to do |\n|---|---|---|\n"


def write_http_errors() -> str:
    """The page as it stands, with a new table: one row for each code, by status."""
    page = (FOLDER / "http-errors.md").read_text(encoding="utf-8")
    before, _, rest = page.partition(_ERRORS_BEGIN)
    after = rest[rest.index("\n\n") :]
    codes = sorted(ReasonCode, key=lambda code: (get_status(code), code.value))
    rows = (
        f"| {get_status(code)} | `{code.value}` | {'. '.join(WORDING[code])} |" for code in codes
    )
    return before + _ERRORS_BEGIN + "\n".join(rows) + after


PAGES = {
    "http-errors.md": write_http_errors,
    "reason-codes.md": write_reason_codes,
    "commands.md": write_commands,
    "authorization.md": write_authorization,
}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (FOLDER / page).write_text(write(), encoding="utf-8")

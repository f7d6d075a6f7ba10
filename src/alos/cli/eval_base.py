"""A workflow's files as another commit has them, and what a pull request changed about them."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from alos.cli.client import EXIT_USAGE


def read_base(folder: Path, reference: str) -> dict[str, bytes]:
    """The files of a workflow's folder at a git commit; empty where it had none.

    Ends the program where git does not know the commit.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    prefix = folder.resolve().relative_to(root.resolve()).as_posix()
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    name = commit.decode().strip()
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", name, "--", f"{prefix}/")
    contents: dict[str, bytes] = {}
    for line in listed.split(b"\0"):
        if not line:
            continue
        facts, path = line.split(b"\t", 1)
        mode, kind, blob = facts.decode().split(" ")
        if kind == "blob" and mode.startswith("100"):
            relative = path.decode().removeprefix(f"{prefix}/")
            contents[relative] = _git(root, "cat-file", "blob", blob)
    return contents


def list_undecided(
    base: Mapping[str, bytes], head: Mapping[str, bytes], problems: Sequence[str]
) -> list[str]:
    """Why the change lacks its decision log entry (R12); empty where it has one.

    Args:
        base: files before.
        head: files now.
        problems: what reading the decision log found wrong, one line each.
    """
    if base == head:
        return []
    added = [
        path for path in head if path.startswith("decisions/") and base.get(path) != head[path]
    ]
    if not added:
        what = (
            "this change has no entry of its own; add decisions/NNNN-<title>.md with what changed"
        )
        return [f"{what}, why, expected impact and rollback plan"]
    return list(problems)


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - git with arguments of ours, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git of the PATH
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        typer.echo(f"git can't be run: {type(error).__name__}.", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    if done.returncode != 0:
        typer.echo(
            f"git {' '.join(arguments[:2])} says no; fetch the base commit, or name another one"
            " with `--base`.",
            err=True,
        )
        raise typer.Exit(EXIT_USAGE)
    return done.stdout

"""``alos eval add --from-call``: a real call becomes a golden case, personal data replaced."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alos.cli.client import EXIT_NO, EXIT_USAGE, fetch

if TYPE_CHECKING:
    from alos.evals.promote import Promoted

FILE = "evals/from-calls.yaml"
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def add_command(
    workflow: Annotated[str, typer.Argument(help="Slug of the workflow.")],
    *,
    from_call: Annotated[str, typer.Option("--from-call", help="Id of the call.")],
    name: Annotated[str, typer.Option("--id", help="The new case's id.")],
    kind: Annotated[str, typer.Option(help="happy or adversarial.")] = "happy",
    contains: Annotated[
        list[str] | None, typer.Option(help="A good answer has one of these; repeat for more.")
    ] = None,
    lacks: Annotated[
        list[str] | None, typer.Option(help="A good answer has none of these.")
    ] = None,
    must_pass: Annotated[
        bool, typer.Option("--must-pass", help="One failure fails a run.")
    ] = False,
    config: Annotated[Path, typer.Option(help="Folder of the organisation's files.")] = Path(),
) -> None:
    """Write a case from a call whose body is still kept; its origin stays in it."""
    if not _SLUG.fullmatch(name) or kind not in {"happy", "adversarial"}:
        typer.echo(
            "The id is lower-case words and hyphens; the kind happy or adversarial.", err=True
        )
        raise typer.Exit(EXIT_USAGE)
    if not contains and not lacks:
        typer.echo("Say what a good answer is: `--contains` or `--lacks`.", err=True)
        raise typer.Exit(EXIT_USAGE)
    from alos.control.bundle import read_bundle_folder  # noqa: PLC0415 - a run needs none of it
    from alos.control.detectors import build_detectors  # noqa: PLC0415
    from alos.control.registry import load_organisation  # noqa: PLC0415
    from alos.evals.promote import NotPromotable, promote  # noqa: PLC0415

    folder = config / "workflows" / workflow
    loaded = load_organisation(config)
    bundle = read_bundle_folder(folder, label=workflow).bundle
    if bundle is None or loaded.organisation is None:
        typer.echo(f"The files of {workflow} can't be read; see `alos check`.", err=True)
        raise typer.Exit(EXIT_NO)
    default = bundle.workflow.default_prompt
    template = bundle.prompts[default].template if default is not None else None
    body = b"".join(fetch("GET", f"/api/v1/calls/{from_call}/body/request"))
    try:
        found = promote(body, template, build_detectors(loaded.organisation).scan)
    except NotPromotable as no:
        typer.echo(f"Not added: {no}.", err=True)
        raise typer.Exit(EXIT_NO) from None
    criteria = _list_criteria(contains or [], lacks or [])
    case = _to_case(name, kind, found, criteria, from_call, must_pass=must_pass)
    _append(folder / FILE, case)
    left = f", replaced: {', '.join(found.replaced)}" if found.replaced else ""
    typer.echo(f"Added {name} to {folder / FILE}{left}. Read it before you commit it.")


def _list_criteria(contains: list[str], lacks: list[str]) -> list[dict[str, Any]]:
    criteria = []
    if contains:
        criteria.append({"kind": "correctness", "grader": "contains_any", "values": contains})
    if lacks:
        criteria.append({"kind": "policy", "grader": "contains_none", "values": lacks})
    return criteria


def _to_case(
    name: str,
    kind: str,
    found: "Promoted",
    criteria: list[dict[str, Any]],
    call: str,
    *,
    must_pass: bool,
) -> dict[str, Any]:
    case: dict[str, Any] = {"id": name, "kind": kind}
    if must_pass:
        case["must_pass"] = True
    if found.variables:
        case["variables"] = dict(found.variables)
    case["messages"] = [{"role": role, "content": text} for role, text in found.messages]
    return {**case, "criteria": criteria, "provenance": f"from call {call}"}


def _append(path: Path, case: dict[str, Any]) -> None:
    import yaml  # noqa: PLC0415

    data = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {"cases": []}
    data["cases"].append(case)
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(text, encoding="utf-8")

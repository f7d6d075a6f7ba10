"""``alos verify-evidence FILE``: check a call's evidence with neither server nor configuration."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from alos.ledger.note import NoteMalformedError, VerifyKey
from alos.ledger.verify import EvidenceReport
from alos.ledger.verify import verify_evidence as check_document
from alos.ports.clock import to_datetime

EXIT_NO: Final = 1
EXIT_USAGE: Final = 2
_SHOWN: Final = (
    "outcome",
    "reason",
    "workspace",
    "workflow",
    "release",
    "approved_by",
    "accountable",
    "model",
    "vendor",
    "upstream_model",
    "prompt_version",
    "request_hash",
    "sent_hash",
    "output_hash",
    "findings",
    "tools",
    "cost_nanousd",
    "ceiling_nanousd",
    "kind",
    "facts",
)

Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="The ledger's public key as you know it; may be given again."),
]


def verify_evidence(
    file: Annotated[Path, typer.Argument(help="Evidence file, as `alos ledger prove` writes.")],
    *,
    key: Keys = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check an evidence file offline: signature, places in the log, personal values."""
    keys = read_keys(key)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        typer.echo(f"{file} can't be read as JSON: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    report = check_document(document, keys)
    if as_json:
        typer.echo(json.dumps(to_json(report), ensure_ascii=False))
    else:
        _print(report)
    raise typer.Exit(0 if report.is_good else EXIT_NO)


def read_keys(texts: list[str] | None) -> list[VerifyKey]:
    """Read ``--key`` options: a key, or a file that holds one.

    Raises:
        typer.BadParameter: one is neither.
    """
    keys = []
    for text in texts or ():
        try:
            path = Path(text)
            keys.append(VerifyKey.parse(path.read_text("ascii") if path.is_file() else text))
        except (NoteMalformedError, OSError, ValueError) as error:
            raise typer.BadParameter(f"{text!r} is no public key: {error}") from None
    return keys


def to_json(report: EvidenceReport) -> dict[str, Any]:
    """The verdict for machines."""
    head = report.checkpoint
    return {
        "holds": report.is_good,
        "problems": report.problems,
        "call_id": report.call_id,
        "environment": "dev" if report.is_dev else "production",
        "trusted": "keys given" if report.rests_on_given else "keys in the file",
        "rests_on": report.rests_on,
        "signed_by": report.signed_by,
        "checkpoint": None
        if head is None
        else {"origin": head.origin, "size": head.size, "signed_at": _say_time(head)},
        "entries": [
            {
                "role": entry.role,
                "leaf": entry.leaf,
                "writer": entry.writer,
                "sequence": entry.sequence,
                "values": dict(entry.values),
                "personal": [[one.name, one.value] for one in entry.personal],
                "erased": entry.erased,
            }
            for entry in report.entries
        ],
    }


def _print(report: EvidenceReport) -> None:
    if report.is_dev:
        typer.echo("DEV: this ledger belongs to a dev folder; it is no evidence of production.")
    for problem in report.problems:
        typer.echo(f"WRONG  {problem}")
    for entry in report.entries:
        typer.echo(f"\n{entry.role}: leaf {entry.leaf}, record {entry.sequence} of {entry.writer}")
        for one in entry.personal:
            typer.echo(f"  {one.name:16} {one.value}")
        if entry.erased:
            typer.echo(f"  {'erased':16} {entry.erased} personal values")
        for name in _SHOWN:
            value = entry.values.get(name)
            if value not in (None, [], ""):
                typer.echo(f"  {name:16} {_to_text(value)}")
    if (head := report.checkpoint) is not None:
        typer.echo(f"\nSigned head: {head.size} leaves of {head.origin}, {_say_time(head)}")
    _print_trust(report)


def _print_trust(report: EvidenceReport) -> None:
    if not report.is_good:
        typer.echo("\nThe evidence does NOT hold.")
        return
    keys = "\n  ".join(report.rests_on)
    if report.rests_on_given:
        typer.echo(f"The evidence holds. It rests on the key you gave:\n  {keys}")
        return
    typer.echo(
        "The evidence holds, but only on a key that the file itself brought along. Compare it"
        f" with one you have from elsewhere, or give that by --key:\n  {keys}"
    )


def _say_time(head: Any) -> str:
    at = head.signed_at_unix_ns
    return "at an unknown time" if at is None else f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

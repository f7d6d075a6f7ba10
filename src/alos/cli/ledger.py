"""``alos ledger verify|prove|consistency|export|rotate-key``: the log and its proofs."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alos.cli.client import EXIT_DOWN, EXIT_NO, EXIT_USAGE
from alos.cli.evidence import Keys, read_keys
from alos.control.evidence import Unproven, list_keys, prove_call
from alos.control.receipts import Kept, check_receipt
from alos.domain.fault import StoreDown
from alos.ledger.checkpoint import read_checkpoint
from alos.ledger.note import NoteMalformedError, encode_base64
from alos.ledger.proofs import is_consistent
from alos.ledger.report import LedgerReport, Trouble
from alos.ports.clock import SystemClock
from alos.ports.ledger import Ledger
from alos.server.bootstrap import GIT, WitnessFailed, fetch_witness, open_ledger_home
from alos.server.settings import SettingsError, get_home, get_other_journals

app = typer.Typer(no_args_is_help=True, help="The log: verify it, prove a call, export it.")

_RECEIPT_WORDS = {
    Kept.KEPT: "Kept: {call} is leaf {leaf} of the ledger, as it was promised.",
    Kept.OMITTED: (
        "OMITTED: the gateway signed that {call} is in its journal, and the ledger has no such"
        " leaf. Keep the receipt: it is the gateway's own word against it."
    ),
    Kept.WAITING: "The promise is fresh; {call} is not sealed yet. Ask again in a minute.",
    Kept.FORGED: "No key of this ledger signed that receipt for {call}.",
    Kept.MALFORMED: "That is no receipt; it begins with `v1.`.",
}
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("verify")
def verify(
    *,
    outside: Annotated[
        list[str] | None,
        typer.Option(
            "--outside",
            help="File or folder of checkpoints that were kept elsewhere, or git:REMOTE.",
        ),
    ] = None,
    key: Keys = None,
    as_json: _AsJson = False,
) -> None:
    """Read everything again and name whatever does not agree."""
    keys = read_keys(key)
    with TemporaryDirectory() as folder:
        places = [_find_outside(place, Path(folder)) for place in outside or []]
        with _answering(), open_ledger_home(get_home()) as ledger, _progress(as_json) as show:
            report = ledger.check(outside=places, trusted=keys, progress=show)
    if as_json:
        whole = {**asdict(report), "is_good": report.is_good, "outside": _say_outside(places)}
        typer.echo(json.dumps(whole, default=_to_plain))
    else:
        print_report(report, has_outside=bool(places))
    raise typer.Exit(0 if report.is_good else EXIT_NO)


@app.command("receipt")
def receipt(
    call: Annotated[str, typer.Argument(help="Call id, as in the x-alos-call header.")],
    text: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="From x-alos-receipt, or the stream.")
    ],
    *,
    key: Keys = None,
    as_json: _AsJson = False,
) -> None:
    """Hold a receipt against the ledger: was the call that the gateway promised kept?"""
    trusted = read_keys(key)
    with _answering(), open_ledger_home(get_home()) as ledger:
        keys = trusted or list_keys(ledger.reader)
        now = SystemClock().unix_ns()
        report = check_receipt(ledger.reader, text, call, keys=keys, now_unix_ns=now)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        typer.echo(_RECEIPT_WORDS[report.kept].format(call=call, leaf=report.leaf))
    if not report.is_good:
        raise typer.Exit(EXIT_DOWN if report.kept is Kept.WAITING else EXIT_NO)


@app.command("prove")
def prove(
    call: Annotated[str, typer.Argument(help="Call id, as in the x-alos-call header.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write here instead of the terminal.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same; the file is JSON.")] = False,
) -> None:
    """Write the evidence file of one call."""
    _ = as_json
    with _answering(), open_ledger_home(get_home()) as ledger:
        found = prove_call(ledger.reader, call)
    if isinstance(found, Unproven):
        typer.echo(found.text, err=True)
        raise typer.Exit(EXIT_NO)
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    typer.echo(f"{out} holds {len(found['entries'])} entries of {call}.", err=True)
    if found["environment"] == "dev":
        typer.echo("DEV: this is a dev folder; it is no evidence of production.", err=True)


@app.command("consistency")
def consistency(
    old: Annotated[str, typer.Argument(help="A checkpoint's file, or a number of leaves.")],
    new: Annotated[str, typer.Argument(help="The same, of later on; `now` for the tree's end.")],
    *,
    as_json: _AsJson = False,
) -> None:
    """Show that the ledger of one checkpoint is the beginning of another's."""
    with _answering(), open_ledger_home(get_home()) as ledger:
        reader = ledger.reader
        (first, first_root), (last, last_root) = (_read_head(reader, one) for one in (old, new))
        if not 0 < first <= last <= reader.get_size():
            typer.echo(f"There is no way from {first} to {last} leaves.", err=True)
            raise typer.Exit(EXIT_NO)
        path = reader.get_consistency(first, last)
    holds = is_consistent(first, last, first_root, last_root, path)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "consistent": holds,
                    "old": {"size": first, "root": encode_base64(first_root)},
                    "new": {"size": last, "root": encode_base64(last_root)},
                    "path": [encode_base64(step) for step in path],
                }
            )
        )
    else:
        word = "is" if holds else "is NOT"
        typer.echo(f"The tree of {first} leaves {word} the beginning of the tree of {last}.")
        for step in path:
            typer.echo(f"  {encode_base64(step)}")
    raise typer.Exit(0 if holds else EXIT_NO)


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Made; it must not exist.")],
    *,
    as_json: _AsJson = False,
) -> None:
    """Write every leaf, every checkpoint and every key, for somebody who checks them all."""
    if folder.exists():
        raise typer.BadParameter(f"{folder} is there already")
    with _answering(), open_ledger_home(get_home()) as ledger:
        folder.mkdir(parents=True)
        count = 0
        with (folder / "leaves.jsonl").open("w", encoding="utf-8") as file:
            for line in ledger.export():
                file.write(line)
                count += 1
        about = {
            "format": "alos-ledger-export-v1",
            "environment": "dev" if ledger.is_dev else "production",
            "origin": ledger.origin,
            "leaves": count,
            "keys": list(ledger.reader.list_key_changes()),
        }
        (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        note = ledger.reader.get_checkpoint()
        (folder / "checkpoint.txt").write_text(note or "", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(about))
        return
    typer.echo(f"{count} leaves of {about['origin']} ({about['environment']}) are in {folder}.")


@app.command("rotate-key")
def rotate_key(*, as_json: _AsJson = False) -> None:
    """Make the next signing key, which the present one vouches for; in force at the next start."""
    with _answering(), open_ledger_home(get_home()) as ledger:
        change = ledger.rotate_key()
    if as_json:
        typer.echo(json.dumps(change.to_facts()))
        return
    typer.echo(f"The next start signs with\n  {change.key}\nwhich follows\n  {change.previous}")


def print_report(report: LedgerReport, *, has_outside: bool) -> None:
    """Print a check for a person."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(
        f"{report.leaves} leaves, {report.records} records in the journals"
        f" ({report.unsealed} not sealed yet), {report.checkpoints} checkpoints in the store,"
        f" {report.checkpoints_outside} outside it."
    )
    for gap in report.gaps:
        last = "" if gap.last is None else f" to {gap.last}"
        console.print(f"GAP    {gap.writer} from record {gap.first}{last}: {gap.why}, declared")
    for removal in report.removals:
        console.print(
            f"REMOVED  records of before {removal.day}, leaves before {removal.leaves_before},"
            f" kept {removal.kept_days} days, {removal.on_hold} calls on hold: declared in record"
            f" {removal.sequence} of {removal.writer}"
        )
    if report.removed:
        console.print(f"REMOVED  {report.removed} records in all; their leaves are checked")
    for torn in report.torn:
        console.print(f"TORN   {torn}; it was never acknowledged")
    for problem in report.problems:
        console.print(f"WRONG  {problem.text}")
    more = sum(report.counts.values()) - len(report.problems)
    if more:
        console.print(f"WRONG  … and {more} more of these kinds")
    if not report.is_good:
        console.print("The ledger does NOT verify.")
        if Trouble.RECORD_MISSING in report.counts and not get_other_journals():
            console.print(
                "Records of other gateways of this installation are in their own data folders:"
                " name their `journal` folders in ALOS_JOURNALS."
            )
        return
    console.print("The ledger verifies.")
    if not has_outside:
        console.print(
            "Outside: unknown. It was compared with checkpoints of this host only, which whoever"
            " owns the host could have made anew. Give a copy that was kept elsewhere by --outside"
            " (of a witness: --outside git:REMOTE)."
        )


def _find_outside(place: str, folder: Path) -> Path:
    """A file or folder of checkpoints; a git remote's is fetched first."""
    if not place.startswith(GIT):
        if not Path(place).exists():
            raise typer.BadParameter(f"there is nothing at {place}")
        return Path(place)
    number = len(list(folder.iterdir()))
    try:
        return fetch_witness(place.removeprefix(GIT), folder / str(number))
    except WitnessFailed as error:
        typer.echo(f"The witness can't be asked: {error}", err=True)
        raise typer.Exit(EXIT_DOWN) from None


def _say_outside(places: list[Path]) -> str:
    """Whether the ledger was held against anything that its host can't have made anew."""
    return "compared" if places else "unknown"


def _read_head(reader: Ledger, text: str) -> tuple[int, bytes]:
    """A checkpoint's size and root; of a bare number the root comes from the store."""
    if text == "now":
        size = reader.get_size()
        return size, reader.get_root(size)
    if text.isascii() and text.isdigit():
        size = int(text)
        if size > reader.get_size():
            raise typer.BadParameter(f"the ledger has only {reader.get_size()} leaves")
        return size, reader.get_root(size)
    try:
        head = read_checkpoint(Path(text).read_text(encoding="utf-8"))
    except (OSError, NoteMalformedError) as error:
        raise typer.BadParameter(f"{text} holds no checkpoint: {error}") from None
    return head.size, head.root


@contextmanager
def _answering() -> Iterator[None]:
    """End the program with the contract's exit code where the folder or store can't be read."""
    try:
        yield
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except (StoreDown, OSError) as error:
        typer.echo(f"The ledger can't be read: {error}", err=True)
        raise typer.Exit(EXIT_DOWN) from None


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[int, int], None]]:  # noqa: FBT001 (internal)
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("reading again"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=as_json or not console.is_terminal,
    )
    with bar:
        task = bar.add_task("leaves", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _to_plain(value: Any) -> Any:
    return encode_base64(value) if isinstance(value, bytes) else str(value)

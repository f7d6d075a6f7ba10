"""``alos export``: calls, or notes of what people and the gateway did, as a file of rows."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alos.cli.client import EXIT_DOWN, EXIT_USAGE
from alos.cli.moments import to_unix_ns
from alos.domain.fault import StoreDown
from alos.ports.clock import SystemClock
from alos.server.bootstrap.export import open_export
from alos.server.settings import SettingsError, get_home

_ROWS: Final = 10_000
_EVER: Final = 2**63 - 1
Row = dict[str, Any]


class Kind(StrEnum):
    """What is exported."""

    CALLS = "calls"
    NOTES = "notes"


class Format(StrEnum):
    """How it is written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def export(
    kind: Annotated[
        Kind, typer.Argument(help="calls, or notes (changes by people, keys, stops…).")
    ],
    out: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    *,
    form: Annotated[
        Format | None, typer.Option("--format", help="Else by the file's ending.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="30m, 12h, 7d, or a date or time.")] = None,
    until: Annotated[str | None, typer.Option(help="30m, 12h, 7d, or a date or time.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write calls or notes of a time into a file; needs no running gateway."""
    if out.exists():
        raise typer.BadParameter(f"{out} is there already")
    chosen = form or _by_ending(out)
    now = SystemClock().unix_ns()
    begin, end = to_unix_ns(since, now) or 0, to_unix_ns(until, now) or _EVER
    draft = out.with_name(f"{out.name}.part")
    with _answering(draft), open_export(get_home()) as source:
        total = source.count(kind, begin, end)
        with _progress(total, is_quiet=as_json) as count:
            rows = count(source.iterate(kind, begin, end))
            written = _WRITERS[chosen](draft, source.get_fields(kind), rows)
        draft.rename(out)
        environment = "dev" if source.is_dev else "production"
    if as_json:
        typer.echo(json.dumps({"rows": written, "file": str(out), "environment": environment}))
        return
    typer.echo(f"{written} {kind} are in {out} ({environment}).")


def _by_ending(out: Path) -> Format:
    ending = out.suffix.removeprefix(".")
    if ending not in {one.value for one in Format}:
        raise typer.BadParameter(f"name a file that ends in .jsonl, .csv or .parquet: {out}")
    return Format(ending)


def _write_jsonl(path: Path, _fields: tuple[str, ...], rows: Iterable[Row]) -> int:
    written = 0
    with _create(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            written += 1
    return written


def _write_csv(path: Path, fields: tuple[str, ...], rows: Iterable[Row]) -> int:
    written = 0
    with _create(path) as file:
        writer = csv.writer(file)
        writer.writerow(fields)
        for row in rows:
            writer.writerow([_to_cell(row[name]) for name in fields])
            written += 1
    return written


def _to_cell(value: Any) -> Any:
    """A spreadsheet takes a text that begins so for a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def _write_parquet(path: Path, fields: tuple[str, ...], rows: Iterable[Row]) -> int:
    if find_spec("pyarrow") is None:
        typer.echo("Parquet needs one more package: pip install 'alos[parquet]'", err=True)
        raise typer.Exit(EXIT_USAGE)
    pyarrow = import_module("pyarrow")
    parquet = import_module("pyarrow.parquet")
    schema = pyarrow.schema([(name, _to_arrow(name, pyarrow)) for name in fields])
    written, waiting = 0, iter(rows)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while some := list(islice(waiting, _ROWS)):
            writer.write_table(pyarrow.Table.from_pylist(some, schema=schema))
            written += len(some)
    return written


def _to_arrow(name: str, pyarrow: Any) -> Any:
    numbers = ("_unix_ns", "_nanousd", "_ms", "_us", "_status", "sequence")
    return pyarrow.int64() if name == "tier" or name.endswith(numbers) else pyarrow.string()


_WRITERS: Final[dict[Format, Callable[[Path, tuple[str, ...], Iterable[Row]], int]]] = {
    Format.JSONL: _write_jsonl,
    Format.CSV: _write_csv,
    Format.PARQUET: _write_parquet,
}


@contextmanager
def _create(path: Path) -> Iterator[Any]:
    """A new file that nobody else may read: it names people."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _answering(draft: Path) -> Iterator[None]:
    """End the program with the contract's exit code, and leave no half file."""
    try:
        yield
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except (StoreDown, OSError) as error:
        typer.echo(f"The export is not written: {error}", err=True)
        raise typer.Exit(EXIT_DOWN) from None
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _progress(total: int, *, is_quiet: bool) -> Iterator[Callable[[Iterable[Row]], Iterator[Row]]]:
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("writing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=is_quiet or not console.is_terminal,
    )
    with bar:
        task = bar.add_task("rows", total=total)

        def count(rows: Iterable[Row]) -> Iterator[Row]:
            for number, row in enumerate(rows, 1):
                yield row
                if number % 1000 == 0:
                    bar.update(task, completed=number)

        yield count

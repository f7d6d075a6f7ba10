"""``alos scan``: finds credentials and personal data in documents, files and folders, offline."""

import json
import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from alos.checks.base import ScannerFault
from alos.checks.catalogue import build_scanner
from alos.checks.names import NamesToo, Scans, load_names
from alos.checks.packs import standard_packs
from alos.domain.finding import Finding

EXIT_FOUND = 1
EXIT_USAGE = 2
EXIT_DOWN = 3
LARGEST_BYTES = 64 * 1024 * 1024
PROGRESS_AFTER_SECONDS = 2.0
_STANDARD_INPUT = Path("-")
_LINE_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_SNIFFED_BYTES = 8192
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def scan_command(
    path: Annotated[
        Path,
        typer.Argument(help="A file of JSON lines, any other file, a folder, or - for input."),
    ] = _STANDARD_INPUT,
    *,
    config: Annotated[
        Path | None, typer.Option(help="Folder of alos.yaml: its dictionaries are looked for too.")
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Guess names of people and places, too, from lists.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON lines for files also on a terminal.")
    ] = False,
) -> None:
    """Find credentials, personal data, forbidden words and injections; never prints what it found.

    JSON lines, each `{"id", "text"}`, give a line `{"id", "findings"}` each, in their order; every
    finding has kind, type, start, end (characters, end exclusive), rule and confidence. Ends with
    0, or with 2 where a line could not be read: that line gets an `error`.

    Any other file, and every text file of a folder, gives a line `{"path", "findings"}` if there
    are any. Ends with 1 where one of them is a credential. Folders named .git, binary files and
    links are left out and counted.

    With --names, names of people and places are guessed from lists: types PERSON and LOCATION,
    rules `guess/…`, confidence 0.3. They miss most names that are rare in America, change no exit
    status, and no boundary uses them.

    Works offline. Ends with 3 where the detectors fail.
    """
    if path != _STANDARD_INPUT and not path.exists():
        typer.echo(f"There is no {path}. Name a file or a folder, or - for input.", err=True)
        raise typer.Exit(EXIT_USAGE)
    scanner = _build(config)
    if names:
        scanner = NamesToo(scanner, load_names())
        typer.echo(
            "Names and places (rules guess/person, guess/location) are guesses from lists: about"
            " half of the people and two fifths of the places are missed, far more of names that"
            " are rare in America. They decide nothing.",
            err=True,
        )
    try:
        if path == _STANDARD_INPUT:
            status = scan_lines(scanner, sys.stdin.buffer)
        elif path.is_file() and holds_lines(path):
            with path.open("rb") as lines:
                status = scan_lines(scanner, lines)
        else:
            status = _scan_path(scanner, path, as_table=sys.stdout.isatty() and not as_json)
    except ScannerFault as error:
        typer.echo(f"The detectors failed ({error}); what is not listed was not read.", err=True)
        raise typer.Exit(EXIT_DOWN) from None
    raise typer.Exit(status)


def scan_lines(scanner: Scans, lines: Iterable[bytes]) -> int:
    """Answer each line on standard output as it comes; returns the exit status.

    Raises:
        ScannerFault: the engine failed at a line, which is then not answered.
    """
    status = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        document = _read_document(line)
        if isinstance(document, str):
            status = EXIT_USAGE
            answer: dict[str, Any] = {"line": number, "error": document}
        else:
            found = scanner.scan(document["text"])
            answer = {"id": document.get("id"), "findings": to_json(found)}
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
        sys.stdout.flush()
    return status


def _read_document(line: bytes) -> dict[str, Any] | str:
    """Return the document of a line, or what is wrong with it; never any of its text."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return "the line is not JSON"
    if not isinstance(document, dict) or not isinstance(document.get("text"), str):
        return 'the line is not an object with a "text"'
    if not isinstance(document.get("id"), str | int | float | None):
        return 'its "id" is neither text nor a number'
    return document


def to_json(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as they are printed."""
    return [
        {
            "kind": one.kind,
            "type": one.type,
            "start": one.start,
            "end": one.end,
            "rule": one.rule,
            "confidence": one.confidence,
        }
        for one in found
    ]


def holds_lines(path: Path) -> bool:
    """Say whether a file holds JSON lines: by its name, or by the first line of it."""
    if path.suffix.lower() in _LINE_SUFFIXES:
        return True
    with path.open("rb") as file:
        first = next((line for line in _first_lines(file) if line.strip()), b"")
    return first.lstrip().startswith(b"{") and isinstance(_read_document(first), dict)


def _first_lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LARGEST_BYTES):
        yield line


def _scan_path(scanner: Scans, path: Path, *, as_table: bool) -> int:
    """Walk a folder, or read one file; returns the exit status."""
    skipped: Counter[str] = Counter()
    progress = _Progress()
    kinds: Counter[str] = Counter()
    read = 0
    for file in _walk(path, skipped):
        text = read_text(file, skipped)
        if text is None:
            continue
        read += 1
        found = scanner.scan(text)
        progress.show(read)
        if found:
            kinds.update(one.kind for one in found)
            progress.clear()
            _print_file(file, text, found, as_table=as_table)
    progress.clear()
    left_out = "".join(f", {count} {why}" for why, count in sorted(skipped.items()))
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing"
    typer.echo(f"Read {read} files{left_out}. Found {counts}.", err=True)
    return EXIT_FOUND if kinds["secret"] else 0


def _walk(path: Path, skipped: Counter[str]) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        if ".git" in folders:
            folders.remove(".git")
            skipped["folders .git left out"] += 1
        folders.sort()
        for name in sorted(names):
            yield Path(folder, name)


def read_text(file: Path, skipped: Counter[str]) -> str | None:
    """Return the text of a file; ``None``, and counted, where it holds none or can't be read."""
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode):
            skipped["links and devices left out"] += 1
            return None
        if status.st_size > LARGEST_BYTES:
            skipped["larger than 64 MiB left out"] += 1
            return None
        data = file.read_bytes()
    except OSError:
        skipped["that could not be read"] += 1
        return None
    encoding = _BYTE_ORDER_MARKS.get(data[:2]) or _BYTE_ORDER_MARKS.get(data[:3], "utf-8")
    if b"\x00" in data[:_SNIFFED_BYTES] and encoding != "utf-16":
        skipped["binary left out"] += 1
        return None
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _print_file(file: Path, text: str, found: Sequence[Finding], *, as_table: bool) -> None:
    if not as_table:
        answer = {"path": str(file), "findings": to_json(found)}
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
        sys.stdout.flush()
        return
    line, done = 1, 0
    for one in found:
        line += text.count("\n", done, one.start)
        done = one.start
        typer.echo(f"{file}:{line}  {one.kind:9}  {one.type:28}  {one.rule}")


class _Progress:
    """One line on the terminal that counts files, once there is something to wait for."""

    def __init__(self) -> None:
        self._began = self._shown = time.monotonic()
        self._on = sys.stderr.isatty()

    def show(self, files: int) -> None:
        """Count, at most four times a second."""
        now = time.monotonic()
        if self._on and now - self._began > PROGRESS_AFTER_SECONDS and now - self._shown > 0.25:  # noqa: PLR2004
            self._shown = now
            sys.stderr.write(f"\r{files} files …")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._on and self._shown > self._began:
            sys.stderr.write("\r\x1b[K")


def _build(config: Path | None) -> Scans:
    """Our packs, and with a folder its dictionaries, for which the control plane's code loads."""
    if config is None:
        return build_scanner(standard_packs())
    from alos.control.detectors import build_detectors  # noqa: PLC0415 - a third of a second
    from alos.control.registry import load_organisation  # noqa: PLC0415

    organisation = load_organisation(config).organisation
    if organisation is None:
        typer.echo(f"{config} holds no organisation that can be read; try `alos check`.", err=True)
        raise typer.Exit(EXIT_USAGE)
    return build_detectors(organisation)

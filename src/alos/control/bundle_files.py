"""The files of a workflow's folder as bytes: all of them, regular ones only, within bounds."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from alos.control.documents import Problem
from alos.domain.bundle import to_manifest_path

MAXIMUM_FILE_BYTES = 1024 * 1024
MAXIMUM_BUNDLE_BYTES = 8 * 1024 * 1024
MAXIMUM_FILES = 500
MAXIMUM_DEPTH = 4


def read_contents(folder: Path, *, label: str) -> tuple[dict[str, bytes], list[Problem]]:
    """Read every file below a folder into memory, and leave none out.

    Symlinks and special files are problems, never followed and never skipped.

    Returns:
        Raw bytes by path relative to the folder (as the file system writes it), and problems.
    """
    contents: dict[str, bytes] = {}
    problems: list[Problem] = []
    total = 0
    for path, entry in _walk(folder):
        place = f"{label}/{path}"
        fault = _find_fault(path, entry)
        if fault is None and (len(contents) >= MAXIMUM_FILES or total > MAXIMUM_BUNDLE_BYTES):
            message = f"more than {MAXIMUM_FILES} files or {MAXIMUM_BUNDLE_BYTES} bytes"
            problems.append(Problem(path=label, message=message, mend="Move files elsewhere."))
            break
        raw = None if fault else _read_regular(Path(entry.path))
        if raw is None:
            message, mend = fault or (
                f"is not a regular file of at most {MAXIMUM_FILE_BYTES} bytes",
                "Remove it, or make it smaller.",
            )
            printable = place.encode(errors="replace").decode()
            problems.append(Problem(path=printable, message=message, mend=mend))
            continue
        total += len(raw)
        contents[path] = raw
    return contents, problems


def _walk(
    folder: Path, prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False) and depth < MAXIMUM_DEPTH:
            yield from _walk(Path(entry.path), f"{path}/", depth + 1)
        else:
            yield path, entry


def _find_fault(path: str, entry: os.DirEntry[str]) -> tuple[str, str] | None:
    if entry.is_symlink():
        return "is a symbolic link", "Put the file itself there; a bundle holds no links."
    if entry.is_dir(follow_symlinks=False):
        return f"lies more than {MAXIMUM_DEPTH} folders deep", "Move it up."
    try:
        to_manifest_path(path)
    except ValueError as error:
        return str(error), "Rename it."
    return None


def _read_regular(path: Path) -> bytes | None:
    """The bytes of a regular file; None for anything else, also when swapped meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        raw = file.read(MAXIMUM_FILE_BYTES + 1)
    return raw if len(raw) <= MAXIMUM_FILE_BYTES else None

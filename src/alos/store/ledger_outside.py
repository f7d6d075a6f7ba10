"""Checkpoints outside the database: one file a day, and the order in which leaves were laid.

::

    checkpoints/2026-11-22.txt   signed notes, one after another
    checkpoints/order.txt        <first leaf> <writer> <first sequence> <last sequence>

The files tell when the database was rolled back, lost or rewritten. With the order, a lost tree
grows again from the journals exactly as it was.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alos.ledger.checkpoint import Checkpoint, read_checkpoint, split_checkpoints
from alos.ledger.note import NoteMalformedError
from alos.ports.clock import to_datetime

ORDER_NAME: Final = "order.txt"
LOCK_NAME: Final = "lock"


@dataclass(frozen=True, slots=True)
class Run:
    """Entries of one writer that stand side by side in the tree."""

    position: int
    writer: str
    first: int
    last: int

    @property
    def end(self) -> int:
        """The leaf after the run."""
        return self.position + self.last - self.first + 1

    def __str__(self) -> str:
        """One line of the order."""
        return f"{self.position} {self.writer} {self.first} {self.last}"


def to_runs(position: int, entries: Iterable[Iterable[Any]]) -> Iterator[Run]:
    """Put (writer, sequence) pairs that follow each other together."""
    name, first, due = "", 0, 0
    for writer, sequence in entries:
        if writer == name and sequence == due:
            due += 1
            continue
        if name:
            yield Run(position, name, first, due - 1)
            position += due - first
        name, first, due = writer, sequence, sequence + 1
    if name:
        yield Run(position, name, first, due - 1)


class CheckpointFolder:
    """The files in one folder. Whoever reads or writes its attributes holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: Checkpoint | None = None
        self.order_end = 0
        self._state: tuple[object, ...] | None = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other processes out, and know what they wrote until now.

        Raises:
            OSError: the disk refuses.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path / LOCK_NAME, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if self._state is None or self._state != self._look():
                self._read()
            yield
            self._state = self._look()
        finally:
            os.close(descriptor)

    def _look(self) -> tuple[object, ...]:
        """What tells that somebody else wrote here."""
        paths = [self.path / ORDER_NAME, *list_days(self.path)[-1:]]
        return tuple((path.name, path.stat().st_size) for path in paths if path.exists())

    def _read(self) -> None:
        """Cut what a crash left half-written and find the newest checkpoint."""
        order = self.path / ORDER_NAME
        if order.exists():
            text = order.read_text(encoding="utf-8")
            _cut(order, text, text[: text.rfind("\n") + 1])
        self.order_end = 0
        for run in read_order(self.path):
            self.order_end = run.end
        for path in list_days(self.path)[-1:]:
            text = path.read_text(encoding="utf-8")
            _cut(path, text, "".join(split_checkpoints(text)))
        self.last = next((read_checkpoint(note) for note in read_newest(self.path)), None)

    def append(self, notes: Sequence[str], runs: Sequence[Run]) -> None:
        """Write what was laid, then what was signed, each durable before the next (held).

        Raises:
            OSError: the disk refuses.
        """
        if runs:
            _append(self.path / ORDER_NAME, "".join(f"{run}\n" for run in runs))
            self.order_end = runs[-1].end
        days: dict[str, list[str]] = {}
        for note in notes:
            days.setdefault(_get_day(read_checkpoint(note)), []).append(note)
        for day, those in days.items():
            _append(self.path / f"{day}.txt", "".join(those))
        if notes:
            self.last = read_checkpoint(notes[-1])


def read_order(folder: Path) -> list[Run]:
    """The order in which leaves were laid; unreadable lines end it."""
    path = folder / ORDER_NAME
    runs: list[Run] = []
    if not path.exists():
        return runs
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            position, writer, first, last = line.split(" ")
            run = Run(int(position), writer, int(first), int(last))
        except ValueError:
            break
        if run.position != (runs[-1].end if runs else 0):
            break
        runs.append(run)
    return runs


def list_days(folder: Path) -> list[Path]:
    """The files of checkpoints, oldest first."""
    return sorted(folder.glob("[0-9]*-[0-9]*-[0-9]*.txt"))


def read_outside(place: Path) -> list[str]:
    """All signed notes of a file, or of the files of a folder and those below it.

    Text that is no checkpoint is left out; whoever wants it signed looks at the signatures.
    """
    if place.is_dir():
        paths = sorted(path for path in place.rglob("*.txt") if path.name != ORDER_NAME)
    else:
        paths = [place]
    found = []
    for path in paths:
        for note in split_checkpoints(path.read_text(encoding="utf-8", errors="replace")):
            try:
                read_checkpoint(note)
            except NoteMalformedError:
                continue
            found.append(note)
    return found


def read_newest(folder: Path) -> list[str]:
    """The newest signed note of a folder, if it has one."""
    for path in reversed(list_days(folder)):
        notes = list(split_checkpoints(path.read_text(encoding="utf-8")))
        if notes:
            return notes[-1:]
    return []


def _get_day(checkpoint: Checkpoint) -> str:
    return f"{to_datetime(checkpoint.signed_at_unix_ns or 0):%Y-%m-%d}"


def _append(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        data = memoryview(text.encode())
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cut(path: Path, text: str, keep: str) -> None:
    if keep != text:
        with path.open("r+b") as file:
            file.truncate(len(keep.encode()))
            os.fsync(file.fileno())

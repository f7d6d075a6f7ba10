"""Reads journals back and verifies them: sequence, hash chain, checks, commitments.

The end of a journal may be torn (the process or machine died while it wrote); that is reported
and can be cut off. Anything else that does not verify is damage and is named with its file and
offset. The reader then looks for the next whole frame, so that one bad spot hides nothing else.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alos.domain.ids import WriterId
from alos.domain.record import ClosingEntry, Entry, OpeningEntry, Sealed
from alos.ledger.encoding import (
    ZERO_HASH,
    EntryMalformedError,
    EntryValues,
    chain_hash,
    decode_entry,
    decode_values,
)
from alos.store.folder import list_segments
from alos.store.frame import (
    FRAME_MAGIC,
    SEGMENT_HEADER_BYTES,
    Frame,
    FrameBrokenError,
    SegmentHeader,
    unpack_frame,
    unpack_segment_header,
)

_CHUNK_BYTES: Final = 4 * 2**20
_SECTOR_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class TornTail:
    """The half-written end of a journal; everything before ``offset`` is whole."""

    path: Path
    offset: int
    size_bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Damage:
    """A spot that does not verify and is not a torn end."""

    path: Path
    offset: int
    why: str

    def __str__(self) -> str:
        """One line for the operator."""
        return f"{self.path.name} at byte {self.offset}: {self.why}"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: what comes next, and the hash before it."""

    number: int = 0
    offset: int = 0
    sequence: int = 0
    hash: bytes = ZERO_HASH


class JournalReader:
    """Iterates over one writer's entries.

    Attributes:
        position: where to go on later; moves with each entry.
        torn: set when the end was reached and is half-written.
        damage: what did not verify so far.
        removed: (first sequence, leaves) of removed records that were passed over.

    Args:
        up_to: last sequence to read, for a journal that is still being written.
    """

    def __init__(
        self,
        folder: Path,
        writer: WriterId,
        position: Position | None = None,
        *,
        up_to: int | None = None,
    ) -> None:
        self.position = position or Position()
        self.torn: TornTail | None = None
        self.damage: list[Damage] = []
        self.removed: list[tuple[int, bytes]] = []
        self._writer = writer
        self._up_to = up_to
        self._is_chained = True
        self._segments = {
            int(path.stem.rpartition("-")[2]): path
            for path in list_segments(folder, writer)
            if path.stat().st_size
        }

    def __iter__(self) -> Iterator[Sealed]:
        """Yield the entries from ``position`` on."""
        for frame, values in self.iterate_values():
            decoded = decode_entry(frame.chained, frame.personal)
            yield Sealed(
                writer=values.writer,
                sequence=values.sequence,
                hash=frame.hash,
                entry=decoded.entry,
            )

    def iterate_values(self) -> Iterator[tuple[Frame, EntryValues]]:
        """Yield the entries from ``position`` on as plain values, verified all the same."""
        numbers = sorted(number for number in self._segments if number >= self.position.number)
        for number in numbers:
            if number > self.position.number:
                self.position = Position(number, 0, self.position.sequence, self.position.hash)
            is_last = number == numbers[-1]
            yield from self._read_segment(self._segments[number], is_last=is_last)

    def _read_segment(self, path: Path, *, is_last: bool) -> Iterator[tuple[Frame, EntryValues]]:
        with path.open("rb") as file:
            if self.position.offset == 0 and not self._read_header(path, file.read(512), is_last):
                return
            window = _Window(file.fileno(), self.position.offset)
            while not self._is_done():
                offset = self.position.offset
                try:
                    frame = window.get_frame(offset)
                except FrameBrokenError as broken:
                    if not self._skip_broken(path, window, broken, is_last=is_last):
                        return
                    continue
                if frame is None:
                    return
                if frame.removed:
                    self._pass_removed(offset, frame)
                    continue
                values = self._verify(path, offset, frame)
                if values is not None:
                    yield frame, values

    def _is_done(self) -> bool:
        return self._up_to is not None and self.position.sequence > self._up_to

    def _read_header(self, path: Path, data: bytes, is_last: bool) -> bool:  # noqa: FBT001 (internal)
        number = self.position.number
        try:
            header = unpack_segment_header(data)
        except FrameBrokenError as broken:
            if broken.is_short and is_last:
                self.torn = TornTail(path, 0, len(data), broken.why)
                return False
            self.damage.append(Damage(path, 0, broken.why))
            self._is_chained = False
        else:
            if (header.writer, header.number) != (self._writer, number):
                self.damage.append(Damage(path, 0, "the header belongs to another segment"))
            elif (header.first_sequence, header.previous_hash) != (
                self.position.sequence,
                self.position.hash,
            ):
                self.damage.append(Damage(path, 0, "the segment does not follow the one before"))
                self._is_chained = False
        self.position = Position(
            number, SEGMENT_HEADER_BYTES, self.position.sequence, self.position.hash
        )
        return True

    def _skip_broken(
        self, path: Path, window: "_Window", broken: FrameBrokenError, *, is_last: bool
    ) -> bool:
        """Note what is broken and move on; false when there is nothing after it."""
        here = self.position
        rest = window.get_rest(here.offset)
        if is_last and _is_torn(rest, here.offset, broken):
            self.torn = TornTail(path, here.offset, len(rest), broken.why)
            return False
        self.damage.append(Damage(path, here.offset, broken.why))
        self._is_chained = False
        at = _find_whole_frame(rest)
        if at is None:
            return False
        self.position = Position(here.number, here.offset + at, here.sequence, here.hash)
        return True

    def _pass_removed(self, offset: int, frame: Frame) -> None:
        here = self.position
        self.removed.append((here.sequence, frame.chained))
        self._is_chained = True
        self.position = Position(
            here.number, offset + frame.size, here.sequence + frame.removed, frame.hash
        )

    def _verify(self, path: Path, offset: int, frame: Frame) -> EntryValues | None:
        here = self.position
        why = frame.personal_fault
        try:
            decoded = decode_values(frame.chained, frame.personal)
        except EntryMalformedError as error:
            self.damage.append(Damage(path, offset, str(error)))
            self._is_chained = False
            self.position = Position(
                here.number, offset + frame.size, here.sequence + 1, frame.hash
            )
            return None
        if decoded.writer != self._writer:
            why = "the entry belongs to another writer"
        elif self._is_chained and decoded.sequence != here.sequence:
            why = f"sequence {decoded.sequence} where {here.sequence} was due"
        elif self._is_chained and chain_hash(here.hash, frame.chained) != frame.hash:
            why = "the hash does not follow from the entry before"
        if why is not None:
            self.damage.append(Damage(path, offset, why))
        self._is_chained = True
        self.position = Position(
            here.number, offset + frame.size, decoded.sequence + 1, frame.hash
        )
        return decoded


class _Window:
    """A file seen through a buffer that moves forward."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self._start = offset
        self._data = b""

    def get_frame(self, offset: int) -> Frame | None:
        """The frame at ``offset``; ``None`` at the end of the file."""
        try:
            if offset - self._start < len(self._data):
                return unpack_frame(self._data, offset - self._start)
        except FrameBrokenError as broken:
            if not broken.is_short:
                raise
        self._load(offset, _CHUNK_BYTES)
        if not self._data:
            return None
        try:
            return unpack_frame(self._data, 0)
        except FrameBrokenError as broken:
            if not broken.is_short or len(self._data) < _CHUNK_BYTES:
                raise
        self._load(offset, os.fstat(self._descriptor).st_size - offset)
        return unpack_frame(self._data, 0)

    def get_rest(self, offset: int) -> bytes:
        """All bytes from ``offset`` to the end of the file."""
        self._load(offset, os.fstat(self._descriptor).st_size - offset)
        return self._data

    def _load(self, offset: int, size_bytes: int) -> None:
        self._start = offset
        self._data = os.pread(self._descriptor, size_bytes, offset)


def cut_torn_tail(torn: TornTail) -> None:
    """Remove the half-written end of a dead writer's journal."""
    with torn.path.open("r+b") as file:
        file.truncate(torn.offset)
        os.fsync(file.fileno())


def get_header(path: Path) -> SegmentHeader | None:
    """A segment's header, or nothing when it has no whole one."""
    with path.open("rb") as file:
        try:
            return unpack_segment_header(file.read(SEGMENT_HEADER_BYTES))
        except FrameBrokenError:
            return None


def get_time(entry: Entry) -> int:
    """When an entry was made, in unix nanoseconds."""
    if isinstance(entry, OpeningEntry):
        return entry.opened_at_unix_ns
    return entry.closed_at_unix_ns if isinstance(entry, ClosingEntry) else entry.at_unix_ns


def get_last_time(segments: Sequence[Path]) -> int | None:
    """When the last whole entry of a writer was made; nothing when there is none."""
    for path in reversed(segments):
        data = path.read_bytes()
        offset, last = SEGMENT_HEADER_BYTES, None
        while offset < len(data):
            try:
                frame = unpack_frame(data, offset)
            except FrameBrokenError:
                break
            offset, last = offset + frame.size, last if frame.removed else frame
        if last is not None:
            with suppress(EntryMalformedError):
                return get_time(decode_entry(last.chained).entry)
    return None


def _is_torn(rest: bytes, offset: int, broken: FrameBrokenError) -> bool:
    """Tell a half-written end from damage.

    Torn is an end that stops before its frame does, or one whose bytes are zeros up to the end
    of the file from a sector's border on: blocks that were allocated and never written.
    """
    if broken.is_short:
        return _find_whole_frame(rest) is None
    written = len(rest.rstrip(b"\0"))
    border = -(-(offset + written) // _SECTOR_BYTES) * _SECTOR_BYTES - offset
    return (written == 0 or border < len(rest)) and _find_whole_frame(rest) is None


def _find_whole_frame(rest: bytes) -> int | None:
    """Where the next whole frame after a broken one starts."""
    at = rest.find(FRAME_MAGIC, 1)
    while at >= 0:
        try:
            unpack_frame(rest, at)
        except FrameBrokenError:
            at = rest.find(FRAME_MAGIC, at + 1)
        else:
            return at
    return None

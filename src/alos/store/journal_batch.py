"""Reads many entries at once, for shipping: everything is verified, nothing is built twice.

The quick path takes whole frames that follow each other as they should. At the first byte that
is not as expected, :class:`alos.store.journal_reader.JournalReader` takes over from that place
and names what is wrong.
"""

import os
import struct
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from alos.domain.ids import WriterId
from alos.ledger.encoding import KNOWN
from alos.store.folder import list_segments
from alos.store.frame import (
    FRAME_HEADER_BYTES,
    FRAME_MAGIC,
    SEGMENT_HEADER_BYTES,
    FrameBrokenError,
    unpack_segment_header,
)
from alos.store.journal_reader import Damage, JournalReader, Position, TornTail

_CHUNK_BYTES: Final = 4 * 2**20
_HEADER: Final = struct.Struct(">4sIII32sI")
_LENGTHS_BYTES: Final = 12
_PERSONAL: Final = struct.Struct(">II")
_ARRAY_16: Final = 0xDC
_LEAST_BYTES: Final = 8  # no entry is shorter
_encode: Final = msgspec.msgpack.Encoder().encode


class RawEntry(NamedTuple):
    """A verified entry, not decoded, and where it stands."""

    kind: int
    writer: WriterId
    sequence: int
    segment: int
    offset: int
    hash: bytes
    chained: bytes
    personal: bytes


class ReadBatch(NamedTuple):
    """What was read.

    Attributes:
        position: where the next batch begins.
        removed: (first sequence, leaves) of removed records among the entries.
        is_end: there is nothing more now.
    """

    entries: list[RawEntry]
    position: Position
    is_end: bool
    damage: list[Damage]
    torn: TornTail | None
    removed: list[tuple[int, bytes]]


def read_batch(
    folder: Path, writer: WriterId, position: Position, *, up_to: int | None, limit: int
) -> ReadBatch:
    """Read at most ``limit`` entries from ``position``, none with a sequence above ``up_to``."""
    quick = _QuickReader(folder, writer, position, up_to, limit)
    is_clean = quick.read()
    entries, here = quick.entries, quick.get_position()
    if len(entries) >= limit or is_clean:
        return ReadBatch(entries, here, len(entries) < limit, [], None, [])
    reader = JournalReader(folder, writer, here, up_to=up_to)
    for frame, values in islice(reader.iterate_values(), limit - len(entries)):
        at = reader.position
        entries.append(
            RawEntry(
                values.kind,
                writer,
                values.sequence,
                at.number,
                at.offset - frame.size,
                frame.hash,
                frame.chained,
                frame.personal,
            )
        )
    is_end = len(entries) < limit
    return ReadBatch(entries, reader.position, is_end, reader.damage, reader.torn, reader.removed)


class _QuickReader:
    def __init__(
        self, folder: Path, writer: WriterId, start: Position, up_to: int | None, limit: int
    ) -> None:
        self.entries: list[RawEntry] = []
        self._writer = writer
        self._word = _encode(writer)
        self._limit = limit
        self._last = 2**64 if up_to is None else up_to
        self._number, self._offset = start.number, start.offset
        self._sequence, self._hash = start.sequence, start.hash
        self._segments = {
            int(path.stem.rpartition("-")[2]): path
            for path in list_segments(folder, writer)
            if path.stat().st_size
        }

    def get_position(self) -> Position:
        return Position(self._number, self._offset, self._sequence, self._hash)

    def read(self) -> bool:
        """Read; false where something is not as it should be."""
        for number in sorted(self._segments):
            if number < self._number:
                continue
            if number > self._number:
                self._number, self._offset = number, 0
            descriptor = os.open(self._segments[number], os.O_RDONLY)
            try:
                if not (self._read_header(descriptor) and self._read_segment(descriptor)):
                    return False
            finally:
                os.close(descriptor)
            if len(self.entries) >= self._limit or self._sequence > self._last:
                break
        return True

    def _read_header(self, descriptor: int) -> bool:
        if self._offset:
            return True
        try:
            header = unpack_segment_header(os.pread(descriptor, SEGMENT_HEADER_BYTES, 0))
        except FrameBrokenError:
            return False
        is_due = (header.writer, header.number, header.first_sequence, header.previous_hash) == (
            self._writer,
            self._number,
            self._sequence,
            self._hash,
        )
        if is_due:
            self._offset = SEGMENT_HEADER_BYTES
        return is_due

    def _read_segment(self, descriptor: int) -> bool:
        while len(self.entries) < self._limit and self._sequence <= self._last:
            data = os.pread(descriptor, _CHUNK_BYTES, self._offset)
            taken = self._take_frames(data)
            self._offset += taken
            if taken == len(data) < _CHUNK_BYTES:
                return True
            if not taken:
                return False
        return True

    def _take_frames(self, data: bytes) -> int:
        """Take whole, right frames from the start of ``data``; return their size.

        One flat loop, because it runs twice for every call.
        """
        entries, writer, number, base = self.entries, self._writer, self._number, self._offset
        word, size, left = self._word, len(data), self._limit - len(self.entries)
        left = min(left, self._last - self._sequence + 1)
        sequence, previous = self._sequence, self._hash
        make, unpack = tuple.__new__, _HEADER.unpack_from
        at = 0
        while left > 0 and size - at >= FRAME_HEADER_BYTES:
            magic, length, capacity, lengths_check, entry_hash, check = unpack(data, at)
            start = at + FRAME_HEADER_BYTES
            middle = start + length
            end = middle + capacity
            if (
                magic != FRAME_MAGIC
                or crc32(data[at : at + _LENGTHS_BYTES]) != lengths_check
                or end > size
                or length < _LEAST_BYTES
            ):
                break
            chained = data[start:middle]
            kind_at = 4 if chained[0] == _ARRAY_16 else 2
            if (
                sha256(previous + chained).digest() != entry_hash
                or crc32(chained, crc32(entry_hash)) != check
                or chained[kind_at - 1 : kind_at + 1] not in KNOWN
                or not chained.startswith(word + _encode(sequence), kind_at + 1)
            ):
                break
            personal = b""
            if capacity:
                if capacity < _PERSONAL.size:
                    break
                used, personal_check = _PERSONAL.unpack_from(data, middle)
                personal_at = middle + _PERSONAL.size
                personal = data[personal_at : personal_at + used]
                padding = end - personal_at - used
                if (
                    padding < 0
                    or crc32(personal) != personal_check
                    or (padding and data.count(0, end - padding, end) != padding)
                ):
                    break
            entries.append(
                make(
                    RawEntry,
                    (
                        chained[kind_at],
                        writer,
                        sequence,
                        number,
                        base + at,
                        entry_hash,
                        chained,
                        personal,
                    ),
                )
            )
            previous, at = entry_hash, end
            sequence += 1
            left -= 1
        self._sequence, self._hash = sequence, previous
        return at

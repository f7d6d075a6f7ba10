"""Reads a writer's chain fast, to compare each record's leaf with the tree.

As long as everything is right, one loop checks lengths, checks, sequence, writer, hash chain and
personal values of a record in a few microseconds. At the first thing that is not, the careful
:class:`alos.store.journal_reader.JournalReader` takes over from there and names it.
"""

import mmap
import struct
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from alos.domain.ids import WriterId
from alos.domain.record import NoteKind
from alos.ledger.encoding import KNOWN, NOTE, ZERO_HASH, EntryMalformedError, decode_values
from alos.ledger.tree import hash_entry
from alos.store.folder import list_segments
from alos.store.frame import (
    FRAME_HEADER_BYTES,
    FRAME_MAGIC,
    REMOVED_MAGIC,
    SEGMENT_HEADER_BYTES,
    Frame,
    FrameBrokenError,
    unpack_frame,
)
from alos.store.journal_reader import JournalReader, Position, get_header

_WHOLE: Final = struct.Struct(">4sIII32sI")
_PERSONAL: Final = struct.Struct(">II")
_unpack_personal = _PERSONAL.unpack_from
HASH_BYTES: Final = 32
_LENGTHS_BYTES: Final = 12
_ARRAY_16: Final = 0xDC
_SHORTEST: Final = 6
_LEAF_STARTS: Final = {word: bytes((0, word[0])) for word in KNOWN}
"""What stands before the chained bytes in a leaf, by schema version and kind."""
_TOLD: Final = (NoteKind.LEDGER_KEY.value, NoteKind.RECORDS_REMOVED.value)
_WORDS: Final = tuple(msgspec.msgpack.encode(kind) for kind in _TOLD)
_TAIL_BYTES: Final = 96
"""Room for a commitment and its name; where a name is longer the careful way is taken."""
_encode = msgspec.msgpack.Encoder().encode
_decode_personal = msgspec.msgpack.Decoder(list[tuple[bytes, str] | None]).decode


class SegmentRead(NamedTuple):
    """What the fast way read of a segment.

    Attributes:
        leaves: 32 bytes for each record.
        hash: of the last record.
        stopped_at: offset at which the careful way must go on; -1 at the end of the file.
        told: notes of which a check has to know.
        removed: (first, last) of removed records.
    """

    leaves: bytes
    hash: bytes
    stopped_at: int
    told: list["Told"]
    removed: list[tuple[int, int]]


class Told(NamedTuple):
    """A note of which a check has to know."""

    sequence: int
    kind: str
    at_unix_ns: int
    facts: dict[str, str]


class Block(NamedTuple):
    """Records that follow each other: the sequence of the first, 32 bytes for each leaf."""

    first: int
    leaves: bytes


class Chain:
    """One writer's records in order.

    Attributes:
        damage: what does not verify, as (sequence, sentence).
        torn: half-written ends.
        told: notes that announce keys or removals.
        removed: (first, last) of removed records.

    Args:
        read: reads a segment fast, or has done so already in another process.
    """

    def __init__(
        self,
        folder: Path,
        writer: WriterId,
        read: Callable[[Path, WriterId], SegmentRead | None],
    ) -> None:
        self.damage: list[tuple[int, str]] = []
        self.torn: list[str] = []
        self.told: list[Told] = []
        self.removed: list[tuple[int, int]] = []
        self._folder = folder
        self._writer = writer
        self._read = read

    def __iter__(self) -> Iterator[Block]:
        """Yield the records in blocks, mostly one for each segment."""
        sequence, previous = 0, ZERO_HASH
        for path in list_filled(self._folder, self._writer):
            number = get_number(path)
            header = get_header(path)
            follows = header is not None and (
                header.writer,
                header.number,
                header.first_sequence,
                header.previous_hash,
            ) == (self._writer, number, sequence, previous)
            found = self._read(path, self._writer) if follows else None
            if found is None:
                yield from self._read_carefully(Position(number, 0, sequence, previous))
                return
            yield Block(sequence, found.leaves)
            self.told += found.told
            self.removed += found.removed
            sequence += len(found.leaves) // HASH_BYTES
            previous = found.hash
            if found.stopped_at >= 0:
                here = Position(number, found.stopped_at, sequence, previous)
                yield from self._read_carefully(here)
                return

    def _read_carefully(self, here: Position) -> Iterator[Block]:
        reader = JournalReader(self._folder, self._writer, here)
        seen = 0
        for frame, values in reader.iterate_values():
            self._take_damage(reader, seen, values.sequence)
            seen = len(reader.damage)
            yield from self._take_removed(reader)
            self.told += look_at_note(frame.chained, values.sequence)
            yield Block(values.sequence, hash_entry(frame.chained))
        yield from self._take_removed(reader)
        self._take_damage(reader, seen, reader.position.sequence)
        if reader.torn is not None:
            torn = reader.torn
            self.torn.append(f"{torn.path.name} at byte {torn.offset}: {torn.why}")

    def _take_removed(self, reader: JournalReader) -> Iterator[Block]:
        for first, leaves in reader.removed:
            self.removed.append((first, first + len(leaves) // HASH_BYTES - 1))
            yield Block(first, leaves)
        reader.removed.clear()

    def _take_damage(self, reader: JournalReader, seen: int, sequence: int) -> None:
        self.damage += [(sequence, str(damage)) for damage in reader.damage[seen:]]


def list_filled(folder: Path, writer: WriterId) -> list[Path]:
    """A writer's segments but for those that were only made ahead of time."""
    return [path for path in list_segments(folder, writer) if path.stat().st_size]


def get_number(path: Path) -> int:
    """Which segment of its writer a file is."""
    return int(path.stem.rpartition("-")[2])


def read_segment(path: Path, writer: WriterId) -> SegmentRead | None:
    """Read a segment as long as everything is right; nothing without a good header.

    The loop is one piece because each call in it would cost a tenth of the whole.
    """
    header = get_header(path)
    if header is None:
        return None
    sequence, previous, offset = header.first_sequence, header.previous_hash, SEGMENT_HEADER_BYTES
    word = _encode(writer)
    leaves: list[bytes] = []
    told: list[Told] = []
    removed: list[tuple[int, int]] = []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size = len(data)
        while offset < size:
            start = offset + FRAME_HEADER_BYTES
            if start > size:
                break
            magic, length, capacity, lengths_check, entry_hash, check = _WHOLE.unpack_from(
                data, offset
            )
            middle = start + length
            end = middle + capacity
            if end > size or length < _SHORTEST:
                break
            chained = data[start:middle]
            if magic != FRAME_MAGIC:
                try:
                    count = unpack_frame(data[offset:end], 0).removed
                except FrameBrokenError:
                    break
                leaves.append(chained)
                removed.append((sequence, sequence + count - 1))
                previous, offset = entry_hash, end
                sequence += count
                continue
            at = 5 if chained[0] == _ARRAY_16 else 3
            leaf_start = _LEAF_STARTS.get(chained[at - 2 : at])
            if (
                sha256(previous + chained).digest() != entry_hash
                or crc32(data[offset : offset + _LENGTHS_BYTES]) != lengths_check
                or crc32(chained, crc32(entry_hash)) != check
                or leaf_start is None
                or not chained.startswith(word + _encode(sequence), at)
                or (capacity and not _is_personal_right(chained, data[middle:end]))
            ):
                break
            if chained[at - 1] == NOTE:
                told += look_at_note(chained, sequence)
            leaves.append(sha256(leaf_start + chained).digest())
            previous, offset = entry_hash, end
            sequence += 1
    stopped_at = offset if offset < size else -1
    return SegmentRead(b"".join(leaves), previous, stopped_at, told, removed)


def look_at_note(chained: bytes, sequence: int) -> list[Told]:
    """A note that announces a key or a removal; of anything else nothing."""
    if not any(word in chained for word in _WORDS):
        return []
    entry = decode_values(chained)
    if entry.kind != NOTE or entry.values["kind"] not in _TOLD:
        return []
    values = entry.values
    return [Told(sequence, values["kind"], values["at_unix_ns"], dict(values["facts"]))]


def _is_personal_right(chained: bytes, section: bytes) -> bool:
    """Whether each value that is there matches a commitment of the entry, in their order."""
    if len(section) < _PERSONAL.size:
        return False
    used, check = _unpack_personal(section)
    end = _PERSONAL.size + used
    if end == len(section):
        personal = section[_PERSONAL.size :]
    else:
        personal = section[_PERSONAL.size : end]
        if len(personal) != used or section[end:].strip(b"\0"):
            return False
    if crc32(personal) != check:
        return False
    try:
        secrets = _decode_personal(personal)
    except msgspec.DecodeError:
        return False
    at = -_TAIL_BYTES * len(secrets)
    for secret in secrets:
        if secret is not None:
            salt, value = secret
            at = chained.find(sha256(salt + value.encode()).digest(), at)
            if at < 0:
                return False
            at += HASH_BYTES
    return True


def read_record(folder: Path, writer: WriterId, sequence: int) -> Frame | None:
    """One record from the journals, found by hopping over those before it in its segment."""
    for path in reversed(list_segments(folder, writer)):
        header = get_header(path)
        if header is None or header.first_sequence > sequence:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            frame = _hop(data, sequence - header.first_sequence)
        if frame is not None and not frame.removed and is_entry(frame, writer, sequence):
            return frame
        break
    for frame, values in JournalReader(folder, writer).iterate_values():
        if values.sequence == sequence:
            return frame
    return None


def is_entry(frame: Frame, writer: WriterId, sequence: int) -> bool:
    """Whether a frame holds that very entry."""
    try:
        entry = decode_values(frame.chained)
    except EntryMalformedError:
        return False
    return (entry.writer, entry.sequence) == (writer, sequence)


def _hop(data: mmap.mmap, steps: int) -> Frame | None:
    offset, size, left = SEGMENT_HEADER_BYTES, len(data), steps
    end = offset
    while size - offset >= FRAME_HEADER_BYTES:
        magic, length, capacity, *_ = _WHOLE.unpack_from(data, offset)
        end = offset + FRAME_HEADER_BYTES + length + capacity
        count = 1 if magic == FRAME_MAGIC else length // HASH_BYTES
        if magic not in {FRAME_MAGIC, REMOVED_MAGIC} or (left < count and count > 1):
            return None
        if left < count:
            break
        offset, left = end, left - count
    else:
        return None
    try:
        return unpack_frame(data[offset:end], 0)
    except FrameBrokenError:
        return None

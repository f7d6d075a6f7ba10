"""The bytes around an entry in a journal file: lengths, checks and the chained hash.

A *segment* is a file that starts with a segment header and goes on with frames, one per entry.
`docs/reference/journal-format.md` gives both byte by byte; all integers are big-endian.
"""

import struct
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from alos.domain.ids import WriterId

FRAME_MAGIC: Final = b"ALJ1"
REMOVED_MAGIC: Final = b"ALR1"
"""Begins a frame that stands for records whose time was over: their leaves, and no more."""
LEAF_BYTES: Final = 32
SEGMENT_MAGIC: Final = b"ALOSJRNL"
FORMAT_VERSION: Final = 1

_LENGTHS: Final = struct.Struct(">4sII")  # magic, chained length, personal capacity
_WHOLE: Final = struct.Struct(">4sIII32sI")  # these, header check, hash, body check
_PERSONAL: Final = struct.Struct(">II")  # used length, check
FRAME_HEADER_BYTES: Final = _WHOLE.size
_SEGMENT: Final = struct.Struct(">8sHQIQ32sH")
SEGMENT_HEADER_BYTES: Final = 512
"""A whole sector, so that the header is never half written."""


class FrameBrokenError(ValueError):
    """The bytes at an offset are not a whole, unharmed frame.

    Attributes:
        why: one clause for the operator.
        is_short: the bytes end before the frame does.
    """

    def __init__(self, why: str, *, is_short: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_short = is_short


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as read.

    Attributes:
        chained: the entry; of removed records their leaves, side by side.
        personal: the used part of the personal section.
        hash: of the entry; of removed records, of the last one.
        size: bytes that the frame takes in the file.
        personal_fault: what is wrong with the personal section, which no hash covers.
        removed: how many removed records it stands for; 0 for an entry.
    """

    chained: bytes
    personal: bytes
    hash: bytes
    size: int
    personal_fault: str | None = None
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeader:
    """What a segment says of itself.

    Attributes:
        previous_hash: hash of the entry before this segment's first one.
    """

    writer: WriterId
    born_at_unix_ns: int
    number: int
    first_sequence: int
    previous_hash: bytes


def pack_frame(chained: bytes, personal: bytes, entry_hash: bytes) -> bytes:
    """Put an entry's bytes into a frame."""
    size, capacity = len(chained), len(personal)
    if capacity:
        capacity += _PERSONAL.size
    header = _WHOLE.pack(
        FRAME_MAGIC,
        size,
        capacity,
        crc32(_LENGTHS.pack(FRAME_MAGIC, size, capacity)),
        entry_hash,
        crc32(chained, crc32(entry_hash)),
    )
    if not personal:
        return header + chained
    return b"".join((header, chained, _PERSONAL.pack(len(personal), crc32(personal)), personal))


def pack_removed(leaves: bytes, last_hash: bytes) -> bytes:
    """Write the frame of removed records that followed each other.

    Args:
        leaves: of them, 32 bytes each.
        last_hash: hash of the last one, from which the chain goes on.
    """
    header = _WHOLE.pack(
        REMOVED_MAGIC,
        len(leaves),
        0,
        crc32(_LENGTHS.pack(REMOVED_MAGIC, len(leaves), 0)),
        last_hash,
        crc32(leaves, crc32(last_hash)),
    )
    return header + leaves


def unpack_frame(data: bytes, offset: int) -> Frame:
    """Read the frame at ``offset``.

    Raises:
        FrameBrokenError: there is no whole, unharmed frame.
    """
    if len(data) - offset < FRAME_HEADER_BYTES:
        begin = data[offset : offset + len(FRAME_MAGIC)]
        if not (FRAME_MAGIC.startswith(begin) or REMOVED_MAGIC.startswith(begin)):
            raise FrameBrokenError("no frame starts here")
        raise FrameBrokenError("the frame's header is cut short", is_short=True)
    magic, chained_bytes, capacity, header_check, entry_hash, check = _WHOLE.unpack_from(
        data, offset
    )
    if magic not in {FRAME_MAGIC, REMOVED_MAGIC}:
        raise FrameBrokenError("no frame starts here")
    if crc32(data[offset : offset + _LENGTHS.size]) != header_check:
        raise FrameBrokenError("the lengths do not match their check")
    start = offset + FRAME_HEADER_BYTES
    middle, end = start + chained_bytes, start + chained_bytes + capacity
    if end > len(data):
        raise FrameBrokenError("the frame is cut short", is_short=True)
    chained = data[start:middle]
    if crc32(chained, crc32(entry_hash)) != check:
        raise FrameBrokenError("the entry does not match its check")
    if magic == REMOVED_MAGIC:
        if not chained or len(chained) % LEAF_BYTES or capacity:
            raise FrameBrokenError("the frame of removed records has another size")
        removed = len(chained) // LEAF_BYTES
        return Frame(chained, b"", entry_hash, end - offset, removed=removed)
    personal, fault = _unpack_personal(data[middle:end])
    return Frame(chained, personal, entry_hash, end - offset, fault)


def pack_personal_section(personal: bytes, capacity: int) -> bytes:
    """Write a personal section of ``capacity`` bytes, padded with zeros (used by erasure)."""
    section = _PERSONAL.pack(len(personal), crc32(personal)) + personal
    if len(section) > capacity:
        raise ValueError("the personal values do not fit into their section")
    return section.ljust(capacity, b"\0")


def pack_segment_header(header: SegmentHeader) -> bytes:
    """Write the first bytes of a segment."""
    writer = header.writer.encode()
    body = (
        _SEGMENT.pack(
            SEGMENT_MAGIC,
            FORMAT_VERSION,
            header.born_at_unix_ns,
            header.number,
            header.first_sequence,
            header.previous_hash,
            len(writer),
        )
        + writer
    ).ljust(SEGMENT_HEADER_BYTES - 4, b"\0")
    if len(body) != SEGMENT_HEADER_BYTES - 4:
        raise ValueError("the writer's id is too long")
    return body + struct.pack(">I", crc32(body))


def unpack_segment_header(data: bytes) -> SegmentHeader:
    """Read a segment's header.

    Raises:
        FrameBrokenError: it is not whole and unharmed, or of a format not known here.
    """
    if len(data) < SEGMENT_HEADER_BYTES:
        raise FrameBrokenError("the segment's header is cut short", is_short=True)
    body = data[: SEGMENT_HEADER_BYTES - 4]
    if struct.unpack_from(">I", data, SEGMENT_HEADER_BYTES - 4)[0] != crc32(body):
        raise FrameBrokenError("the segment's header does not match its check")
    magic, version, born, number, first, previous, length = _SEGMENT.unpack_from(body)
    if magic != SEGMENT_MAGIC or version != FORMAT_VERSION:
        raise FrameBrokenError("not a journal segment of a known format")
    return SegmentHeader(
        writer=WriterId(body[_SEGMENT.size : _SEGMENT.size + length].decode()),
        born_at_unix_ns=born,
        number=number,
        first_sequence=first,
        previous_hash=previous,
    )


def _unpack_personal(section: bytes) -> tuple[bytes, str | None]:
    if not section:
        return b"", None
    if len(section) < _PERSONAL.size:
        return b"", "the personal section is too short"
    used, check = _PERSONAL.unpack_from(section)
    personal = section[_PERSONAL.size : _PERSONAL.size + used]
    padding = section[_PERSONAL.size + used :]
    if len(personal) != used or crc32(personal) != check or padding.strip(b"\0"):
        return b"", "the personal section does not match its check"
    return personal, None

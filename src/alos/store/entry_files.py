"""Reads single entries out of the journals, at the places that the index remembers."""

import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from alos.domain.fault import StoreDown
from alos.domain.ids import CallId, WriterId
from alos.domain.record import Entry, NoteEntry
from alos.ledger.encoding import EntryMalformedError, decode_entry
from alos.store.folder import segment_path
from alos.store.frame import Frame, FrameBrokenError, unpack_frame

_FIRST_BYTES: Final = 4096
"""Holds an ordinary entry whole."""


class EntryFiles:
    """Keeps the segments that it touches open until the block ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[tuple[WriterId, int], int] = {}

    def __enter__(self) -> Self:
        """Open nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the segments."""
        for descriptor in self._open.values():
            os.close(descriptor)

    def read(self, writer: WriterId, segment: int, offset: int) -> Frame:
        """The frame at a place.

        Raises:
            StoreDown: the journal is not there or does not verify.
        """
        path = segment_path(self._folder, writer, segment)
        try:
            descriptor = self._open.get((writer, segment))
            if descriptor is None:
                descriptor = self._open[writer, segment] = os.open(path, os.O_RDONLY)
            try:
                return unpack_frame(os.pread(descriptor, _FIRST_BYTES, offset), 0)
            except FrameBrokenError as broken:
                if not broken.is_short:
                    raise
            size = os.fstat(descriptor).st_size - offset
            return unpack_frame(os.pread(descriptor, size, offset), 0)
        except (OSError, FrameBrokenError) as error:
            raise StoreDown(f"{path.name} can't be read at byte {offset}: {error}") from error

    def decode(
        self, call_id: CallId, writer: WriterId, segment: int, offset: int
    ) -> tuple[Entry, Frame]:
        """The entry at a place, which is of this call.

        Raises:
            StoreDown: the journal is not there, does not verify, or holds another entry there.
        """
        frame = self.read(writer, segment, offset)
        try:
            decoded = decode_entry(frame.chained, frame.personal)
        except EntryMalformedError as error:
            raise StoreDown(f"an entry of {writer} does not verify: {error}") from error
        if isinstance(decoded.entry, NoteEntry) or decoded.entry.call_id != call_id:
            raise StoreDown(f"byte {offset} of segment {segment} of {writer} is another call's")
        return decoded.entry, frame

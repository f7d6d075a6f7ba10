"""Reads single entries out of the journals, at the places that the index remembers."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from alos.domain.fault import StoreDown
from alos.domain.ids import CallId, WriterId
from alos.domain.record import Entry, NoteEntry
from alos.ledger.encoding import EntryMalformedError, decode_entry
from alos.store.folder import find_folder, segment_path
from alos.store.frame import Frame, FrameBrokenError, unpack_frame
from alos.store.ledger_chain import read_record

_FIRST_BYTES: Final = 4096
"""Holds an ordinary entry whole."""


class EntryFiles:
    """Keeps the segments that it touches open until the block ends.

    Args:
        folders: of journals; this data folder's, then those of other gateways that are at hand.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._places: dict[WriterId, Path | None] = {}
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

    def is_elsewhere(self, writer: WriterId) -> bool:
        """Whether none of the folders has a journal of this writer."""
        return self._find(writer) is None

    def _find(self, writer: WriterId) -> Path | None:
        if writer not in self._places:
            self._places[writer] = find_folder(self._folders, writer)
        return self._places[writer]

    def read(self, writer: WriterId, segment: int, offset: int) -> Frame:
        """The frame at a place.

        Raises:
            StoreDown: the journal is not there or does not verify.
        """
        path = segment_path(self._find(writer) or self._folders[0], writer, segment)
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
        self, call_id: CallId, writer: WriterId, segment: int, offset: int, sequence: int
    ) -> tuple[Entry, Frame]:
        """The entry at a place, which is of this call.

        Where records before it were removed it stands further ahead, and is looked for.

        Raises:
            StoreDown: the journal is not there, does not verify, or holds another entry there.
        """
        try:
            return self._decode(call_id, writer, segment, offset)
        except StoreDown:
            folder = self._find(writer)
            frame = None if folder is None else read_record(folder, writer, sequence)
            if frame is None:
                raise
        decoded = decode_entry(frame.chained, frame.personal)
        if isinstance(decoded.entry, NoteEntry) or decoded.entry.call_id != call_id:
            raise StoreDown(f"record {sequence} of {writer} is another call's")
        return decoded.entry, frame

    def _decode(
        self, call_id: CallId, writer: WriterId, segment: int, offset: int
    ) -> tuple[Entry, Frame]:
        frame = self.read(writer, segment, offset)
        try:
            decoded = decode_entry(frame.chained, frame.personal)
        except EntryMalformedError as error:
            raise StoreDown(f"an entry of {writer} does not verify: {error}") from error
        if isinstance(decoded.entry, NoteEntry) or decoded.entry.call_id != call_id:
            raise StoreDown(f"byte {offset} of segment {segment} of {writer} is another call's")
        return decoded.entry, frame

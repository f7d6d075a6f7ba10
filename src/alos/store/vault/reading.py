"""Reads bodies back, and believes nothing that their keys do not vouch for."""

import os
from pathlib import Path

from alos.domain.fault import VaultDown, VaultTampered
from alos.domain.ids import BodyReference
from alos.domain.vault import BodyPlace, Gone
from alos.store.vault.format import (
    FRAME_HEADER_BYTES,
    bodies_path,
    open_body,
    open_slot,
    read_frame_header,
)
from alos.store.vault.keys import VaultKeys


class VaultReader:
    """Joins a body with its key."""

    def __init__(self, keys: VaultKeys, bodies: Path) -> None:
        self._keys = keys
        self._bodies = bodies

    def get(self, reference: BodyReference, *, label: str) -> bytes | Gone:
        """The body, or why there is none (blocks).

        Raises:
            VaultDown: the disk or the key service fails.
            VaultTampered: the body or its key was changed, moved or is another's.
            ValueError: it is no reference.
        """
        place = BodyPlace.parse(reference)
        slot, wrapping_key = self._keys.read(place)
        if slot is None:
            return Gone.UNKNOWN
        if not slot.state or wrapping_key is None:
            return Gone.ERASED
        key = open_slot(wrapping_key, slot, reference)
        sealed = self._read_frame(place)
        return Gone.UNKNOWN if sealed is None else open_body(key, reference, label, sealed)

    def _read_frame(self, place: BodyPlace) -> bytes | None:
        shelf = place.shelf
        path = bodies_path(self._bodies, shelf.day, shelf.retention_class, place.pack)
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultDown(f"the vault can't be read: {error.strerror}") from error
        try:
            header = read_frame_header(os.pread(descriptor, FRAME_HEADER_BYTES, place.offset))
            if header is None:
                return None
            slot, size = header
            if slot != place.slot or size > os.fstat(descriptor).st_size - place.offset:
                raise VaultTampered("another body stands there, or a part of it is missing")
            return os.pread(descriptor, size, place.offset + FRAME_HEADER_BYTES)
        except OSError as error:
            raise VaultDown(f"the vault can't be read: {error.strerror}") from error
        finally:
            os.close(descriptor)

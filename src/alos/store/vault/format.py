"""The bytes of the vault, as ``docs/reference/vault-format.md`` specifies them.

Three kinds of file. *Bodies* are frames one after the other. *Slots* hold one body's wrapped key
each, all of one length, so that one can be overwritten where it stands. A *shelf key* is the
wrapping key of one shelf in one pack, itself wrapped by the master key.
"""

import struct
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alos.domain.fault import VaultTampered
from alos.domain.ids import BodyReference, WorkspaceId
from alos.domain.vault import Shelf

KEY_BYTES: Final = 32
SLOT_BYTES: Final = 64
ERASED_SLOT: Final = bytes(SLOT_BYTES)
LIVE: Final = 1
HELD: Final = 2
TAG_BYTES: Final = 16
_ZERO_NONCE: Final = bytes(12)
"""For a key that encrypts one text only."""
_FRAME: Final = struct.Struct(">4sII")
FRAME_HEADER_BYTES: Final = _FRAME.size
_FRAME_MAGIC: Final = b"AVB1"
_SLOT: Final = struct.Struct(">BxH12s48s")
_SHELF: Final = struct.Struct(">4sHH")
_SHELF_MAGIC: Final = b"AVW1"

BODIES_SUFFIX: Final = ".bodies"
SLOTS_SUFFIX: Final = ".slots"
SHELF_SUFFIX: Final = ".shelf"


class Slot(NamedTuple):
    """One slot as read.

    Attributes:
        state: 0 where the key was destroyed, else :data:`LIVE` or :data:`HELD`.
        number: of the shelf whose wrapping key wraps this one.
    """

    state: int
    number: int
    nonce: bytes
    wrapped: bytes


class ShelfKeyName(NamedTuple):
    """What the path of a shelf key says."""

    shelf: Shelf
    pack: str


def seal_body(key: bytes, reference: BodyReference, label: str, slot: int, body: bytes) -> bytes:
    """A body's frame."""
    sealed = AESGCM(key).encrypt(_ZERO_NONCE, body, _bind_body(reference, label))
    return _FRAME.pack(_FRAME_MAGIC, slot, len(sealed)) + sealed


def read_frame_header(header: bytes) -> tuple[int, int] | None:
    """(slot, bytes that follow) of a frame; ``None`` where there is no whole header.

    Raises:
        VaultTampered: it is no frame's.
    """
    if len(header) < FRAME_HEADER_BYTES:
        return None
    magic, slot, size = _FRAME.unpack_from(header)
    if magic != _FRAME_MAGIC:
        raise VaultTampered("no body begins there")
    return slot, size


def open_body(key: bytes, reference: BodyReference, label: str, sealed: bytes) -> bytes:
    """The body of a frame.

    Raises:
        VaultTampered: another body, another label, or changed bytes.
    """
    try:
        return AESGCM(key).decrypt(_ZERO_NONCE, sealed, _bind_body(reference, label))
    except InvalidTag:
        raise VaultTampered("the body is not what was put there under this label") from None


def seal_slot(
    wrapping: AESGCM, key: bytes, nonce: bytes, reference: BodyReference, place: tuple[int, int]
) -> bytes:
    """A slot that holds ``key``; ``place`` is its state and its shelf's number."""
    return _SLOT.pack(*place, nonce, wrapping.encrypt(nonce, key, _bind_key(reference)))


def read_slot(data: bytes) -> Slot:
    """Take a slot apart.

    Raises:
        VaultTampered: it is in no state that a slot can be in.
    """
    slot = Slot(*_SLOT.unpack(data))
    if slot.state not in {0, LIVE, HELD}:
        raise VaultTampered("a body's key is in no state that it can be in")
    return slot


def open_slot(wrapping_key: bytes, slot: Slot, reference: BodyReference) -> bytes:
    """The body's key.

    Raises:
        VaultTampered: the slot is another body's, or was changed.
    """
    try:
        return AESGCM(wrapping_key).decrypt(slot.nonce, slot.wrapped, _bind_key(reference))
    except InvalidTag:
        raise VaultTampered("the body's key is not what was put there") from None


def pack_shelf_key(number: int, wrapped: bytes) -> bytes:
    """The file of a shelf's wrapping key."""
    return _SHELF.pack(_SHELF_MAGIC, number, len(wrapped)) + wrapped


def read_shelf_key(data: bytes) -> tuple[int, bytes]:
    """(the shelf's number in its pack, wrapped key).

    Raises:
        VaultTampered: it is no shelf key.
    """
    if len(data) < _SHELF.size:
        raise VaultTampered("a shelf's key is cut off")
    magic, number, size = _SHELF.unpack_from(data)
    wrapped = data[_SHELF.size :]
    if magic != _SHELF_MAGIC or len(wrapped) != size:
        raise VaultTampered("a shelf's key is no shelf key")
    return number, wrapped


def bind_shelf(name: ShelfKeyName) -> bytes:
    """What the master key binds a shelf's key to."""
    shelf, pack = name
    lines = ("alos-vault-shelf-v1", shelf.day, shelf.retention_class, shelf.workspace, pack)
    return "\n".join(lines).encode()


def bodies_path(folder: Path, day: str, retention_class: str, pack: str) -> Path:
    """Where a pack's bodies stand."""
    return folder / day / f"{retention_class}.{pack}{BODIES_SUFFIX}"


def slots_path(folder: Path, day: str, retention_class: str, pack: str) -> Path:
    """Where a pack's slots stand."""
    return folder / day / f"{retention_class}.{pack}{SLOTS_SUFFIX}"


def shelf_path(folder: Path, name: ShelfKeyName) -> Path:
    """Where a shelf's key in one pack stands."""
    shelf, pack = name
    return folder / shelf.day / f"{shelf.retention_class}.{pack}.{shelf.workspace}{SHELF_SUFFIX}"


def parse_shelf_path(path: Path) -> ShelfKeyName:
    """What a shelf key's path says."""
    retention_class, pack, workspace = path.name.removesuffix(SHELF_SUFFIX).split(".")
    return ShelfKeyName(Shelf(WorkspaceId(workspace), retention_class, path.parent.name), pack)


def _bind_body(reference: BodyReference, label: str) -> bytes:
    return f"alos-vault-body-v1\n{reference}\n{label}".encode()


def _bind_key(reference: BodyReference) -> bytes:
    return f"alos-vault-key-v1\n{reference}".encode()

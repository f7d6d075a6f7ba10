"""The Merkle tree of RFC 6962: leaves are appended, nothing is ever changed.

A tree of n leaves is made of complete subtrees. ``GetNode`` names one by (level, index): the
hash over leaves ``index << level`` up to, not including, ``(index + 1) << level``. Whoever keeps
every eighth level can answer for all of them (:class:`TiledNodes`).
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

GetNode = Callable[[int, int], bytes]
"""(level, index) → hash of that complete subtree."""

EMPTY_ROOT: Final = sha256(b"").digest()
TILE_LEVELS: Final = 8
TILE_WIDTH: Final = 1 << TILE_LEVELS

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
_ARRAY_16: Final = b"\xdc"


def hash_leaf(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data), as RFC 6962 says."""
    return sha256(_LEAF + data).digest()


def hash_entry(chained: bytes) -> bytes:
    """The leaf of a journal entry: SHA-256(0x00 ‖ schema version ‖ chained bytes).

    The schema version is the array's first item: one byte behind a header of one byte or three.
    """
    at = 3 if chained.startswith(_ARRAY_16) else 1
    return sha256(_LEAF + chained[at : at + 1] + chained).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(_NODE + left + right).digest()


def hash_complete(hashes: Sequence[bytes]) -> bytes:
    """The top of a complete subtree from its lowest level, whose length is a power of two."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(_NODE + left + right).digest() for left, right in pairs]
    return hashes[0]


class Frontier:
    """The right edge of a growing tree: the tops of its complete subtrees, largest first.

    It is all that appending needs. Its leaves may also be the tops of equal complete subtrees.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError("a tree of this size has another number of peaks")
        self.size = size
        self._peaks = list(peaks)

    @classmethod
    def load(cls, size: int, get_node: GetNode) -> "Frontier":
        """Take up a tree of ``size`` leaves from its stored nodes."""
        levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
        return cls(size, [get_node(level, (size >> level) - 1) for level in levels])

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf; return the tops that it completed, of level 1 and up, lowest first."""
        made = []
        place = self.size
        while place & 1:
            leaf = sha256(_NODE + self._peaks.pop() + leaf).digest()
            made.append(leaf)
            place >>= 1
        self._peaks.append(leaf)
        self.size += 1
        return made

    def append_complete(self, top: bytes, level: int) -> list[bytes]:
        """Add a complete subtree of ``2 ** level`` leaves where one begins.

        Returns:
            The tops of ``level`` and up that stand now, the given one first.
        """
        if self.size & ((1 << level) - 1):
            raise ValueError("no complete subtree of this level begins here")
        made = [top]
        place = self.size >> level
        while place & 1:
            made.append(sha256(_NODE + self._peaks.pop() + made[-1]).digest())
            place >>= 1
        self._peaks.append(made[-1])
        self.size += 1 << level
        return made

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The tops, largest first."""
        return tuple(self._peaks)

    @property
    def root(self) -> bytes:
        """The tree's head."""
        if not self._peaks:
            return EMPTY_ROOT
        *larger, top = self._peaks
        for peak in reversed(larger):
            top = sha256(_NODE + peak + top).digest()
        return top


class TiledNodes:
    """A ``GetNode`` over levels 0, 8, 16, … that are stored; the seven between are recomputed.

    Args:
        load: (stored level, first index, index after the last) → their hashes.
    """

    def __init__(self, load: Callable[[int, int, int], Sequence[bytes]]) -> None:
        self._load = load

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of one complete subtree, from at most 128 stored ones."""
        up = level % TILE_LEVELS
        return hash_complete(self._load(level - up, index << up, (index + 1) << up))


def hash_range(begin: int, end: int, get_node: GetNode) -> bytes:
    """The head over leaves [begin, end) of a tree that is split as RFC 6962 says."""
    size = end - begin
    if size.bit_count() == 1:
        level = size.bit_length() - 1
        return get_node(level, begin >> level)
    if size == 0:
        return EMPTY_ROOT
    middle = begin + _split(size)
    return hash_node(hash_range(begin, middle, get_node), hash_range(middle, end, get_node))


def prove_inclusion(index: int, size: int, get_node: GetNode) -> list[bytes]:
    """The path from leaf ``index`` to the head of the first ``size`` leaves, lowest first."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(hash_range(middle, end, get_node))
            end = middle
        else:
            path.append(hash_range(begin, middle, get_node))
            begin = middle
    return path[::-1]


def prove_consistency(old: int, new: int, get_node: GetNode) -> list[bytes]:
    """Show that the first ``old`` leaves of a tree of ``new`` are an earlier tree."""
    if not 0 < old <= new:
        raise ValueError(f"no tree of {old} leaves comes before one of {new}")
    path = []
    begin, end = 0, new
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(hash_range(middle, end, get_node))
            end = middle
        else:
            path.append(hash_range(begin, middle, get_node))
            begin = middle
    if begin:
        path.append(hash_range(begin, end, get_node))
    return path[::-1]


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)

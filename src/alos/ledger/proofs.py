"""Checks Merkle proofs: RFC 9162, sections 2.1.3.2 and 2.1.4.2.

Nothing here trusts a length or a position: a proof that does not fit gives no head at all.
"""

from collections.abc import Sequence

from alos.ledger.tree import hash_node


def get_head_by_inclusion(
    index: int, size: int, leaf: bytes, path: Sequence[bytes]
) -> bytes | None:
    """The head of the tree in which ``path`` places the leaf; nothing when it places none."""
    if not 0 <= index < size:
        return None
    place, last, head = index, size - 1, leaf
    for other in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            head = hash_node(other, head)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            head = hash_node(head, other)
        place, last = place >> 1, last >> 1
    return head if last == 0 else None


def is_included(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf stands at ``index`` in the tree with this head."""
    return get_head_by_inclusion(index, size, leaf, path) == root


def is_consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the tree of ``old`` leaves is the beginning of the one of ``new``."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    hashes = [old_root, *path] if old.bit_count() == 1 else list(path)
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = hash_node(other, first), hash_node(other, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = hash_node(second, other)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
